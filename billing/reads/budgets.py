"""The budget of what a page shows."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from billing.analysis.periods import Period
from billing.reads.cost import CostCut


@dataclass(frozen=True, slots=True)
class BudgetScope:
    """What a budget is for: these lines in this period."""

    cut: CostCut
    period: Period


def budget_for(team_id: UUID, scope: BudgetScope) -> Decimal | None:
    """The amount in US dollars that was set for just this; None: none was set. No team can set one yet."""
    assert scope.cut.team_id == team_id
    return None
