"""Why costs changed: between two windows, and on days outside the usual."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext_noop

from billing.analysis.anomalies import Unusual, unusual_days
from billing.analysis.decomposition import Effect, Priced, Side, decompose
from billing.analysis.periods import Period
from billing.analysis.sums import WIDE
from billing.models import CostKind
from billing.reads.cost import group, group_money, together
from billing.reads.cost_cut import CostCut, single
from billing.reads.course import Named
from billing.reads.runs import RunCuts, Runs, runs_by_day

SETTLED = gettext_noop("Corrections, credits and adjustments")
Window = tuple[Sequence[Named], Runs | None]


@dataclass(frozen=True, slots=True)
class Concentrated:
    """Where most of a day's difference is: the id of a workflow or provider, and its share of the difference."""

    id: UUID | int
    usd: Decimal
    share: float


@dataclass(frozen=True, slots=True)
class Odd:
    """Days outside the usual with what explains the one furthest off, beside a usual day."""

    found: Unusual
    effects: Sequence[Effect]
    workflow: Concentrated | None
    provider: Concentrated | None


def decomposed(before: Window, after: Window) -> list[Effect]:
    """The exact effects between two windows: what their cells cost, and their runs."""
    return decompose(_side(*before), _side(*after))


def _side(cells: Sequence[Named], runs: Runs | None) -> Side:
    models: dict[object, Priced] = {}
    other: dict[str, Decimal] = {}
    for cell in cells:
        useful = cell.figures.useful_usd or Decimal(0)
        if cell.is_tokens:
            key = (cell.provider_id, cell.model_id)
            known = models.get(key, Priced(Decimal(0), 0))
            models[key] = Priced(WIDE.add(known.usd, useful), known.tokens + max(cell.figures.priced_tokens or 0, 0))
        else:
            name = str(CostKind(cell.kind).label)
            other[name] = WIDE.add(other.get(name, Decimal(0)), useful)
        if cell.figures.settled_usd is not None:
            other[SETTLED] = WIDE.add(other.get(SETTLED, Decimal(0)), cell.figures.settled_usd)
    waste = together(cell.figures for cell in cells).waste_usd or Decimal(0)
    return Side(runs.runs if runs else None, models, waste, other)


def odd_days(cut: CostCut, period: Period, costs: Mapping[date, Decimal], cuts: RunCuts | None) -> list[Odd]:
    """The unusual days of a period, greatest excess first; three queries, and none where no day is unusual. `costs`:
    by day, from some time before it."""
    found = unusual_days(costs, period.days, period.today)
    if not found:
        return []
    days = single(sorted({one.day for one in found} | {one.like for one in found}))
    runs = runs_by_day(cuts, [part.days for part in days]) if cuts else None
    names = defaultdict[date, list[Named]](list)
    for day, *row in group(cut, days, ("bucket", "provider_id", "model_id", "kind")):
        names[day].append(Named(*row))
    by_workflow: dict[tuple[UUID | int, date], Decimal] = {}
    for workflow, day, figures in group_money(cut, days, ("workflow_id", "bucket")):
        if figures.cost_usd is not None:
            by_workflow[workflow, day] = figures.cost_usd
    return [_odd(one, names, by_workflow, runs) for one in found]


def _odd(
    one: Unusual,
    names: Mapping[date, Sequence[Named]],
    by_workflow: dict[tuple[UUID | int, date], Decimal],
    runs: Mapping[date, Runs] | None,
) -> Odd:
    sides = [(names.get(day, ()), None if runs is None else runs.get(day, Runs())) for day in (one.like, one.day)]
    by_provider: dict[tuple[UUID | int, date], Decimal] = {}
    for day in {one.like, one.day}:
        for cell in names.get(day, ()):
            key = (cell.provider_id, day)
            by_provider[key] = WIDE.add(by_provider.get(key, Decimal(0)), cell.figures.cost_usd or Decimal(0))
    return Odd(one, decomposed(*sides), _most(one, by_workflow), _most(one, by_provider))


def _most(one: Unusual, costs: dict[tuple[UUID | int, date], Decimal]) -> Concentrated | None:
    """What has the greatest part of the difference, in its direction; None where nothing has any."""
    none = Decimal(0)
    whole = sum((usd for (_, day), usd in costs.items() if day == one.day), none) - sum(
        (usd for (_, day), usd in costs.items() if day == one.like), none
    )
    names = {name for name, day in costs if day in (one.day, one.like)}
    if not whole or not names:
        return None
    changes = {name: costs.get((name, one.day), none) - costs.get((name, one.like), none) for name in names}
    name = max(changes, key=lambda key: (changes[key] / whole, str(key)))
    return Concentrated(name, changes[name], float(changes[name] / whole))
