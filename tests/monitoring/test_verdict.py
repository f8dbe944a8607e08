"""Verdicts: from the interval against an objective that somebody set, and from nothing else."""

import pytest

from monitoring.analysis.histogram import bin_of
from monitoring.analysis.verdict import Objective
from monitoring.reads.figures import Durations, Totals
from monitoring.reads.verdict import Kind, Verdict, verdict


def judged(
    succeeded: int, failed: int, objective: float | None = None, p95_ms: float | None = None, **fields: object
) -> Verdict:
    totals = Totals(runs=succeeded + failed, succeeded=succeeded, failed=failed, **fields)  # type: ignore[arg-type]
    return verdict(
        totals,
        success_rate=None if objective is None else Objective(objective),
        p95_ms=None if p95_ms is None else Objective(p95_ms),
    )


@pytest.mark.parametrize(
    ("succeeded", "failed", "objective", "kind"),
    [
        (0, 0, 0.9, Kind.NOT_ENOUGH_DATA),
        (49, 0, 0.9, Kind.NOT_ENOUGH_DATA),
        (50, 0, 0.9, Kind.STABLE),
        (50, 0, None, Kind.NO_OBJECTIVE),
        # The 95 % interval of 403 of 434 is 90.0 to 94.9 %.
        (403, 31, 0.95, Kind.NOT_STABLE),
        (403, 31, 0.94, Kind.WATCH),
        (403, 31, 0.90, Kind.STABLE),
        (100, 0, 1.0, Kind.WATCH),
        (99, 1, 1.0, Kind.NOT_STABLE),
    ],
)
def test_success_rate(succeeded: int, failed: int, objective: float | None, kind: Kind) -> None:
    assert judged(succeeded, failed, objective).kind == kind


def test_the_interval_decides_not_the_rate() -> None:
    few, many = judged(91, 9, 0.9), judged(9100, 900, 0.9)
    assert (few.kind, many.kind) == (Kind.WATCH, Kind.STABLE)
    assert "so few runs do not settle" in few.sentence


@pytest.mark.parametrize(("slow", "kind"), [(0, Kind.STABLE), (10, Kind.WATCH), (40, Kind.NOT_STABLE)])
def test_p95(slow: int, kind: Kind) -> None:
    histogram = {bin_of(1000): 200 - slow, bin_of(60_000): slow}
    found = judged(200, 0, None, 10_000, histogram=histogram, duration_ms=Durations(p95=1000))
    assert found.kind == kind
    assert found.facts[-1] == "Objective for p95: 10 s"


def test_the_worse_objective_speaks() -> None:
    found = judged(200, 0, 0.9, 10_000, histogram={bin_of(60_000): 200}, duration_ms=Durations(p95=60_000))
    assert found.kind == Kind.NOT_STABLE
    assert found.sentence == "Slow runs take 1 min (p95); the objective of 10 s is missed."
    assert len(found.facts) == 3


def test_words() -> None:
    found = judged(403, 31, 0.95)
    assert (found.word, found.tone) == ("Not stable", "fail")
    assert found.sentence == "92.9% of runs succeed; the objective of 95% is missed."
    assert found.facts[0] == "403 of 434 runs succeeded: 92.9%, 95% interval 90.0% to 94.9%"
    assert judged(1, 0).sentence == "Only 1 run succeeded or failed; a verdict needs 50."
    assert judged(0, 0).sentence == "No runs in this range."
