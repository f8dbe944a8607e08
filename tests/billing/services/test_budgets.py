"""Budgets: what is kept, what is refused with field, reason and limit, and the history of changes."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import ApiKey, MemberGroup, Team, User
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from billing.models import Budget, BudgetEvent, ExchangeRate
from billing.reads.budgets import amount_in
from billing.services.budgets import remove_budget, save_budget
from billing.services.refusals import Refused
from monitoring.identity import workflow_id
from tests.billing.budgeting import budget
from tests.billing.spending import NOW, TODAY, spend

pytestmark = pytest.mark.django_db


def reasons(team: Team, kept: Budget | None = None, **fields: Any) -> dict[str, str]:
    told = fields if kept else {"name": "New", "amount": "100", **fields}
    with team_context(team.id), pytest.raises(Refused) as refused:
        save_budget(team_id=team.id, fields=told, by=ApiKey(name="a key"), now=NOW, budget_id=kept.id if kept else None)
    return refused.value.reasons


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"amount": "0"}, "amount", "must be more than 0"),
        ({"amount": "-5"}, "amount", "must not be negative"),
        ({"amount": "1,500"}, "amount", "without separators of thousands"),
        ({"amount": "1" * 13}, "amount", "at most 12 digits before the point"),
        ({"amount": "NaN"}, "amount", "must be a number"),
        ({"amount": Decimal("Infinity")}, "amount", "must be a number"),
        ({"amount": ""}, "amount", "must be told"),
        ({"amount": None}, "amount", "must be told"),
        ({"currency": "XXX"}, "currency", "ISO 4217"),
        ({"currency": "EUR"}, "currency", "has no exchange rate for 2026-11-22"),
        ({"name": " "}, "name", "must be told"),
        ({"name": "x" * 121}, "name", "at most 120 characters"),
        ({"name": "a\x00b"}, "name", "without NUL"),
        ({"scope": "planet"}, "scope", "must be one of: team, workflow, provider, tag"),
        ({"scope": "workflow"}, "workflow", "must be told"),
        ({"scope": "workflow", "workflow_id": uuid4()}, "workflow", "is not known"),
        ({"scope": "provider"}, "value", "must be told"),
        ({"scope": "provider", "value": "nobody"}, "value", "is no provider that executions told"),
        ({"scope": "tag", "value": "customer=nobody"}, "value", "is no tag of executions, as key=value"),
        ({"environment": "moon"}, "environment", "is not one that executions told"),
        ({"thresholds": [{"on": "actual", "percent": 0}]}, "thresholds", "whole percents from 1 to 1,000"),
        ({"thresholds": [{"on": "actual", "percent": 1001}]}, "thresholds", "whole percents from 1 to 1,000"),
        ({"thresholds": [{"on": "actual", "percent": 50.5}]}, "thresholds", "whole percents"),
        ({"thresholds": [{"on": "moon", "percent": 50}]}, "thresholds", "must be on one of: actual, forecast"),
        ({"thresholds": [{"on": "actual", "percent": one} for one in range(1, 12)]}, "thresholds", "at most 10"),
        ({"thresholds": ["half"]}, "thresholds", "must be on one of"),
        ({"thresholds": "half"}, "thresholds", "must be a list"),
        ({"owner_id": uuid4()}, "owner", "must be a member of the team"),
        ({"owner_group_id": uuid4()}, "owner", "must be a group of the team"),
    ],
)
def test_what_is_refused(team: Team, fields: dict[str, Any], field: str, reason: str) -> None:
    found = reasons(team, **fields)
    assert set(found) == {field}
    assert reason in found[field]
    with team_context(team.id):
        assert not Budget.objects.exists()
        assert not BudgetEvent.objects.exists()


def test_two_of_one_scope_or_name_are_refused(team: Team) -> None:
    spend(team, TODAY, "1", workflow="Leads", environment="staging")
    budget(team)
    leads = {"scope": "workflow", "workflow_id": workflow_id(team.id, "Leads")}
    budget(team, name="Leads", **leads)
    budget(team, name="Staging", environment="staging")
    assert reasons(team) == {"scope": "has a budget already: All"}
    assert reasons(team, **leads) == {"scope": "has a budget already: Leads"}
    assert reasons(team, **leads, environment="staging", name="All") == {"name": "is that of another budget"}
    both = {"owner_id": uuid4(), "owner_group_id": uuid4(), "scope": "provider", "value": "openai"}
    assert reasons(team, **both) == {"owner": "must be a member or a group, not both"}


def test_what_a_team_has_does_not_count_for_another(team: Team, other_team: NewTeam) -> None:
    budget(team)
    budget(other_team.team)
    spend(team, TODAY, "1", workflow="Leads")
    leads = {"scope": "workflow", "workflow_id": workflow_id(team.id, "Leads")}
    assert reasons(other_team.team, **leads) == {"workflow": "is not known"}


def test_more_than_a_team_may_have_are_refused(team: Team) -> None:
    with team_context(team.id):
        Budget.objects.bulk_create(
            Budget(team=team, name=f"{n}", scope="provider", value=f"{n}", amount=Decimal(1)) for n in range(100)
        )
    assert reasons(team) == {"name": "cannot be added: a team has at most 100 budgets"}


def test_an_amount_that_changes_counts_from_its_month_on(team: Team, owner: User) -> None:
    made = budget(team, "500", now=NOW.replace(month=8))
    change = {"team_id": team.id, "by": owner, "budget_id": made.id}
    with team_context(team.id):
        ExchangeRate.objects.create(team=team, currency="EUR", starts_on=date(2026, 1, 1), usd=Decimal("1.1"))
        save_budget(fields={"amount": "550"}, now=NOW.replace(month=8, day=30), **change)
        save_budget(fields={"amount": "600"}, now=NOW.replace(month=10), **change)
        save_budget(fields={"amount": "700", "currency": "eur"}, now=NOW.replace(month=10, day=30), **change)
        save_budget(fields={"amount": "800.50"}, now=NOW, **change)
        kept = Budget.objects.get()
    amounts = {month: amount_in(kept, date(2026, month, 1)) for month in range(7, 13)}
    assert amounts == {
        **dict.fromkeys((7, 8, 9), (Decimal(550), "USD")),
        10: (Decimal(700), "EUR"),
        **dict.fromkeys((11, 12), (Decimal("800.50"), "EUR")),
    }


def test_history_says_who_changed_what(team: Team, owner: User) -> None:
    spend(team, TODAY, "1", workflow="Leads")
    thresholds = [{"on": "forecast", "percent": 100}, {"on": "actual", "percent": 80}]
    made = budget(team, thresholds=[*thresholds, *thresholds])
    change = {"team_id": team.id, "by": owner, "now": NOW, "budget_id": made.id}
    with team_context(team.id):
        group = MemberGroup.objects.create(team=team, name="Finance")
        leads = {"scope": "workflow", "workflow_id": workflow_id(team.id, "Leads")}
        save_budget(fields={**leads, "amount": "600", "owner_group_id": group.id, "is_active": False}, **change)
        save_budget(fields={"amount": "600.00"}, **change)
        remove_budget(**change)
        events = list(BudgetEvent.objects.order_by("at", "what").values_list("what", "key_name", "by_id", "changes"))
    assert events == [
        (
            "made",
            "a key",
            None,
            {
                "name": ["", "All"],
                "scope": ["", "team"],
                "amount": ["", "500"],
                "currency": ["", "USD"],
                "thresholds": ["", "80% actual, 100% forecast"],
                "active": ["", "yes"],
            },
        ),
        (
            "changed",
            "",
            owner.id,
            {
                "scope": ["team", "workflow"],
                "workflow": ["", "Leads"],
                "amount": ["500", "600"],
                "owner group": ["", "Finance"],
                "active": ["yes", "no"],
            },
        ),
        ("removed", "", owner.id, {}),
    ]
    assert budget(team, name="All").id != made.id


def test_what_vanished_does_not_stand_in_the_way(team: Team, owner: User) -> None:
    spend(team, TODAY, "1", provider="openai")
    made = budget(team, scope="provider", value="openai", owner_id=owner.id)
    with team_context(team.id):
        Budget.objects.update(value="gone", owner=uuid4(), currency="EUR")
        save_budget(team_id=team.id, fields={"amount": "9"}, by=owner, now=NOW, budget_id=made.id)
        assert Budget.objects.get().amount == 9
        with pytest.raises(Budget.DoesNotExist):
            save_budget(team_id=team.id, fields={"amount": "9"}, by=owner, now=NOW, budget_id=uuid4())
