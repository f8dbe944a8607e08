"""How much of what some steps a day need, by arithmetic from measured figures: `python -m bench.sizing` prints it.

Cores are the steps of a second at the peak, times the CPU seconds of one step, over the share of a core that is used.
The figures are those of `results.json`; the table in docs/scaling.md says from which of them it was made.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"
# Steps a day that the table has.
VOLUMES = (1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
DAY_SECONDS = 86_400
# The busiest minute holds so many times the average, and a core is planned to be busy for this share then.
PEAK, BUSY = 4.0, 0.6
DAYS_KEPT = 30
# Of a database machine: cores, and terabytes of which a quarter stays free.
MACHINE_CORES, MACHINE_TERABYTES, FREE = 16, 4.0, 0.25
# What a cluster takes of the processor of a single machine for the same reports (docs/scaling.md#tried): the
# coordinator plans every statement, and the nodes do the work.
COORDINATOR_FACTOR, NODE_FACTOR = 3.9, 2.1


@dataclass(frozen=True, slots=True)
class Figures:
    """CPU seconds of a million steps by process, and bytes on disk of one step with its payload and indexes."""

    web_s: float
    worker_s: float
    database_s: float
    step_bytes: float


@dataclass(frozen=True, slots=True)
class Size:
    """What a volume needs: steps a second at the peak, cores, terabytes, and machines that hold rows.

    With one of those there is no coordinator beside it.
    """

    steps_a_day: int
    peak_a_second: float
    web_cores: float
    worker_cores: float
    database_cores: float
    coordinator_cores: float
    terabytes: float
    machines: int


def figures_of(results: dict[str, Any]) -> Figures:
    """The figures of a run of the benchmarks: spans by OTLP, which cost most; folding of rollups and cost lines."""
    otlp, folded = results["otlp"]["protobuf"], results["costlines"]
    return Figures(
        web_s=otlp["of_which_web"],
        worker_s=(folded["rollups_cpu_s"] + folded["lines_cpu_s"]) * 1e6 / folded["steps"],
        database_s=otlp["of_which_postgres"],
        step_bytes=otlp["disk_bytes_per_span"],
    )


def size(steps_a_day: int, told: Figures) -> Size:
    """What so many steps a day need."""
    peak = steps_a_day / DAY_SECONDS * PEAK
    database, terabytes = _cores(peak, told.database_s), steps_a_day * DAYS_KEPT * told.step_bytes / 1e12
    space = terabytes / (1 - FREE) / MACHINE_TERABYTES
    coordinator = 0.0
    if max(database / MACHINE_CORES, space) > 1:
        database, coordinator = database * NODE_FACTOR, database * COORDINATOR_FACTOR
    machines = max(math.ceil(max(database / MACHINE_CORES, space)), 1)
    web, worker = _cores(peak, told.web_s), _cores(peak, told.worker_s)
    return Size(steps_a_day, peak, web, worker, database, coordinator, terabytes, machines)


def _cores(peak: float, million_s: float) -> float:
    return peak * million_s / 1e6 / BUSY


def table(told: Figures, volumes: Sequence[int] = VOLUMES) -> str:
    """The sizes as a table in Markdown."""
    lines = [
        "| steps a day | a second, peak | web | workers | database | coordinator | TB | machines |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in (size(volume, told) for volume in volumes):
        lines.append(
            f"| {one.steps_a_day:,} | {one.peak_a_second:,.0f} | {one.web_cores:.2f} | {one.worker_cores:.2f} "
            f"| {one.database_cores:.2f} | {one.coordinator_cores:.2f} | {one.terabytes:.2f} | {one.machines} |"
        )
    return "\n".join(lines)


def inputs(told: Figures) -> str:
    """The figures as a table in Markdown."""
    return (
        "| web, s | worker, s | database, s | bytes |\n|---|---|---|---|\n"
        f"| {told.web_s:.1f} | {told.worker_s:.1f} | {told.database_s:.1f} | {told.step_bytes:.0f} |"
    )


def main() -> None:
    """Prints both tables from the last results; the sizes are of the figures as they are shown."""
    told = figures_of(json.loads(RESULTS.read_text()))
    shown = Figures(round(told.web_s, 1), round(told.worker_s, 1), round(told.database_s, 1), round(told.step_bytes))
    print(inputs(shown), table(shown), sep="\n\n")


if __name__ == "__main__":
    main()
