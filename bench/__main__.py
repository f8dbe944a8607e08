"""`python -m bench [KIND ...]`: measures (by default everything), prints, keeps it. Kinds: see `KINDS`."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import (
    alerts,
    concentration,
    cost,
    costlines,
    export,
    findings,
    idle,
    ingest,
    isolation,
    otlp,
    otlp_memory,
    overload,
    pages,
    pricing,
    proof,
    redaction,
    rehearsal,
    replay,
    retention,
    triage,
    verdict,
)
from bench.stage import Stage, open_stage

RESULTS = Path(__file__).parent / "results.json"
KINDS = (
    *("ingest", "otlp", "otlp-memory", "idle", "pages", "verdict", "replay", "overload", "concentration", "triage"),
    *("findings", "proof", "alerts", "rehearsal", "pricing", "costlines", "export", "cost"),
    *("retention", "redaction", "isolation"),
)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ":")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    return {
        "cores": os.cpu_count(),
        "processor": model.partition(":")[2].strip(),
        "memory_mb": memory,
        "python": platform.python_version(),
    }


def run(stage: Stage, wanted: tuple[str, ...], memory_spans: int, lines: int) -> dict[str, Any]:
    """Each measurement that was asked for; `memory_spans` is how many `otlp-memory` sends, `lines` what is exported."""
    import django

    django.setup()
    results: dict[str, Any] = {}
    for name, measure in {**_reporting(stage, memory_spans), **_alone(stage, lines)}.items():
        if name in wanted:
            results[name] = measure()
            show(name, results[name])
    return results


def _reporting(stage: Stage, memory_spans: int) -> dict[str, Callable[[], dict[str, Any]]]:
    """The measurements that report as teams made for them."""
    from accounts.services.teams import NewTeam, create_team_with_owner

    def made(name: str) -> NewTeam:
        return create_team_with_owner(name=f"Bench {name}", email=f"{name}@example.com")

    return {
        "idle": lambda: idle.measure(stage),
        "ingest": lambda: ingest.measure(stage, made("ingest").api_key),
        "otlp": lambda: otlp.measure(stage, made("otlp").api_key),
        "otlp-memory": lambda: otlp_memory.measure(stage, made("memory").api_key, memory_spans),
        "overload": lambda: overload.measure(stage, made("flood"), made("other")),
    }


def _alone(stage: Stage, lines: int) -> dict[str, Callable[[], dict[str, Any]]]:
    """The measurements that make their own teams."""
    return {
        "pricing": lambda: pricing.measure(stage),
        "redaction": lambda: redaction.measure(stage),
        "isolation": lambda: isolation.measure(stage),
        "pages": lambda: pages.measure(stage),
        "concentration": lambda: concentration.measure(stage),
        "triage": lambda: triage.measure(stage),
        "findings": findings.measure,
        "proof": proof.measure,
        "cost": lambda: cost.measure(stage),
        "alerts": lambda: alerts.measure(stage),
        "rehearsal": rehearsal.measure,
        "costlines": costlines.measure,
        "export": lambda: export.measure(stage, lines),
        "retention": lambda: retention.measure(stage),
        "verdict": verdict.measure,
        "replay": lambda: replay.measure(stage),
    }


def show(name: str, figures: dict[str, Any]) -> None:
    """Prints one measurement."""
    print(f"\n{name}\n{json.dumps(figures, indent=2, default=lambda value: round(value, 3))}", flush=True)


def main() -> int:
    """Runs, prints, and merges the figures into `bench/results.json`."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; all by default")
    parser.add_argument("--spans", type=int, default=otlp_memory.SPANS, help="about how many otlp-memory sends")
    parser.add_argument("--lines", type=int, default=export.LINES, help="cost lines that export writes")
    told = parser.parse_args()
    wanted = tuple(told.kinds) or KINDS
    if unknown := set(wanted) - set(KINDS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(KINDS)}")
    with open_stage() as stage:
        results = run(stage, wanted, told.spans, told.lines)
        from django.db import connections

        connections.close_all()
        connections["default"].close_pool()  # type: ignore[attr-defined]
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept |= {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), **results}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
