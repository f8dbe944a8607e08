"""What was promised, with where `bench/results.json` has what was measured: one line a figure.

`python -m bench.figures` prints them, and ends with 1 where one is missed.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import growth, idle, ingest, neighbour, otlp, pages

RESULTS = Path(__file__).parent / "results.json"
Results = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: `path` leads to it in the results, `kind` first; at most `limit`."""

    what: str
    limit: float
    unit: str
    path: tuple[str, ...]

    @property
    def command(self) -> str:
        """What measures it."""
        return f"python -m bench {self.path[0]}"

    def measured(self, results: Results) -> float | None:
        """What was measured; None where it was not."""
        found: Any = results
        for name in self.path:
            if not isinstance(found, Mapping) or name not in found:
                return None
            found = found[name]
        return float(found)


def figures(results: Results) -> Iterator[Figure]:
    """All of them; those of sizes for what was measured at any."""
    yield Figure("ingest, OTLP protobuf", otlp.LIMIT_RATIO, "times `COPY`", ("otlp", "protobuf", "ratio_to_copy"))
    yield Figure("ingest, native JSON", ingest.LIMIT_RATIO, "times `COPY`", ("ingest", "ratio_to_copy"))
    path = ("otlp", "protobuf", "disk_bytes_per_span")
    yield Figure("disk, a span with payload and indexes", otlp.LIMIT_BYTES, "bytes", path)
    yield from _pages(results)
    yield Figure("idle, all processes and servers", idle.LIMIT_PSS_MB, "MB PSS", ("idle", "pss_mb_together"))
    yield Figure("cold start to the first answer", idle.LIMIT_COLD_START_S, "s of CPU", ("idle", "cold_start_cpu_s"))
    for kind in ("reports", "pages"):
        path = ("neighbour", kind, "p99_rise")
        yield Figure(f"rise of the p99 of {kind} beside a team at its limit", neighbour.LIMIT_P99_RISE, "of it", path)


def _pages(results: Results) -> Iterator[Figure]:
    """Pages that have a time of their own, from the size on at which it holds; and the page that grew most."""
    for size in sorted(results.get("growth", {}).get("pages", {}), key=int):
        if int(size) < pages.SIZES[-1]:
            continue
        limits = pages.LIMITS_MS if int(size) <= pages.SIZES[-1] else growth.LIMITS_MS
        for name, limit in limits.items():
            yield Figure(f"{name} at {int(size):,}", limit, "ms of CPU", ("growth", "pages", size, name, "cpu_ms"))
    grown = results.get("growth", {}).get("growth", {}).get("cpu_ms", {})
    if grown:
        most = max(grown, key=lambda name: grown[name])
        path = ("growth", "growth", "cpu_ms", most)
        yield Figure(f"growth of the page that grows most ({most})", pages.LIMIT_GROWTH, "times", path)


def main() -> int:
    """Prints each figure with its limit."""
    results, missed = json.loads(RESULTS.read_text()), 0
    for one in figures(results):
        measured = one.measured(results)
        missed += measured is not None and measured > one.limit
        told = "not measured" if measured is None else f"{measured:10.2f}"
        print(f"{one.what:58} {told} of {one.limit:g} {one.unit}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
