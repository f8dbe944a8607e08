"""Runs and successes beside costs: those of the rollups of executions, by the day on which a run ended (UTC)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from billing.analysis.periods import Days, add_months
from billing.models import CostDimension
from billing.reads.cost_cut import CostCut
from monitoring.models import Dimension
from monitoring.reads.labels import label_values
from monitoring.reads.rollup_rows import Pending, Segment, Slice, group_rows, pending, segments
from monitoring.windows import DAY, Window

_SUMS = "sum(runs)::bigint, sum(succeeded)::bigint"
# Where a part of a month is read as the month less its other days: those are taken off.
_SIGN = "CASE WHEN {off} THEN -1 ELSE 1 END"
_SIGNED = f"sum(runs * {_SIGN})::bigint, sum(succeeded * {_SIGN})::bigint"
_DAY = "(bucket AT TIME ZONE 'UTC')::date"
_MONTH = "date_trunc('month', bucket AT TIME ZONE 'UTC')::date"


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of a window (of every status), and those that succeeded."""

    runs: int = 0
    succeeded: int = 0

    def __add__(self, other: "Runs") -> "Runs":
        return Runs(self.runs + other.runs, self.succeeded + other.succeeded)


@dataclass(frozen=True, slots=True)
class RunCuts:
    """The slices of the rollups of executions that a cut of costs is about, and whose workflows count of them."""

    team_id: UUID
    slices: Sequence[Slice]
    wanted: frozenset[UUID]
    excluded: frozenset[UUID]
    marked: Pending

    def counts(self, workflow: UUID) -> bool:
        """Whether runs of this workflow count."""
        return (not self.wanted or workflow in self.wanted) and workflow not in self.excluded


def run_cuts(cut: CostCut) -> RunCuts | None:
    """None where no runs belong to it: calls of a model, a node or a system are no runs, and tags are not counted."""
    has_release = cut.further is CostDimension.RELEASE and cut.values.wanted and not cut.values.excluded
    if cut.providers or cut.models or cut.kinds or cut.environments.excluded:
        return None
    if cut.further is not None and not has_release:
        return None
    places = list(label_values(cut.team_id, cut.environments.wanted).values()) if cut.environments else [None]
    dimension = Dimension.RELEASE if has_release else Dimension.NONE
    one = cut.workflows.wanted[0] if len(cut.workflows.wanted) == 1 else None
    values = cut.values.wanted if has_release else (0,)
    slices = [Slice(one, place, dimension, value) for place in places for value in values]
    return RunCuts(
        cut.team_id, slices, frozenset(cut.workflows.wanted), frozenset(cut.workflows.excluded), pending(cut.team_id)
    )


def window_of(days: Days) -> Window:
    """The days as a time range in UTC."""
    return Window(_midnight(days.start), _midnight(days.end))


def runs_by_workflow(cuts: RunCuts, before: Days, after: Days) -> Mapping[tuple[UUID, int], Runs]:
    """Runs by workflow and side: 0 are those of `before`, 1 those of `after`, which does not begin earlier."""
    parts = [*parts_of(before, cuts.marked), *parts_of(after, cuts.marked)]
    found: dict[tuple[UUID, int], Runs] = {}
    # The rest of the month of `before` ends before `after` begins.
    sums = _SIGNED.format(off="bucket >= %(end)s OR (bucket >= %(until)s AND bucket < %(since)s)")
    bounds = {"until": _midnight(before.end), "since": _midnight(after.start), "end": _midnight(after.end)}
    side = "(bucket >= %(since)s)::int"
    for which in cuts.slices:
        keys = f"workflow_id, {side}"
        for workflow, place, runs, succeeded in group_rows(cuts.team_id, which, parts, keys, sums, "true", **bounds):
            if cuts.counts(workflow):
                key = (workflow, place)
                found[key] = found.get(key, Runs()) + Runs(runs, succeeded)
    return found


def parts_of(days: Days, marked: Pending) -> list[Segment]:
    """The segments of these days; of all of their last month and of its other days, where those are fewer."""
    last = days.end.replace(day=1)
    month = Days(last, add_months(last, 1))
    rest = Days(days.end, month.end)
    is_kept = days.start <= last and _midnight(last) < marked.month
    if last == days.end or not is_kept or rest.count >= month.count - rest.count:
        return segments(window_of(days), marked)
    return [*segments(window_of(Days(days.start, month.end)), marked), *segments(window_of(rest), marked)]


def runs_by_month(cuts: RunCuts, days: Days) -> Mapping[date, Runs]:
    """Runs by the first day of the month."""
    sums = _SIGNED.format(off="bucket >= %(end)s")
    return _by_bucket(cuts, parts_of(days, cuts.marked), _MONTH, sums, end=_midnight(days.end))


def runs_by_day(cuts: RunCuts, ranges: Sequence[Days]) -> Mapping[date, Runs]:
    """Runs of these days by day."""
    parts = [part for days in ranges for part in segments(window_of(days), cuts.marked, coarsest=DAY)]
    return _by_bucket(cuts, parts, _DAY, _SUMS)


def _by_bucket(cuts: RunCuts, parts: Sequence[Segment], key: str, sums: str, **values: datetime) -> Mapping[date, Runs]:
    found = dict[date, Runs]()
    # With a choice of workflows that is not one, rows are told apart by it and chosen here.
    is_chosen = (cuts.wanted or cuts.excluded) and any(which.workflow_id is None for which in cuts.slices)
    keys = f"{key}, workflow_id" if is_chosen else key
    for which in cuts.slices:
        for day, *whose, runs, succeeded in group_rows(cuts.team_id, which, parts, keys, sums, "true", **values):
            if not whose or cuts.counts(whose[0]):
                found[day] = found.get(day, Runs()) + Runs(runs, succeeded)
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
