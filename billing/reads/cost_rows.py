"""Costs by workflow, and by any other name, beside the same days of the period before."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from accounts.statements import run_prepared
from billing.analysis.periods import Period, PeriodKind
from billing.models import CostKind, CostOutcome, Entry
from billing.reads.cost import BY_MONTH, FURTHER, KEYS, NOTHING, Figures, group, group_money
from billing.reads.cost_cut import CostCut, Ids, cover, daily
from billing.reads.runs import Runs
from monitoring.identity import NO_WORKFLOW
from monitoring.reads.labels import label_values

_NAMES = "SELECT id, name, slug FROM workflow WHERE team_id = %s"
_MEMBERS: Mapping[str, type[CostKind] | type[Entry] | type[CostOutcome]] = {
    "kind": CostKind,
    "entry": Entry,
    "outcome": CostOutcome,
}


@dataclass(frozen=True, slots=True)
class WorkflowRow:
    """A workflow's costs: money and unpriced tokens alone.

    `name` and `slug` are empty where the workflow was not told; `runs` None: not counted.
    """

    id: UUID
    name: str
    slug: str
    now: Figures
    before: Figures
    runs: Runs | None
    runs_before: Runs | None


@dataclass(frozen=True, slots=True)
class NamedRow:
    """The costs of one name of a grouping; empty: not told."""

    key: str
    now: Figures
    before: Figures


def workflow_rows(cut: CostCut, period: Period, runs: Mapping[tuple[UUID, int], Runs] | None) -> list[WorkflowRow]:
    """All workflows with costs in either window, dearest first. `runs` as `runs_by_workflow` has them."""
    parts = [*cover(period.compared, 0), *cover(period.days, 1)]
    sides: dict[UUID, list[Figures]] = defaultdict(lambda: [NOTHING, NOTHING])
    for workflow, side, figures in group_money(cut, parts, ("workflow_id", "side")):
        sides[workflow][side] = figures
    names = {number: (name, slug) for number, name, slug in run_prepared(_NAMES, [cut.team_id])}
    rows = [
        WorkflowRow(
            workflow,
            *names.get(workflow, ("", "")),
            now=now,
            before=before,
            runs=None if runs is None or workflow == NO_WORKFLOW else runs.get((workflow, 1), Runs()),
            runs_before=None if runs is None or workflow == NO_WORKFLOW else runs.get((workflow, 0), Runs()),
        )
        for workflow, (before, now) in sides.items()
    ]
    return sorted(rows, key=lambda row: (-(row.now.cost_usd or Decimal(0)), row.name, row.id))


def courses_of(cut: CostCut, period: Period, workflows: Sequence[UUID]) -> dict[UUID, dict[date, Decimal | None]]:
    """What these workflows cost by day, of a year by month; None: not known."""
    if not workflows:
        return {}
    is_monthly = period.kind is PeriodKind.YEAR
    parts = cover(period.days) if is_monthly else daily(period.days.start, period.days.end)
    chosen = replace(cut, workflows=Ids(tuple(workflows)))
    found: dict[UUID, dict[date, Decimal | None]] = defaultdict(dict)
    keys = ("workflow_id", BY_MONTH if is_monthly else "bucket")
    for workflow, bucket, usd in group(chosen, parts, keys, sums="sum(cost_usd)"):
        found[workflow][bucket] = usd
    return found


def rows_by(cut: CostCut, period: Period, dimension: str) -> list[NamedRow] | None:
    """Costs by a name of `DIMENSIONS`, dearest first; None where the filters have another further dimension.

    A line with several tags counts under each of them, and lines without one under none.
    """
    further = FURTHER.get(dimension)
    if further is not None and cut.further not in (None, further):
        return None
    key = KEYS.get(dimension, "value_id")
    chosen = cut if further is None else replace(cut, further=further)
    sides: dict[UUID | int, list[Figures]] = defaultdict(lambda: [NOTHING, NOTHING])
    for value, side, figures in group(chosen, [*cover(period.compared, 0), *cover(period.days, 1)], (key, "side")):
        sides[value][side] = figures
    names = _names(cut.team_id, dimension, sides)
    rows = [NamedRow(names.get(value, ""), now, before) for value, (before, now) in sides.items()]
    return sorted(rows, key=lambda row: (-(row.now.cost_usd or Decimal(0)), row.key))


def _names(team_id: UUID, dimension: str, values: Mapping[UUID | int, object]) -> Mapping[UUID | int, str]:
    if dimension == "workflow":
        return {number: name for number, name, _ in run_prepared(_NAMES, [team_id])}
    if members := _MEMBERS.get(dimension):
        return {one.value: one.name.lower() for one in members}
    found = label_values(team_id, (one for one in values if isinstance(one, int) and one))
    return {number: text for number, text in found.items()}  # noqa: C416 - of a wider type


DIMENSIONS = (*KEYS, *FURTHER)
