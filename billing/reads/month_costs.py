"""What a month cost all together, beside the same days of the month before, per successful run, and its budget.

The same sums, runs, budget and forecast as the cost page of all lines shows, without what else that page has.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.analysis.budget_course import BudgetState
from billing.analysis.periods import Period
from billing.models import BudgetScope
from billing.reads.budgets import BudgetRow, budget_rows, month_of
from billing.reads.cost import NOTHING, Figures, group
from billing.reads.cost_cut import CostCut, cover
from billing.reads.runs import Runs, run_cuts, runs_by_workflow


@dataclass(frozen=True, slots=True)
class MonthCosts:
    """A month up to today. `budget` is that of the whole team (None: there is none), `others` are all others."""

    period: Period
    now: Figures
    before: Figures
    runs: Runs
    runs_before: Runs
    budget: BudgetRow | None
    others: list[BudgetRow]

    @property
    def is_idle(self) -> bool:
        """Whether no line counts on these days: nothing was spent, which is known."""
        return self.now == NOTHING

    @property
    def over(self) -> int:
        """How many of the other budgets are spent, or are sure to be."""
        return sum(one.course is not None and one.course.state is BudgetState.OVER for one in self.others)


def month_costs(team_id: UUID, day: date, today: date) -> MonthCosts:
    """The month of a day. At most ten queries, whatever there is."""
    cut, period = CostCut(team_id), month_of(min(day, today), today)
    parts = [*cover(period.compared, 0), *cover(period.days, 1)]
    sides: dict[int, Figures] = dict(group(cut, parts, ("side",)))
    cuts = run_cuts(cut)
    runs = runs_by_workflow(cuts, period.compared, period.days) if cuts else {}
    told = [sum((one for (_, place), one in runs.items() if place == side), Runs()) for side in (0, 1)]
    rows = [one for one in budget_rows(team_id, period) if _was_there(one, period)]
    whole = [one for one in rows if one.budget.scope == BudgetScope.TEAM and not one.budget.environment]
    return MonthCosts(
        *(period, sides.get(1, NOTHING), sides.get(0, NOTHING), told[1], told[0]),
        budget=whole[0] if whole else None,
        others=[one for one in rows if one not in whole],
    )


def _was_there(row: BudgetRow, period: Period) -> bool:
    """A budget is of no month before the one that it was made in."""
    return row.budget.created_at.date().replace(day=1) <= period.start
