"""What the scopes of budgets cost by day: three queries for all budgets of a team, however many."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from accounts.statements import Row
from billing.analysis.periods import Days
from billing.analysis.sums import WIDE
from billing.models import Budget, BudgetScope, CostDimension, Entry
from billing.reads.cost import USED, group
from billing.reads.cost_cut import CostCut, Ids, daily
from monitoring.identity import LabelKind, label_id

_USED = ", ".join(str(one.value) for one in USED)
_SUMS = f"""sum(cost_usd), sum(cost_usd) FILTER (WHERE entry = {Entry.ALLOCATED.value}),
    COALESCE(sum(unpriced_tokens) FILTER (WHERE entry IN ({_USED})), 0)::bigint"""
_LABELS = {BudgetScope.PROVIDER.value: LabelKind.PROVIDER, BudgetScope.TAG.value: LabelKind.TAG}


@dataclass(slots=True)
class Spending:
    """US dollars by day, as far as they are known, and the tokens of each day that have no price.

    `fixed` is the part of them that is paid by the month, which stands on its first day.
    """

    by_day: dict[date, Decimal] = field(default_factory=dict)
    fixed: dict[date, Decimal] = field(default_factory=dict)
    unpriced: dict[date, int] = field(default_factory=dict)

    def add(self, day: date, usd: Decimal | None, fixed: Decimal | None, unpriced: int) -> None:
        """Adds what other lines of the day cost."""
        for sums, more in ((self.by_day, usd), (self.fixed, fixed)):
            if more is not None:
                sums[day] = WIDE.add(sums.get(day, Decimal(0)), more)
        if unpriced:
            self.unpriced[day] = self.unpriced.get(day, 0) + unpriced

    def within(self, days: Days) -> dict[date, Decimal]:
        """The costs of these days."""
        return {day: usd for day, usd in self.by_day.items() if day in days}

    def unpriced_within(self, days: Days) -> int:
        """The tokens of these days that have no price."""
        return sum(count for day, count in self.unpriced.items() if day in days)


def cut_of(team_id: UUID, budget: Budget) -> CostCut:
    """The lines that a budget is for."""
    environments = Ids((label_id(LabelKind.ENVIRONMENT, budget.environment),)) if budget.environment else Ids()
    label = (label_id(_LABELS[budget.scope], budget.value),) if budget.scope in _LABELS else ()
    is_tag = budget.scope == BudgetScope.TAG.value
    return CostCut(
        team_id,
        environments=environments,
        workflows=Ids((budget.workflow_id,)) if budget.workflow_id else Ids(),
        providers=Ids() if is_tag else Ids(label),
        further=CostDimension.TAG if is_tag else None,
        values=Ids(label) if is_tag else Ids(),
    )


_Key = tuple[str, object, int]
# Whose, the day, cost, the fixed part of it, tokens without a price.
_Row = tuple[_Key, date, Decimal | None, Decimal | None, int]


def spending_of(team_id: UUID, budgets: Sequence[Budget], days: Days) -> dict[UUID, Spending]:
    """What each budget's lines cost on these days."""
    cuts = {one.id: cut_of(team_id, one) for one in budgets}
    wanted: defaultdict[_Key, list[Spending]] = defaultdict(list)
    found = {one.id: Spending() for one in budgets}
    for one in budgets:
        wanted[_key_of(cuts[one.id])].append(found[one.id])
    for key, day, usd, fixed, unpriced in _rows(team_id, cuts.values(), days):
        for environment in {key[2], 0}:
            for spending in wanted.get((key[0], key[1], environment), ()):
                spending.add(day, usd, fixed, unpriced)
    return found


def _key_of(cut: CostCut) -> _Key:
    environment = cut.environments.wanted[0] if cut.environments else 0
    for name, ids in (("tag", cut.values), ("workflow", cut.workflows), ("provider", cut.providers)):
        if ids:
            return name, ids.wanted[0], environment
    return "team", 0, environment


def _rows(
    team_id: UUID, cuts: Iterable[CostCut], days: Days
) -> Iterable[tuple[_Key, date, Decimal | None, Decimal | None, int]]:
    """Sums by what budgets are for, environment and day; of those that no budget is for, too."""
    workflows, tags = set[UUID](), set[int]()
    has_rest = False
    for cut in cuts:
        workflows |= set(cut.workflows.wanted)
        tags |= set(cut.values.wanted)
        has_rest |= not cut.workflows and not cut.values
    parts, keys = daily(days.start, days.end), ("bucket", "environment_id")
    rows: list[tuple[str, list[Row]]] = []
    if has_rest:
        rows.append(("provider", group(CostCut(team_id), parts, (*keys, "provider_id"), sums=_SUMS)))
    if workflows:
        cut = CostCut(team_id, workflows=Ids(tuple(sorted(workflows))))
        rows.append(("workflow", group(cut, parts, (*keys, "workflow_id"), sums=_SUMS)))
    if tags:
        cut = CostCut(team_id, further=CostDimension.TAG, values=Ids(tuple(sorted(tags))))
        rows.append(("tag", group(cut, parts, (*keys, "value_id"), sums=_SUMS)))
    for name, some in rows:
        for day, environment, value, *told in some:
            yield (name, value, environment), day, *told
            if name == "provider":
                yield ("team", 0, environment), day, *told
