"""What workflows call that takes longer than usual, from rollups: what slow workflows have in common."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from alerts.analysis.dependencies import LEAST_WORKFLOWS, Cause
from alerts.analysis.slowness import Compared, Slow, Timed, slow, slowed
from alerts.reads.dependencies import DIMENSIONS, lately
from monitoring.models import Dimension, Grain
from monitoring.reads.labels import label_values
from monitoring.reads.rollup_rows import Segment, Slice, group_rows
from monitoring.windows import DAY, HOUR, floor_to

# What is usual is told by so much time before.
BEFORE = 7 * DAY
_TIMED = "sum(duration_count)::bigint, sum(duration_sum_ms)"
_IS_WANTED = "workflow_id = ANY(%(workflows)s)"
_IS_CALLED = "value_id = ANY(%(values)s)"

# A kind of dependency and the label of its name.
_Called = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Slowed:
    """The slow dependencies that explain why runs take longer, by workflow, and how slow each is."""

    told: Mapping[UUID, Collection[Cause]] = field(default_factory=dict)
    slow: Mapping[Cause, Slow] = field(default_factory=dict)


def slow_calls(
    team_id: UUID,
    workflow_ids: Collection[UUID],
    known: Collection[Cause],
    since: datetime,
    now: datetime,
    *,
    environment: str,
) -> Slowed:
    """What slows these workflows since a time (15 to 60 minutes ago), against the seven days before.

    Only what two of them call is looked at, and what is `known` to be at fault. An empty `environment` is all of them.
    Up to 15 queries, whatever there is.
    """
    part, which = lately(since, now), environment or None
    before = Segment(Grain.HOUR, floor_to(part.start, HOUR) - BEFORE, floor_to(part.start, HOUR))
    wanted = sorted(workflow_ids)
    recent = {
        kind: _by_pair(team_id, Slice(None, which, dimension), part, wanted) for kind, dimension in DIMENSIONS.items()
    }
    names = label_values(team_id, {value for pairs in recent.values() for _, value in pairs})
    causes = _causes(recent, names, known)
    if not causes:
        return Slowed()
    runs = _compared(
        *(_by_pair(team_id, Slice(None, which, Dimension.NONE), one, wanted) for one in (part, before)),
    )
    calls: dict[tuple[UUID, Cause], Compared] = {}
    found: dict[Cause, Slow] = {}
    for kind in sorted({kind for kind, _ in causes}):
        values = sorted(value for one, value in causes if one == kind)
        rows = Slice(None, which, DIMENSIONS[kind])
        pairs = _compared(recent[kind], _by_pair(team_id, rows, before, wanted, values))
        calls |= {(id, causes[kind, value]): told for (id, value), told in pairs.items() if (kind, value) in causes}
        hours, newest = _by_hour(team_id, rows, before, values), _together(team_id, rows, part, values)
        states = {causes[kind, value]: slow(hours[value], newest.get(value, Timed())) for value in values}
        found |= {cause: one for cause, one in states.items() if one is not None}
    of_runs = {workflow_id: told for (workflow_id, _), told in runs.items()}
    return Slowed(slowed(of_runs, calls, found), found)


_Pairs = Mapping[tuple[UUID, int], Timed]


def _by_pair(
    team_id: UUID, which: Slice, part: Segment, workflows: Collection[UUID], values: Collection[int] | None = None
) -> _Pairs:
    """Timed runs or calls of these workflows, by workflow and value."""
    having = _IS_WANTED if values is None else f"{_IS_WANTED} AND {_IS_CALLED}"
    told = {"workflows": list(workflows), "values": list(values or ())}
    rows = group_rows(team_id, which, [part], "workflow_id, value_id", _TIMED, having, **told)
    return {(workflow_id, value): Timed(count, ms or 0.0) for workflow_id, value, count, ms in rows}


def _by_hour(team_id: UUID, which: Slice, part: Segment, values: Collection[int]) -> defaultdict[int, list[Timed]]:
    """Timed calls by all workflows, for each hour with some."""
    found: defaultdict[int, list[Timed]] = defaultdict(list)
    for value, _, count, ms in group_rows(
        team_id, which, [part], "value_id, bucket", _TIMED, _IS_CALLED, values=list(values)
    ):
        found[value].append(Timed(count, ms or 0.0))
    return found


def _together(team_id: UUID, which: Slice, part: Segment, values: Collection[int]) -> dict[int, Timed]:
    """Timed calls by all workflows."""
    rows = group_rows(team_id, which, [part], "value_id", _TIMED, _IS_CALLED, values=list(values))
    return {value: Timed(count, ms or 0.0) for value, count, ms in rows}


def _causes(recent: Mapping[str, _Pairs], names: Mapping[int, str], known: Collection[Cause]) -> dict[_Called, Cause]:
    """What two of the workflows call, and what is known."""
    found: dict[_Called, Cause] = {}
    for kind, pairs in recent.items():
        callers: defaultdict[int, int] = defaultdict(int)
        for (_, value), told in pairs.items():
            callers[value] += told.count > 0
        for value, count in callers.items():
            cause = Cause(kind, names.get(value, ""))
            if cause.value and (count >= LEAST_WORKFLOWS or (count and cause in known)):
                found[kind, value] = cause
    return found


def _compared(recent: _Pairs, before: _Pairs) -> dict[tuple[UUID, int], Compared]:
    return {pair: Compared(told, before.get(pair, Timed())) for pair, told in recent.items()}
