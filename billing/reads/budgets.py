"""Budgets and where they stand: the one read behind their pages, the cost page, the API and alert rules.

A budget is held against the same sums and the same forecast as the cost page shows of its lines. An amount in another
currency counts at the exchange rate of the last day that is looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing.analysis.budget_course import (
    BudgetCourse,
    Reached,
    expected_on,
    reached,
    spent_on,
    sums_by_day,
    thresholds_of,
)
from billing.analysis.forecast import LOOK_BACK, Forecast, Point, forecast_beside_fixed
from billing.analysis.periods import DAY, Days, Period, PeriodKind, add_months
from billing.analysis.sums import WIDE, add_up
from billing.models import Budget
from billing.reads.budget_spending import cut_of, spending_of
from billing.reads.cost_cut import CostCut
from billing.reads.reporting import USD, Reporting, exchange_of

Exchange = Mapping[str, Reporting]


@dataclass(frozen=True, slots=True)
class BudgetScope:
    """What a budget is for: these lines in this period."""

    cut: CostCut
    period: Period


@dataclass(frozen=True)
class BudgetRow:
    """A budget in a month. `amount` is in `currency`; `rate` is US dollars for one unit of it. `course` is None where
    no rate is known, or the budget is of no month so early: `why_not` says so. `by_day`: US dollars."""

    budget: Budget
    period: Period
    amount: Decimal
    currency: str
    rate: Decimal | None
    by_day: Mapping[date, Decimal]
    unpriced_tokens: int
    forecast: Forecast | None
    course: BudgetCourse | None
    why_not: str = ""

    @property
    def actual(self) -> Decimal:
        """What was spent, as far as it is known."""
        return add_up(self.by_day.values())

    @property
    def is_least(self) -> bool:
        """Whether more was spent than is known."""
        return self.unpriced_tokens > 0

    @cached_property
    def sums(self) -> Mapping[date, Decimal]:
        """What was spent up to the end of each day."""
        return sums_by_day(self.by_day)

    @property
    def points(self) -> Sequence[Point]:
        """The forecast of the days to come."""
        return self.forecast.course if self.forecast else ()

    @property
    def passed_on(self) -> date | None:
        """The day at whose end it was over; None: it is not."""
        return spent_on(self.sums, self.course.amount) if self.course else None

    @property
    def expected_on(self) -> date | None:
        """The day at whose end the forecast is over it; None: it is over already, or will not be."""
        if self.course is None or self.course.actual > self.course.amount:
            return None
        return expected_on(self.points, self.course.amount)

    @cached_property
    def thresholds(self) -> Sequence[Reached]:
        """Its thresholds, and which of them are reached."""
        told = thresholds_of(self.budget.thresholds)
        return reached(told, self.course, self.sums, self.points) if self.course else []


def budgets_of(team_id: UUID) -> QuerySet[Budget]:
    """The budgets of a team, by name; removed ones are left out."""
    kept = Budget.objects.filter(team_id=team_id, removed_at__isnull=True)
    return kept.select_related("workflow", "owner", "owner_group").order_by("name", "id")


def find_budget(team_id: UUID, budget_id: UUID) -> Budget | None:
    """One of them."""
    return budgets_of(team_id).filter(id=budget_id).first()


def ids_by_name(team_id: UUID, names: Sequence[str]) -> dict[str, UUID]:
    """The ids of budgets with these names. One query."""
    return dict(budgets_of(team_id).filter(name__in=names).values_list("name", "id"))


def owners_by_name(team_id: UUID, names: Sequence[str]) -> dict[str, tuple[UUID | None, UUID | None]]:
    """The user and the group that answer for budgets with these names. One query."""
    rows = budgets_of(team_id).filter(name__in=names).values_list("name", "owner_id", "owner_group_id")
    return {name: (user, group) for name, user, group in rows}


def month_of(day: date, today: date) -> Period:
    """The month of a day."""
    return Period(PeriodKind.MONTH, day.replace(day=1), today)


def budget_rows(team_id: UUID, period: Period, budgets: Sequence[Budget] | None = None) -> list[BudgetRow]:
    """Where these budgets (None: all that are active) stand in a month. At most 6 queries, however many there are."""
    if budgets is None:
        budgets = list(budgets_of(team_id).filter(is_active=True))
    if not budgets:
        return []
    # One day more than the forecast looks at, as the cost page reads them: both say the same.
    first = min(period.start, period.today - LOOK_BACK * DAY) if period.is_running else period.start
    spending = spending_of(team_id, budgets, Days(first, period.days.end))
    told = [amount_in(one, period.start) for one in budgets]
    exchange = exchange_of(team_id, {currency for _amount, currency in told})
    found, no_rate = [], _("No exchange rate of {currency} is known for {period}.")
    for one, (amount, currency) in zip(budgets, told, strict=True):
        spent = spending[one.id]
        foreseen = None
        if period.is_running:
            foreseen = forecast_beside_fixed(spent.by_day, spent.fixed, period.start, period.end, period.today)
        by_day, rate = spent.within(period.days), rate_in(exchange, currency, period)
        course = None
        if rate is not None:
            course = course_of(WIDE.multiply(amount, rate), add_up(by_day.values()), period, foreseen)
        why_not = "" if course else no_rate.format(currency=currency, period=period.name)
        unpriced = spent.unpriced_within(period.days)
        found.append(BudgetRow(one, period, amount, currency, rate, by_day, unpriced, foreseen, course, why_not))
    return found


def course_of(amount: Decimal, spent: Decimal, period: Period, foreseen: Forecast | None) -> BudgetCourse:
    """An amount in US dollars beside what was spent; of a period that is over that is the end."""
    if foreseen is None:
        return BudgetCourse(amount, spent, spent, spent, spent)
    return BudgetCourse(amount, spent, foreseen.usd, foreseen.low, foreseen.high)


def amount_in(budget: Budget, month: date) -> tuple[Decimal, str]:
    """The amount of a month and its currency; of one before the budget was made, the first it had."""
    for one in budget.earlier:
        if month < date.fromisoformat(one["before"]):
            return Decimal(one["amount"]), str(one["currency"])
    return budget.amount, budget.currency


def rate_in(exchange: Exchange, currency: str, period: Period) -> Decimal | None:
    """US dollars for one unit, on the last day of the period that there is so far."""
    if currency == USD:
        return Decimal(1)
    found = exchange.get(currency)
    return found.rate_on(period.days.end - DAY) if found else None


def budget_of(team_id: UUID, scope: BudgetScope) -> tuple[Budget, Decimal] | None:
    """The active budget of just these lines, and its amount in US dollars; of a longer period all its months together,
    where it was there in each of them."""
    active = budgets_of(team_id).filter(is_active=True)
    found = next((one for one in active if cut_of(team_id, one) == scope.cut), None)
    if found is None or found.created_at.date().replace(day=1) > scope.period.start:
        return None
    months = [scope.period.start]
    while (following := add_months(months[-1], 1)) < scope.period.end:
        months.append(following)
    told = [amount_in(found, month) for month in months]
    exchange = exchange_of(team_id, {currency for _amount, currency in told})
    amounts = []
    for month, (amount, currency) in zip(months, told, strict=True):
        day = min(month, scope.period.today.replace(day=1))
        rate = rate_in(exchange, currency, month_of(day, scope.period.today))
        if rate is None:
            return None
        amounts.append(WIDE.multiply(amount, rate))
    return found, add_up(amounts)
