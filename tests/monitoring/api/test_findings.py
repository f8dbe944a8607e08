"""Findings as a program reads and decides about them."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Scope, Team
from accounts.services.teams import NewTeam
from monitoring.models import Finding
from tests.factories import ApiKeyFactory
from tests.monitoring.api.test_reading import Caller
from tests.monitoring.finding_runs import fill, the_finding

FINDINGS = "/api/v1/findings/"


@pytest.fixture
def caller(api_key: str) -> Caller:
    return Caller(api_key)


@pytest.fixture
def found(team: Team) -> Finding:
    fill(team)
    return the_finding(team)


def post(caller: Caller, address: str, body: Any = None, expect: int = 200) -> Any:
    answer = caller.client.post(address, json.dumps(body or {}), content_type="application/json")
    assert answer.status_code == expect, answer.content
    return json.loads(answer.content)


def test_the_list_has_what_the_page_has(caller: Caller, found: Finding) -> None:
    rows = caller.get(FINDINGS)["results"]
    assert [row["title"] for row in rows] == [
        "Failures are concentrated in step score and input type scan",
        "Money is spent on runs that fail",
    ]
    first = rows[0]
    assert first["id"] == str(found.id)
    assert (first["kind"], first["status"], first["workflow"]) == ("concentration", "open", "Lead")
    assert first["worth"] == pytest.approx(found.worth)
    assert {line["name"] for line in first["evidence"]["lines"]} >= {"Failures", "Lift", "Would be saved a week"}
    assert {one["kind"] for one in first["advice"]} == {"node design", "retry and back-off", "timeout"}
    assert all(one["published"] for one in first["advice"])
    assert caller.get(f"{FINDINGS}{found.id}/") == first


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({"workflow": "Lead"}, 2),
        ({"workflow": "lead"}, 2),
        ({"workflow": "nowhere"}, 0),
        ({"kind": "cost"}, 1),
        ({"status": "gone"}, 0),
        ({"environment": "staging"}, 0),
        ({"q": "money"}, 1),
    ],
)
@pytest.mark.usefixtures("found")
def test_filters(caller: Caller, parameters: dict[str, str], count: int) -> None:
    assert len(caller.get(FINDINGS, **parameters)["results"]) == count


def test_what_cannot_be_meant_names_the_field_and_what_is_allowed(caller: Caller) -> None:
    error = caller.get(FINDINGS, expect=400, kind="odd")["errors"][0]
    assert error["field"] == "kind"
    assert "concentration, divergence, cause" in error["detail"] if "detail" in error else str(error)


def test_a_key_dismisses_and_reopens(caller: Caller, found: Finding) -> None:
    address = f"{FINDINGS}{found.id}/"
    done = post(caller, f"{address}dismiss/", {"why": "planned for May"})
    assert (done["status"], done["dismissed_why"], done["events"][-1]["what"]) == (
        "dismissed",
        "planned for May",
        "dismissed",
    )
    assert done["dismissed_by"] == done["events"][-1]["by"] != ""
    refused = post(caller, f"{address}dismiss/", {"why": "again"}, expect=400)
    assert "it is dismissed, not open" in json.dumps(refused)
    assert post(caller, f"{address}reopen/")["status"] == "open"
    assert post(caller, f"{address}reopen/", expect=400)


@pytest.mark.parametrize("why", ["", "x" * 2001, None])
def test_a_reason_is_needed_and_bounded(caller: Caller, found: Finding, why: str | None) -> None:
    refused = post(caller, f"{FINDINGS}{found.id}/dismiss/", {"why": why}, expect=400)
    assert refused["errors"][0]["field"] == "why"


def test_reading_is_not_deciding(team: Team, found: Finding) -> None:
    reader = Caller(ApiKeyFactory(team=team, scopes=[Scope.READ]).text)
    reader.get(f"{FINDINGS}{found.id}/")
    post(reader, f"{FINDINGS}{found.id}/dismiss/", {"why": "x"}, expect=403)


def test_another_team_and_an_unknown_id_find_the_same_nothing(found: Finding, other_team: NewTeam) -> None:
    stranger = Caller(other_team.api_key)
    assert stranger.get(FINDINGS)["results"] == []
    own = stranger.get(f"{FINDINGS}{found.id}/", expect=404)
    assert own == stranger.get(f"{FINDINGS}{uuid4()}/", expect=404)
    stranger.get(f"{FINDINGS}nonsense/", expect=404)
    post(stranger, f"{FINDINGS}{found.id}/dismiss/", {"why": "x"}, expect=404)


@pytest.mark.parametrize("part", ["", "x/", "x/dismiss/", "x/reopen/"])
def test_without_a_key_it_is_401_and_wrong_methods_405(api_key: str, part: str) -> None:
    assert Client().get(f"{FINDINGS}{part}").status_code == 401
    assert Client(headers={"x-api-key": api_key}).put(f"{FINDINGS}{part}").status_code == 405
