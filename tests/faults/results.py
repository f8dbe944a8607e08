"""What became of each fault: the figures, the table that is printed, and the file that the docs quote."""

import json
import statistics
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.__main__ import machine

FILE = Path(__file__).parents[2] / "bench" / "faults.json"
HEADINGS = ("fault", "times", "sent", "acknowledged", "stored", "lost", "doubled", "other 5xx", "seconds to recover")


@dataclass
class Result:
    """One fault. `sent`, `acknowledged`, `stored`, `lost` and `doubled` count executions; `recovered` has seconds.

    `took` is how many seconds all of it took; nothing where that was not measured yet.
    """

    name: str
    times: int = 1
    sent: int = 0
    acknowledged: int = 0
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    requests: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    other_5xx: int = 0
    recovered: list[float] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    took: float = 0.0
    skipped: str = ""
    is_broken: bool = False

    def row(self) -> list[str]:
        """The cells of its line."""
        if self.skipped:
            return [self.name, "skipped", *("" for _ in HEADINGS[2:])]
        counts = (self.sent, self.acknowledged, self.stored, self.lost, self.doubled, self.other_5xx)
        return [self.name, str(self.times), *(f"{count:,}" for count in counts), self._seconds()]

    def _seconds(self) -> str:
        if not self.recovered:
            return "nothing to recover"
        if len(self.recovered) == 1:
            return f"{self.recovered[0]:.1f}"
        return f"{statistics.median(self.recovered):.1f}, at most {max(self.recovered):.1f}"


RESULTS: list[Result] = []


def table(results: list[Result]) -> list[str]:
    """The results as lines of a Markdown table."""
    rows = [one.row() for one in results if one.sent or one.skipped]
    return [f"| {' | '.join(row)} |" for row in (HEADINGS, ["---", *("---:" for _ in HEADINGS[1:])], *rows)]


def keep(results: list[Result]) -> None:
    """Writes the results of faults that kept the promise, in place of earlier ones."""
    told = json.loads(FILE.read_text()) if FILE.exists() else {"faults": []}
    kept = {one["name"]: one for one in told["faults"]}
    kept |= {one.name: asdict(one) for one in results if not (one.is_broken or (one.skipped and one.name in kept))}
    FILE.write_text(
        json.dumps(
            {
                "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "machine": machine(),
                "faults": list(kept.values()),
            },
            indent=1,
            default=str,
        )
        + "\n"
    )


def read() -> list[Result]:
    """The results that were kept."""
    return [Result(**one) for one in json.loads(FILE.read_text())["faults"]]


def whole(results: list[Result]) -> str:
    """How long all of them took."""
    timed = [one.took for one in results if one.took]
    return f"{len(timed)} of {len(results)} took {sum(timed) / 60:.1f} minutes together"


if __name__ == "__main__":
    sys.stdout.write("\n".join([*table(read()), whole(read())]) + "\n")
