"""What a divergence did: steps affected, skipped, not reached; time, money, side effects; other executions."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from monitoring.analysis.divergence import FoundDivergence
from monitoring.analysis.evidence import Kind
from monitoring.analysis.placing import Placed
from monitoring.analysis.steps import Run, Step
from monitoring.analysis.writes import writes_outside

_DID_NOT_FINISH = frozenset({"failed", "timed_out", "cancelled"})


@dataclass(frozen=True, slots=True)
class Relative:
    """Another execution that hangs on this one: `role` is "parent", "child" or "retry"."""

    id: str
    role: str
    status: str


@dataclass(frozen=True, slots=True)
class Impact:
    """The effects. Steps are ids in order.

    `affected` began at or after the divergence and failed, were cancelled or differ from healthy ones; `skipped` were
    told as skipped; `not_reached` are nodes that always run and did not. `after_ms` is the time from the divergence to
    the last end that was told, `busy_ms` the sum of the steps' own times after it (without what lies inside another),
    None where no times are told. `after_usd` is what steps after it cost, `unpriced` how many of these told no cost.
    `repeated` are steps that wrote outside and succeeded: a retry of the whole execution would do it again.
    """

    affected: Sequence[int]
    skipped: Sequence[int]
    not_reached: Sequence[str]
    after_ms: float | None
    busy_ms: float | None
    after_usd: Decimal | None
    unpriced: int
    repeated: Sequence[int]
    relatives: Sequence[Relative]


def measure_impact(run: Run, divergence: FoundDivergence, relatives: Iterable[Relative] = ()) -> Impact | None:
    """The impact of a divergence that `find_divergence` found in this execution; None without one."""
    if not divergence.first:
        return None
    placed, at = divergence.placed, divergence.first[0].at
    told = {item.step for item in divergence.evidence if item.step is not None}
    behind = [n for n in _in_order(placed) if placed.order[n] >= at]
    spent = [placed.steps[n] for n in behind if placed.steps[n].status != "skipped"]
    priced = [step.cost_usd for step in spent if step.cost_usd is not None]
    return Impact(
        affected=[placed.steps[n].id for n in behind if n in told or placed.steps[n].status in _DID_NOT_FINISH],
        skipped=[placed.steps[n].id for n in behind if placed.steps[n].status == "skipped"],
        not_reached=[e.node for e in divergence.evidence if e.kind is Kind.MISSING and e.step is None and e.at >= at],
        after_ms=_time_after(run, placed, at[0]),
        busy_ms=_busy(placed, behind),
        after_usd=sum(priced, Decimal(0)) if priced else None,
        unpriced=len(spent) - len(priced),
        repeated=[placed.steps[n].id for n in _in_order(placed) if _is_repeated(placed.steps[n])],
        relatives=hit_relatives(relatives),
    )


def hit_relatives(relatives: Iterable[Relative]) -> list[Relative]:
    """Those that did not end well."""
    return [relative for relative in relatives if relative.status in _DID_NOT_FINISH]


def _in_order(placed: Placed) -> list[int]:
    return sorted(placed.reading, key=placed.order.__getitem__)


def _is_repeated(step: Step) -> bool:
    return step.status in ("succeeded", "unknown") and writes_outside(step)


def _time_after(run: Run, placed: Placed, begun: float) -> float | None:
    """From the moment of the divergence to the last end that is told (of a step, or of the execution)."""
    starts = [step.start_ms for step in placed.steps if step.start_ms is not None]
    ends = [step.end_ms for step in placed.steps if step.end_ms is not None]
    if run.duration_ms is not None and starts:
        ends.append(min(starts) + run.duration_ms)
    return max(max(ends) - begun, 0.0) if ends and math.isfinite(begun) else None


def _busy(placed: Placed, behind: Sequence[int]) -> float | None:
    """The sum of the times of steps, without those that lie inside another of them."""
    chosen = set(behind)
    outer = [placed.steps[n].took_ms for n in behind if placed.container[n] not in chosen]
    told = [ms for ms in outer if ms is not None]
    return sum(told) if told else None
