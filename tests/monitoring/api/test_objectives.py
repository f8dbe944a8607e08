"""The objective of a workflow through the API: read with what history proposes, changed by a key that may."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Scope, Team
from accounts.services.teams import NewTeam
from monitoring.services.baselines import build_all
from tests.factories import NOW, ApiKeyFactory, report, store
from tests.monitoring.api.test_reading import Caller
from tests.monitoring.test_baselines import history

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/workflows/nightly/"
NONE = {"objective_success_rate": None, "objective_p95_ms": None, "objective_freshness_ms": None}


def patch(key: str, body: Any, expect: int = 200, address: str = ADDRESS) -> Any:
    client = Client(headers={"authorization": f"Bearer {key}"})
    answer = client.patch(address, body, content_type="application/json")
    assert answer.status_code == expect, answer.content
    return json.loads(answer.content)


def objective(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in NONE}


@pytest.fixture
def nightly(team: Team) -> Team:
    """A team with a workflow that ran once."""
    store(team, report())
    return team


@pytest.mark.usefixtures("nightly")
def test_what_is_told_is_set_null_takes_away_and_the_rest_stays(api_key: str) -> None:
    assert objective(Caller(api_key).get(ADDRESS)) == NONE
    made = patch(api_key, {"objective_success_rate": 0.97, "objective_p95_ms": 30_000})
    assert objective(made) == {**NONE, "objective_success_rate": 0.97, "objective_p95_ms": 30_000}
    made = patch(api_key, {"objective_success_rate": None, "objective_freshness_ms": 86_400_000})
    assert objective(made) == {**NONE, "objective_p95_ms": 30_000, "objective_freshness_ms": 86_400_000}
    assert objective(Caller(api_key).get(ADDRESS)) == objective(made)
    (row,) = Caller(api_key).get("/api/v1/workflows/")["results"]
    assert objective(row) == objective(made)
    assert (made["slug"], made["environment"]) == ("nightly", "production")


def test_what_history_proposes_is_shown_with_its_arithmetic(team: Team, api_key: str) -> None:
    store(team, *history())
    build_all(NOW + timedelta(minutes=5))
    proposed = Caller(api_key).get(ADDRESS)["proposed_objectives"]
    assert proposed["success_rate"]["value"] == 0.9
    assert "weeks" in proposed["success_rate"]["words"]
    assert Caller(api_key).get(ADDRESS, environment="staging")["proposed_objectives"]["p95_ms"]["value"] is None


@pytest.mark.usefixtures("nightly")
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Tell at least one of objective_success_rate, objective_p95_ms, objective_freshness_ms, schedule, "),
        ([], "Invalid data"),
        ({"objective_success_rate": 97}, "Give a share of 1 from 0.01 to 1, such as 0.97, or null to take it away."),
        ({"objective_success_rate": 0}, "Give a share of 1 from 0.01 to 1"),
        ({"objective_success_rate": "0.9"}, "Give a share of 1 from 0.01 to 1"),
        ({"objective_success_rate": True}, "Give a share of 1 from 0.01 to 1"),
        ({"objective_p95_ms": 0.5}, "Give milliseconds from 1 to 10,000,000,000, such as 30000"),
        ({"objective_freshness_ms": 1e300}, "Give milliseconds from 36,000 to 360,000,000,000, such as 86400000"),
        ({"objective_p95_ms": 10, "name": "other"}, "Cannot be changed. What can: objective_success_rate"),
    ],
)
def test_what_cannot_be_an_objective_is_refused_with_the_limit(api_key: str, body: Any, words: str) -> None:
    refused = patch(api_key, body, 400)
    assert words in json.dumps(refused)
    at_fault = "name" if "name" in body else next(iter(body), "non_field_errors")
    assert refused["errors"][0]["field"] == at_fault
    assert objective(Caller(api_key).get(ADDRESS)) == NONE


def test_it_takes_the_scope_and_the_own_team(nightly: Team, api_key: str, other_team: NewTeam) -> None:
    reader = ApiKeyFactory(team=nightly, scopes=[Scope.READ]).text
    patch(reader, {"objective_p95_ms": 10}, 403)
    assert Caller(reader).get(ADDRESS)["slug"] == "nightly"
    patch(other_team.api_key, {"objective_p95_ms": 10}, 404)
    Caller(other_team.api_key).get(ADDRESS, expect=404)
    patch(api_key, {"objective_p95_ms": 10}, 404, "/api/v1/workflows/nobody/")
    assert Client().get(ADDRESS).status_code == 401
    assert Client(headers={"authorization": f"Bearer {api_key}"}).delete(ADDRESS).status_code == 405
