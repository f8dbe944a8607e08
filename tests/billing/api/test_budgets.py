"""Budgets by the API: the figures of the pages, the same refusals, the scope of costs to change anything."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import ApiKey, Scope, Team
from accounts.services.teams import NewTeam
from billing.models import Budget
from tests.billing.budgeting import budget
from tests.billing.spending import NOW, november

pytestmark = pytest.mark.django_db
URL = "/api/v1/costs/budgets/"


@pytest.fixture(autouse=True)
def _in_november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def call(client: Client, api_key: str) -> Any:
    """Calls with a key that may change costs."""
    for key in ApiKey.objects.all():
        key.scopes = [*key.scopes, Scope.COST]
        key.save()

    def do(method: str, path: str = "", body: Any = None) -> Any:
        told = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {api_key}"}}
        return client.generic(method, URL + path, data="" if body is None else json.dumps(body), **told)

    return do


def test_it_is_made_read_changed_and_removed(call: Any, team: Team) -> None:
    november(team)
    thresholds = [{"on": "actual", "percent": 80}, {"on": "forecast", "percent": 100}]
    made = call("POST", body={"name": "All", "amount": "350.0000001", "thresholds": thresholds})
    assert made.status_code == 201, made.content
    found = made.json()
    assert (found["amount"], found["amount_usd"], found["actual_usd"]) == ("350.0000001", "350.0000001", "303.50")
    assert (found["state"], found["is_least"], found["unpriced_tokens"]) == ("over", True, 1100)
    assert [one["is_reached"] for one in found["reached"]] == [True, True]
    assert found["expected_on"].startswith("2026-11-2")
    assert call("GET").json()["results"] == [found]
    october = call("GET", f"{found['id']}/?month=2026-10").json()
    assert (october["month"], october["actual_usd"], october["forecast_usd"]) == ("2026-10", "333.25", None)
    changed = call("PATCH", f"{found['id']}/", {"amount": "1000", "workflow": None}).json()
    assert (changed["amount"], changed["state"], changed["thresholds"]) == ("1000", "inside", found["thresholds"])
    assert call("DELETE", f"{found['id']}/").status_code == 204
    assert call("GET", f"{found['id']}/").status_code == 404
    assert call("DELETE", f"{found['id']}/").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": "-1"}, "amount"),
        ({"amount": "1" * 41}, "amount"),
        ({"amount": "5", "scope": "workflow", "workflow": "nowhere"}, "workflow"),
        ({"amount": "5", "scope": "workflow"}, "workflow"),
        ({"amount": "5", "thresholds": [{"on": "actual", "percent": 1001}]}, "thresholds"),
        ({"amount": "5", "thresholds": [{"on": "actual", "percent": one} for one in range(1, 20)]}, "thresholds"),
        ({"amount": "5", "currency": "EUR"}, "currency"),
        ({}, "amount"),
    ],
)
def test_what_is_refused_names_the_field(call: Any, body: dict[str, Any], field: str) -> None:
    response = call("POST", body={"name": "New", **body})
    assert response.status_code == 400
    assert [one["field"] for one in response.json()["errors"]] == [field]


def test_a_month_that_is_none_is_refused(call: Any) -> None:
    for month in ("2026-13", "2027-01", "x", ""):
        assert call("GET", f"?month={month}").status_code == 400


def test_a_key_without_the_scope_reads_only(client: Client, api_key: str, team: Team, other_team: NewTeam) -> None:
    kept, theirs = budget(team), budget(other_team.team)
    told = {"headers": {"Authorization": f"Bearer {api_key}"}}
    ApiKey.objects.update(scopes=[Scope.READ])
    assert client.get(URL, **told).status_code == 200
    assert client.get(f"{URL}{theirs.id}/", **told).status_code == 404
    for response in (
        client.post(URL, {"name": "x", "amount": "5"}, content_type="application/json", **told),
        client.patch(f"{URL}{kept.id}/", {"amount": "5"}, content_type="application/json", **told),
        client.delete(f"{URL}{kept.id}/", **told),
    ):
        assert response.status_code == 403
    assert client.get(URL).status_code == 401
    assert isinstance(kept, Budget)
