"""The long tail of a workflow's durations: its figures, and where slow executions spend time that usual ones do not.

A sample is the executions with the smallest ids: ids are digests, so that is a random part of them, the same each time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.statements import run_planned
from monitoring.analysis.histogram import RELATIVE_ERROR, percentile
from monitoring.analysis.tail import Percentile, Tail, measure_tail
from monitoring.analysis.tail_split import USUAL_SHARE, Carrier, Profile, Split, profile, split_groups
from monitoring.analysis.timeline import Visit
from monitoring.reads.cuts import Cut
from monitoring.reads.figures import Totals
from monitoring.reads.labels import label_values
from monitoring.reads.places import in_places
from monitoring.reads.visits import since, times_since
from monitoring.statuses import Status

SAMPLE = 40
# Steps that are read of either group: an execution may have thousands.
MAX_STEPS = 20_000
# Above so many runs a random eighth of them is looked at, above eight times as many a 64th (indexes for ids below).
WHOLE = 100_000
_PARTS = {8: "20000000-0000-0000-0000-000000000000", 64: "04000000-0000-0000-0000-000000000000"}


@dataclass(frozen=True, slots=True)
class TailSplit:
    """Slow executions (above percentile `share`) against usual ones. `split` None says `reason` why there is none."""

    share: float
    above_ms: float
    split: Split | None
    reason: str = ""


def tail_of(totals: Totals) -> Tail | None:
    """The figures of the tail; None without a run whose duration is known."""
    return measure_tail(totals.histogram, totals.duration_ms.avg)


def slow_from(tail: Tail) -> Percentile | None:
    """Where slow begins: the highest percentile with a whole sample beyond it, else the highest that can be told."""
    whole = [one for one in tail.percentiles[1:] if one.beyond >= SAMPLE]
    return whole[-1] if whole else tail.top


def split_of(cut: Cut, totals: Totals) -> TailSplit | None:
    """Where slow executions spend the time that usual ones do not. Three queries; None where no tail can be told."""
    tail = tail_of(totals)
    limit = slow_from(tail) if tail else None
    if limit is None:
        return None
    # The least duration of its bin: runs that all end with the same time limit are slow, too.
    above = limit.ms * (1 - RELATIVE_ERROR)
    low, high = (percentile(totals.histogram, share) or 0.0 for share in USUAL_SHARE)
    low, high = low * (1 - RELATIVE_ERROR), min(high * (1 + RELATIVE_ERROR), above)
    found = _sample(cut, totals.timed_runs, above, low, high)
    profiles = _profiles(cut.team_id, found)
    slow, usual = (
        [profiles[one.id] for one in found if one.is_slow is wanted and one.id in profiles] for wanted in (True, False)
    )
    split = split_groups(slow, usual, above, (low, high))
    reason = "" if split else _reason(found, profiles)
    return TailSplit(limit.share, above, split, reason)


def _reason(found: Sequence["_Chosen"], profiles: Mapping[UUID, Profile]) -> str:
    if not found:
        return _("no slow or usual execution of this range has steps")
    if not profiles:
        return _("the steps of slow and usual executions tell no times, or were deleted by the retention rule")
    return _("only slow or only usual executions have steps with times")


@dataclass(frozen=True, slots=True)
class _Chosen:
    id: UUID
    retention_class: int
    anchor_day: Any
    started_at: datetime | None
    finished_at: datetime | None
    step_count: int
    is_slow: bool


_COLUMNS = "id, retention_class, anchor_day, started_at, finished_at, step_count"
_POOL = """SELECT {columns}, {slow} FROM execution
WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND counted_at >= %(start)s AND counted_at < %(end)s
    AND step_count > 0 {environment} {part} AND duration_ms {condition} ORDER BY id LIMIT %(most)s"""


def _sample(cut: Cut, runs: int, above_ms: float, low_ms: float, high_ms: float) -> list[_Chosen]:
    """Slow executions and usual ones; both end where their steps are too many."""
    share = next((number for number in (1, 8) if runs <= WHOLE * number), 64)
    part = f"AND id < '{_PARTS[share]}'" if share > 1 else ""
    texts = [
        _POOL.format(columns=_COLUMNS, slow=slow, environment=cut.in_environment, part=part, condition=condition)
        for slow, condition in (("true", "> %(above)s"), ("false", "BETWEEN %(low)s AND %(high)s"))
    ]
    values = cut.values(above=above_ms, low=low_ms, high=high_ms, most=SAMPLE)
    rows = [_Chosen(*row) for row in run_planned(f"({texts[0]}) UNION ALL ({texts[1]})", values)]
    return [*_bounded([row for row in rows if row.is_slow]), *_bounded([row for row in rows if not row.is_slow])]


def _bounded(rows: Sequence[_Chosen]) -> list[_Chosen]:
    kept, steps = list[_Chosen](), 0
    for row in sorted(rows, key=lambda one: one.id):
        steps += row.step_count
        if kept and steps > MAX_STEPS:
            break
        kept.append(row)
    return kept


_STEPS = """SELECT execution_id, id, parent_id, position, attempt, node_id, kind_id, status, started_at, ended_at,
    duration_ms, system_id, tool_id, model_id
FROM step s WHERE team_id = %(team)s AND execution_id = ANY(%(executions)s) AND {partitions} ORDER BY execution_id, id
LIMIT {most}"""


def _profiles(team_id: UUID, chosen: Sequence[_Chosen]) -> dict[UUID, Profile]:
    """Each execution as cells, without those whose steps tell no times."""
    if not chosen:
        return {}
    partitions, values = in_places(((one.retention_class, one.anchor_day) for one in chosen), "s")
    values |= {"team": team_id, "executions": [one.id for one in chosen]}
    statement = _STEPS.format(partitions=partitions, most=2 * MAX_STEPS)
    steps: dict[UUID, list[tuple[Any, ...]]] = {}
    for row in run_planned(statement, values):
        steps.setdefault(row[0], []).append(row[1:])
    names = label_values(team_id, (number for rows in steps.values() for row in rows for number in _labels(row)))
    made = ((one.id, _profile(one, steps[one.id], names)) for one in chosen if one.id in steps)
    return {number: found for number, found in made if found is not None}


def _labels(row: tuple[Any, ...]) -> tuple[int | None, ...]:
    return (row[4], row[5], *row[10:13])


def _profile(one: _Chosen, rows: Sequence[tuple[Any, ...]], names: Mapping[int, str]) -> Profile | None:
    told = [row[7] for row in rows if row[7]] + ([one.started_at] if one.started_at else [])
    zero = min(told, default=None)
    visits, carriers, nameless = [], [], _("step without a name")
    for number, parent_id, position, attempt, node, kind, status, started, ended, duration, *called in rows:
        system, tool, model = (names.get(label) if label is not None else None for label in called)
        name = names.get(node) or tool or model or names.get(kind) or nameless
        word = Status(status or 0).word
        start, end = times_since(zero, started, ended, duration)
        visits.append(Visit(number, name, word, parent_id, start, end, attempt, position))
        carriers.append(Carrier(system, tool, model))
    return profile(str(one.id), visits, carriers, since(one.started_at, zero), since(one.finished_at, zero))
