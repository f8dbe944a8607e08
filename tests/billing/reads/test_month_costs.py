"""What a month cost all together: the same numbers as the cost page and the budgets have."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.tenancy import team_context
from billing.analysis.periods import parse_period
from billing.reads.cost_cut import CostCut
from billing.reads.cost_page import load
from billing.reads.month_costs import MonthCosts, month_costs
from monitoring.identity import workflow_id
from tests.billing.budgeting import budget
from tests.billing.spending import NOW, TODAY, november, spend

pytestmark = pytest.mark.django_db


def costs(team: Team, day: date = TODAY) -> MonthCosts:
    with team_context(team.id):
        return month_costs(team.id, day, TODAY)


def test_it_says_what_the_cost_page_says(team: Team) -> None:
    november(team)
    budget(team)
    found = costs(team)
    with team_context(team.id):
        page = load(CostCut(team.id), parse_period("month", None, TODAY), NOW)
    assert (found.now, found.before) == (page.now, page.before)
    assert (found.runs, found.runs_before) == (page.runs, page.runs_before)
    assert found.budget is not None
    assert found.budget.course == page.budget
    # 22 days of 6.50, 4.00 and 3.25, two dollars of compute, a credit of one.
    assert found.now.cost_usd == Decimal("303.50")
    assert (found.runs.succeeded, found.runs_before.succeeded) == (8, 10)


def test_a_month_that_is_over_is_compared_with_the_one_before(team: Team) -> None:
    november(team)
    found = costs(team, date(2026, 10, 31))
    assert found.period.name == "October 2026"
    assert found.now.cost_usd == Decimal("333.25")
    assert found.before.cost_usd is None


def test_budgets_of_parts_are_others(team: Team) -> None:
    november(team)
    budget(team, "10", name="Leads", scope="workflow", workflow_id=workflow_id(team.id, "Leads"))
    budget(team, "5000", name="Claude", scope="provider", value="anthropic")
    found = costs(team)
    assert found.budget is None
    assert (len(found.others), found.over) == (2, 1)


def test_nothing_spent_is_known_and_no_unknown_amount(team: Team) -> None:
    found = costs(team)
    assert found.is_idle
    assert found.now.cost_usd is None


def test_the_number_of_queries_does_not_grow(team: Team) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as told:
            costs(team)
        return len(told)

    for name in ("a", "b"):
        spend(team, TODAY, "1", workflow=name)
        budget(team, name=name, scope="workflow", workflow_id=workflow_id(team.id, name))
    few = queries()
    for number in range(20):
        spend(team, TODAY, "1", workflow=f"w{number}")
        budget(team, name=f"w{number}", scope="workflow", workflow_id=workflow_id(team.id, f"w{number}"))
    assert queries() == few
