"""Where budgets stand: the numbers of the cost page, of just the lines of each, in a constant number of queries."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.tenancy import team_context
from billing.analysis.budget_course import BudgetState
from billing.analysis.periods import Period, PeriodKind, parse_period
from billing.models import Budget, CostMonth, ExchangeRate, MonthState
from billing.reads.budget_spending import cut_of
from billing.reads.budget_words import course_words
from billing.reads.budgets import BudgetRow, BudgetScope, budget_of, budget_rows
from billing.reads.cost import total
from billing.reads.cost_page import load
from monitoring.identity import workflow_id
from tests.billing.budgeting import budget
from tests.billing.spending import NOW, TODAY, november, spend

pytestmark = pytest.mark.django_db
NOVEMBER, OCTOBER = parse_period("month", None, TODAY), parse_period("month", "2026-10", TODAY)


def standing(team: Team, period: Period = NOVEMBER) -> dict[str, BudgetRow]:
    with team_context(team.id):
        return {row.budget.name: row for row in budget_rows(team.id, period)}


def of_leads(team: Team) -> dict[str, object]:
    return {"scope": "workflow", "workflow_id": workflow_id(team.id, "Leads")}


def test_each_counts_just_its_lines_and_says_what_the_cost_page_says(team: Team) -> None:
    november(team)
    spend(team, TODAY, "5", workflow="Leads", environment="staging", tags={"customer": "a"})
    spend(team, TODAY, "7", tags={"customer": "a", "centre": "x"})
    budget(team)
    budget(team, name="Leads", **of_leads(team))
    budget(team, name="Leads in staging", environment="staging", **of_leads(team))
    budget(team, name="Claude", scope="provider", value="anthropic")
    budget(team, name="Customer", scope="tag", value="customer=a")
    budget(team, name="Customer in staging", scope="tag", value="customer=a", environment="staging")
    rows = standing(team)
    assert {name: row.actual for name, row in rows.items()} == {
        "All": Decimal("315.50"),
        "Leads": Decimal(237),
        "Leads in staging": Decimal(5),
        "Claude": Decimal("71.50"),
        "Customer": Decimal(12),
        "Customer in staging": Decimal(5),
    }
    with team_context(team.id):
        for row in rows.values():
            cut = cut_of(team.id, row.budget)
            page = load(cut, NOVEMBER, NOW)
            assert (page.kept_budget, page.budget) == (row.budget, row.course)
            assert total(cut, NOVEMBER.days).cost_usd == row.actual
            assert [one.day for one in row.points] == [one.day for one in page.forecast.course]
    assert (rows["All"].unpriced_tokens, rows["Leads"].unpriced_tokens) == (1100, 0)
    assert rows["Leads in staging"].course.state is BudgetState.UNKNOWN


def test_when_it_is_passed_and_which_thresholds_are_reached(team: Team) -> None:
    november(team)
    spend(team, date(2026, 11, 1), "0.001", workflow="Small", provider="tiny")
    thresholds = [{"on": "actual", "percent": one} for one in (50, 100, 150)] + [{"on": "forecast", "percent": 100}]
    budget(team, "300", thresholds=thresholds)
    budget(team, "360", name="Leads and all", scope="workflow", workflow_id=workflow_id(team.id, "Triage"))
    budget(team, "999999999999.123456", name="Tiny", scope="provider", value="tiny")
    rows = standing(team)
    passed = rows["All"]
    assert (passed.course.state, passed.passed_on, passed.expected_on) == (BudgetState.OVER, TODAY, None)
    told = [(one.threshold.on.value, one.threshold.percent, one.is_reached, one.day) for one in passed.thresholds]
    assert told == [
        ("actual", 50, True, date(2026, 11, 11)),
        ("actual", 100, True, TODAY),
        ("forecast", 100, True, TODAY),
        ("actual", 150, False, None),
    ]
    assert course_words(passed).startswith("at least $303.50 of $300.00 spent in November 2026, $41")
    assert (rows["Leads and all"].course.state, rows["Leads and all"].expected_on) == (BudgetState.INSIDE, None)
    assert rows["Tiny"].course.amount == Decimal("999999999999.123456")


def test_what_will_be_passed_says_by_when(team: Team) -> None:
    november(team)
    budget(team, "380")
    row = standing(team)["All"]
    assert (row.passed_on, row.expected_on) == (None, date(2026, 11, 28))
    assert row.course.difference > 0


def test_a_past_month_is_held_against_the_amount_that_it_had(team: Team) -> None:
    november(team)
    with team_context(team.id):
        kept = budget(team, "300", now=NOW.replace(month=9))
        Budget.objects.update(amount=500, earlier=[{"before": "2026-11-01", "amount": "300", "currency": "USD"}])
    assert (standing(team)["All"].amount, standing(team, OCTOBER)["All"].amount) == (500, 300)
    row = standing(team, OCTOBER)["All"]
    assert (row.actual, row.forecast, row.course.state) == (Decimal("333.25"), None, BudgetState.OVER)
    assert row.passed_on == date(2026, 10, 28)
    with team_context(team.id):
        found = budget_of(team.id, BudgetScope(cut_of(team.id, kept), OCTOBER))
    assert found is not None
    assert found[1] == 300


def test_of_a_longer_period_all_its_months_count_where_it_was_there(team: Team) -> None:
    kept = budget(team, "300", now=NOW.replace(month=10, day=30))
    quarter, year = (Period(kind, start, TODAY) for kind, start in _LONGER)
    with team_context(team.id):
        cut = cut_of(team.id, kept)
        assert budget_of(team.id, BudgetScope(cut, quarter)) == (kept, Decimal(900))
        assert budget_of(team.id, BudgetScope(cut, year)) is None
        Budget.objects.update(is_active=False)
        assert budget_of(team.id, BudgetScope(cut, quarter)) is None


_LONGER = ((PeriodKind.QUARTER, date(2026, 10, 1)), (PeriodKind.YEAR, date(2026, 1, 1)))


def test_another_currency_counts_at_its_rate_and_a_closed_month_keeps_its_own(team: Team) -> None:
    november(team)
    with team_context(team.id):
        for day, usd in ((date(2026, 9, 1), "1.1"), (date(2026, 11, 10), "1.2")):
            ExchangeRate.objects.create(team=team, currency="EUR", starts_on=day, usd=Decimal(usd))
        budget(team, "300", currency="EUR")
        closed = {"state": MonthState.CLOSED, "rates": {"EUR": "1.05"}}
        CostMonth.objects.create(team=team, month=date(2026, 10, 1), **closed)
    row = standing(team)["All"]
    assert (row.rate, row.course.amount) == (Decimal("1.2"), Decimal(360))
    assert "of 300.00 EUR ($360.00) spent" in course_words(row)
    assert standing(team, OCTOBER)["All"].course.amount == Decimal(315)
    early = standing(team, parse_period("month", "2026-08", TODAY))["All"]
    assert (early.course, early.why_not) == (None, "No exchange rate of EUR is known for August 2026.")
    assert early.thresholds == []


def test_the_number_of_queries_does_not_grow(team: Team) -> None:
    november(team)
    budget(team, name="Leads", **of_leads(team))
    budget(team, name="Tag", scope="provider", value="openai")

    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            standing(team)
        return len(found)

    before = count()
    with team_context(team.id):
        Budget.objects.bulk_create(
            Budget(team=team, name=f"{n}", scope="provider", value=f"{n}", amount=Decimal(1)) for n in range(20)
        )
    assert count() == before


def test_nothing_spent_and_nothing_known(team: Team) -> None:
    budget(team)
    row = standing(team)["All"]
    assert (row.actual, row.course.share, row.course.state) == (0, 0.0, BudgetState.UNKNOWN)
    assert (row.passed_on, row.expected_on) == (None, None)
    spend(team, TODAY - timedelta(days=1), "501")
    row = standing(team)["All"]
    assert (row.course.state, row.course.forecast_share) == (BudgetState.OVER, 501 / 500)
