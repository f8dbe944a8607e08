"""Failure groups through the API: the list with triage and suggestions, and changing one or many."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Scope, Team
from accounts.tenancy import team_context
from monitoring.models import FailureGroup
from monitoring.services.diagnosis import diagnose_due
from tests.factories import ApiKeyFactory
from tests.monitoring.api.test_diagnosis import post
from tests.monitoring.api.test_reading import Caller
from tests.monitoring.views.test_group_list import fail

pytestmark = pytest.mark.django_db
GROUPS = "/api/v1/groups/"


@pytest.fixture
def ids(team: Team) -> dict[str, str]:
    """The ids of three groups, by error: `owner` was seen last, in another workflow; all are diagnosed."""
    for minutes in (30, 40, 50):
        fail(team, "company", minutes=minutes, release="42")
    fail(team, "budget", minutes=20)
    fail(team, "owner", minutes=10, workflow="Deal")
    diagnose_due(timezone.now() + timedelta(seconds=11), seconds=60)
    with team_context(team.id):
        return {one.title.split(": ")[-1]: str(one.id) for one in FailureGroup.objects.all()}


def patch(key: str, address: str, body: Any, expect: int = 200) -> Any:
    client = Client(headers={"authorization": f"Bearer {key}"})
    answer = client.patch(address, body, content_type="application/json")
    assert answer.status_code == expect, answer.content
    return json.loads(answer.content)


def errors(problem: dict[str, Any]) -> dict[str, str]:
    return {one["field"]: one["reason"] for one in problem["errors"]}


def listed(key: str, **query: Any) -> list[str]:
    return [row["title"].split(": ")[-1] for row in Caller(key).get(GROUPS, **query)["results"]]


def test_the_list_tells_triage_failures_and_the_suggested_cause(api_key: str, ids: dict[str, str]) -> None:
    found = Caller(api_key).get(GROUPS)
    assert [row["failures"] for row in found["results"]] == [1, 1, 3]
    assert found["by_status"] == {"open": 3, "reviewed": 0, "ignored": 0, "resolved": 0, "reopened": 0}
    row = found["results"][-1]
    assert (row["workflow"], row["node"], row["merged"], row["improvement"]) == ("Lead", "score", [], None)
    assert row["triage"] == {"status": "open", "since": None, "by": "", "assignee": None, "terms": {}}
    for one in found["results"]:
        own = Caller(api_key).get(f"{GROUPS}{one['id']}/")
        assert one["suggestion"] == {name: own["suggestion"][name] for name in ("cause", "words", "lead")}
        assert own["triage"] == one["triage"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"sort": "-failures"}, ["company", "owner", "budget"]),
        ({"workflow": "lead"}, ["budget", "company"]),
        ({"workflow": "nothing"}, []),
        ({"q": "own"}, ["owner"]),
        ({"release": "42"}, ["company"]),
        ({"environment": "staging"}, []),
        ({"from": "now-15m"}, ["owner"]),
        ({"status": "open"}, ["owner", "budget", "company"]),
        ({"status": "-open"}, []),
        ({"assignee": "nobody"}, ["owner", "budget", "company"]),
        ({"assignee": "stranger@mountain.test"}, []),
    ],
)
def test_filters(api_key: str, ids: dict[str, str], query: dict[str, str], expected: list[str]) -> None:
    found = listed(api_key, **query)
    assert (sorted(found), found[:1]) == (sorted(expected), expected[:1])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "closed"}, "status"),
        ({"sort": "name"}, "sort"),
        ({"limit": 201}, "limit"),
        ({"after": "x"}, "after"),
        ({"from": "now", "to": "now-1d"}, "from"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_field(api_key: str, ids: dict[str, str], query: Any, field: str) -> None:
    assert field in errors(Caller(api_key).get(GROUPS, expect=400, **query))


def test_pages_follow_each_other(api_key: str, ids: dict[str, str]) -> None:
    caller, seen = Caller(api_key), []
    address = f"{GROUPS}?limit=2"
    while address:
        found = caller.get(address)
        seen += [row["id"] for row in found["results"]]
        address = found["next"]
    assert sorted(seen) == sorted(ids.values())
    assert len(caller.get(found["previous"])["results"]) == 2


def test_one_is_ignored_assigned_and_opened_again(api_key: str, member, ids: dict[str, str]) -> None:
    address = f"{GROUPS}{ids['company']}/"
    body = {"status": "ignored", "count": 20, "within_minutes": 60, "assignee": member.email}
    found = patch(api_key, address, body)
    assert found | {"since": 0, "by": ""} == {
        "status": "ignored",
        "since": 0,
        "by": "",
        "assignee": member.email,
        "terms": {"count": 20, "within_minutes": 60},
    }
    history = Caller(api_key).get(address)["history"]
    assert {one["kind"] for one in history} == {"assigned", "ignored"}
    assert listed(api_key, status="ignored") == ["company"]
    assert listed(api_key, assignee=member.email) == ["company"]
    found = patch(api_key, address, {"status": "open", "assignee": None})
    assert (found["status"], found["assignee"]) == ("open", None)
    assert len(Caller(api_key).get(address)["history"]) == 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": "reopened"}, "status"),
        ({"status": "ignored", "until": "yesterday"}, "until"),
        ({"status": "ignored", "count": 0}, "count"),
        ({"status": "resolved", "release": "7", "next_release": True}, "release"),
        ({"status": "open", "assignee": "stranger@mountain.test"}, "assignee"),
    ],
)
def test_a_change_without_meaning_is_refused_and_changes_nothing(
    api_key: str, ids: dict[str, str], body: Any, field: str
) -> None:
    address = f"{GROUPS}{ids['company']}/"
    assert field in errors(patch(api_key, address, body, 400))
    assert Caller(api_key).get(address)["history"] == []


def test_many_are_changed_merged_and_split(api_key: str, ids: dict[str, str]) -> None:
    both = [ids["company"], ids["budget"]]
    bulk = f"{GROUPS}bulk/"
    assert post(api_key, bulk, {"action": "resolve", "next_release": True, "groups": both}, 200) == {
        "changed": 2,
        "unchanged": 0,
    }
    post(api_key, bulk, {"action": "merge", "into": ids["budget"], "groups": both}, 200)
    (row,) = Caller(api_key).get(GROUPS, status="resolved")["results"]
    assert (row["id"], row["failures"], row["merged"]) == (ids["budget"], 4, [ids["company"]])
    assert row["triage"]["terms"] == {"next_release": True}
    # The id of a merged group leads to the group that it counts as.
    found = Caller(api_key).get(f"{GROUPS}{ids['company']}/")
    assert (found["id"], found["merged"]) == (ids["budget"], [ids["company"]])
    assert sum(one["failures"] for one in found["releases"]) == 4
    post(api_key, bulk, {"action": "split", "groups": [ids["budget"]]}, 200)
    assert sorted(listed(api_key, status="resolved")) == ["budget", "company"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "resolve", "groups": []}, "groups"),
        ({"action": "resolve", "groups": ["x"]}, "groups"),
        ({"action": "forget", "groups": ["company"]}, "action"),
        ({"action": "merge", "groups": ["company"]}, "groups"),
        ({"action": "merge", "groups": ["company", "owner"]}, "groups"),
        ({"action": "split", "groups": ["company"]}, "members"),
    ],
)
def test_bad_bulk_changes_are_refused(api_key: str, ids: dict[str, str], body: Any, field: str) -> None:
    body = {**body, "groups": [ids.get(name, name) for name in body["groups"]]}
    assert field in errors(post(api_key, f"{GROUPS}bulk/", body, 400))


def test_scopes_and_teams(team: Team, other_team, ids: dict[str, str]) -> None:
    reader = ApiKeyFactory(team=team, scopes=[Scope.READ])
    address, body = f"{GROUPS}{ids['company']}/", {"action": "resolve", "groups": [ids["company"]]}
    patch(reader.text, address, {"status": "resolved"}, 403)
    post(reader.text, f"{GROUPS}bulk/", body, 403)
    patch(other_team.api_key, address, {"status": "resolved"}, 404)
    assert "groups" in errors(post(other_team.api_key, f"{GROUPS}bulk/", body, 400))
    assert Caller(other_team.api_key).get(GROUPS)["results"] == []


def test_the_number_of_queries_is_the_same_with_many_groups(team: Team, api_key: str, ids: dict[str, str]) -> None:
    counts = []
    # The first call of a key also notes that it was used.
    Caller(api_key).get(GROUPS)
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            Caller(api_key).get(GROUPS)
        counts.append(len(queries))
        for letter in "abcdefghijklmnopqrst":
            fail(team, f"more {letter * 3}", minutes=5)
    assert counts[0] == counts[1]
