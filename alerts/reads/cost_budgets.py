"""How much of each budget is spent, and will be (`Family.COST_BUDGET`): one subject a budget, named by its name.

What is read is what the page of budgets shows (`billing.reads.budgets`), once for all rules. The value is a share of
the amount; `high` is the budget's own lowest threshold for it (None: it has none), which counts for rules without one.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from alerts.analysis.readings import Reading, Subject
from alerts.models import AlertRule
from billing.analysis.budget_course import ThresholdOn, lowest, thresholds_of
from billing.reads.budget_words import course_words
from billing.reads.budgets import BudgetRow, budget_rows, month_of

METRICS_ON = {"budget_actual": ThresholdOn.ACTUAL, "budget_forecast": ThresholdOn.FORECAST}


def read(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> dict[UUID, list[Reading]]:
    """A reading of each active budget that a rule looks at; none where there is no budget."""
    rows = budget_rows(team_id, month_of(now.date(), now.date()))
    return {
        rule.id: [_reading(row, METRICS_ON[rule.metric], now) for row in rows if _is_of(rule, row)] for rule in rules
    }


def _is_of(rule: AlertRule, row: BudgetRow) -> bool:
    return rule.value in ("", row.budget.name, str(row.budget.id))


def _reading(row: BudgetRow, on: ThresholdOn, now: datetime) -> Reading:
    subject = Subject(value=row.budget.name)
    if row.course is None:
        return Reading(subject, now, None, words=row.why_not)
    share = row.course.share_on(on)
    if share is None:
        return Reading(subject, now, None, words=row.forecast.reason if row.forecast else "")
    high = lowest(thresholds_of(row.budget.thresholds), on)
    return Reading(subject, now, share, 1, None, high, words=course_words(row))
