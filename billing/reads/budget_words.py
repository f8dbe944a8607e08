"""Where a budget stands, in words that pages and notices share."""

from decimal import Decimal

from django.utils.translation import gettext as _

from accounts import formats
from billing.models import Budget, BudgetScope
from billing.reads.budgets import BudgetRow
from billing.reads.reporting import USD
from monitoring import wording


def amount_words(amount: Decimal, currency: str) -> str:
    """`$1,500.00`, `1,500.00 EUR`."""
    return wording.usd(amount) if currency == USD else f"{formats.number(f'{amount:,.2f}')} {currency}"


def limit_words(row: BudgetRow) -> str:
    """The amount of the month, in US dollars too where it is in another currency."""
    told = amount_words(row.amount, row.currency)
    return told if row.currency == USD or row.course is None else f"{told} ({wording.usd(row.course.amount)})"


def spent_words(row: BudgetRow) -> str:
    """What was spent, and that it is more where tokens have no price."""
    usd = wording.usd(row.actual)
    return _("at least {usd}").format(usd=usd) if row.is_least else usd


def course_words(row: BudgetRow) -> str:
    """`at least $1,210.00 of $1,500.00 spent in November 2026, $1,640.00 expected ($1,600.00 to $1,700.00)`."""
    told = {"spent": spent_words(row), "limit": limit_words(row), "month": row.period.name}
    if row.forecast is None or row.forecast.usd is None:
        return _("{spent} of {limit} spent in {month}").format(**told)
    low, high = (wording.usd(one) for one in (row.forecast.low, row.forecast.high))
    words = _("{spent} of {limit} spent in {month}, {expected} expected ({low} to {high})")
    return words.format(**told, expected=wording.usd(row.forecast.usd), low=low, high=high)


def scope_words(budget: Budget) -> str:
    """What it is for: `workflow Leads in production`."""
    name, place = budget.value, budget.environment
    match budget.scope:
        case BudgetScope.WORKFLOW.value:
            name = budget.workflow.name if budget.workflow_id else ""
            words = _("workflow {name} in {environment}") if place else _("workflow {name}")
        case BudgetScope.PROVIDER.value:
            words = _("provider {name} in {environment}") if place else _("provider {name}")
        case BudgetScope.TAG.value:
            words = _("tag {name} in {environment}") if place else _("tag {name}")
        case _other:
            words = _("the whole team in {environment}") if place else _("the whole team")
    return words.format(name=name, environment=place)


def owner_words(budget: Budget) -> str:
    """Who answers for it; empty where nobody does. A user who is gone has no name any more."""
    if budget.owner_group_id:
        return str(budget.owner_group.name)
    if budget.owner_id:
        return budget.owner.email if budget.owner else _("somebody who is gone")
    return ""
