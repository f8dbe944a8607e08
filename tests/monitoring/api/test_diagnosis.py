"""Divergence, impact, retries and causes through the API, and deciding with a key that may."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Scope, Team
from accounts.tenancy import team_context
from monitoring.identity import execution_id, step_id
from monitoring.models import FailureGroup
from tests.factories import ApiKeyFactory, send
from tests.monitoring.api.test_reading import Caller
from tests.monitoring.healthy import fill, retried

pytestmark = pytest.mark.django_db
EXECUTIONS, GROUPS = "/api/v1/executions/", "/api/v1/groups/"


@pytest.fixture
def bad(team: Team) -> str:
    """The address of an execution that left the path of twelve others."""
    fill(team)
    return f"{EXECUTIONS}{execution_id(team.id, 'bad')}/"


@pytest.fixture
def group(team: Team, bad: str) -> str:
    with team_context(team.id):
        return f"{GROUPS}{FailureGroup.objects.get().id}/"


def post(key: str, address: str, body: Any, expect: int) -> Any:
    client = Client(headers={"authorization": f"Bearer {key}"})
    answer = client.post(address, body, content_type="application/json")
    assert answer.status_code == expect, answer.content
    return json.loads(answer.content)


def test_a_diagnosis_tells_divergence_impact_and_cause(team: Team, api_key: str, bad: str) -> None:
    found = Caller(api_key).get(f"{bad}diagnosis/")
    own = execution_id(team.id, "bad")
    divergence = found["divergence"]
    assert divergence["verdict"] == "diverged"
    assert divergence["first"][0]["kind"] == "empty output"
    assert divergence["cause"]["step_id"] == str(step_id(own, "parse"))
    assert divergence["symptom"]["node"] == "score"
    assert divergence["reference"]["runs"] == 12
    assert found["impact"]["not_reached"] == ["save"]
    assert found["impact"]["repeated"] == [str(step_id(own, "enrich"))]
    assert found["suggestion"]["cause"] == "process design"
    assert (found["retries"], found["decisions"]) == (None, [])


def test_attempts_of_steps_are_told_as_on_the_page(team: Team, api_key: str) -> None:
    send(team, retried())
    own = execution_id(team.id, "tried")
    found = Caller(api_key).get(f"{EXECUTIONS}{own}/diagnosis/")["step_retries"]
    assert (found["retried"], found["saved"], found["in_vain"], found["succeeded_at_attempt"]) == (1, 1, 0, {"3": 1})
    (story,) = found["stories"]
    assert story["step_ids"] == [str(step_id(own, f"ask-{number}")) for number in (1, 2, 3)]
    assert (story["node"], story["succeeded_at"], story["paused_ms"]) == ("ask", 3, 7_000)
    last = story["attempts"][2]
    assert (last["pause_ms"], last["changes"]["model"], last["output_shape"]) == (5_000, ["large", "small"], "{text}")


def test_one_that_succeeded_needs_no_cause(team: Team, api_key: str, bad: str) -> None:
    found = Caller(api_key).get(f"{EXECUTIONS}{execution_id(team.id, 'good-1')}/diagnosis/")
    assert found["divergence"]["verdict"] == "as usual"
    assert (found["impact"], found["suggestion"]) == (None, None)


def test_groups_are_listed_and_told_with_their_suggestion(api_key: str, group: str) -> None:
    caller = Caller(api_key)
    (row,) = caller.get(GROUPS, workflow="lead")["results"]
    assert (row["node"], caller.get(GROUPS, workflow="none")["results"]) == ("score", [])
    found = caller.get(group)
    assert found["id"] == row["id"]
    assert found["suggestion"]["evidence"]
    assert found["releases"][0]["release"] == "42"
    assert found["agreement"][0]["decided"] == 0


def test_a_key_decides_and_its_name_is_kept(api_key: str, bad: str, group: str) -> None:
    made = post(api_key, f"{bad}classification/", {"cause": "latency", "note": "slow"}, 201)
    assert (made["cause"], made["suggested"]) == ("latency", "process design")
    post(api_key, f"{group}classification/", {"cause": "process design"}, 201)
    decisions = Caller(api_key).get(f"{bad}diagnosis/")["decisions"]
    assert [one["note"] for one in decisions] == ["", "slow"]
    assert decisions[1]["by"] == made["by"]
    assert Caller(api_key).get(group)["agreement"][0] | {"interval": None} == {
        "suggested": None,
        "decided": 2,
        "agreed": 1,
        "share": 0.5,
        "interval": None,
    }


@pytest.mark.parametrize("body", [{}, {"cause": "bad luck"}, {"cause": "latency", "note": "x" * 2001}])
def test_what_cannot_be_decided_is_refused(api_key: str, group: str, body: dict[str, str]) -> None:
    assert post(api_key, f"{group}classification/", body, 400)["status"] == 400


def test_a_key_without_the_scope_does_not_decide(team: Team, bad: str, group: str) -> None:
    key = ApiKeyFactory(team=team, scopes=[Scope.READ])
    for address in (bad, group):
        post(key.text, f"{address}classification/", {"cause": "latency"}, 403)


def test_of_another_team_or_of_nobody_is_not_found(other_team, api_key: str, bad: str, group: str) -> None:
    stranger = Caller(other_team.api_key)
    for address in (f"{bad}diagnosis/", group):
        stranger.get(address, expect=404)
    post(other_team.api_key, f"{group}classification/", {"cause": "latency"}, 404)
    Caller(api_key).get(f"{GROUPS}{uuid4()}/", expect=404)
    Caller(api_key).get(f"{EXECUTIONS}nonsense/diagnosis/", expect=404)
