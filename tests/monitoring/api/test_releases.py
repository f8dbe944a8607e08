"""Releases through the API: announced, met by what executions tell, listed, refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Scope, Team
from accounts.tenancy import team_context
from monitoring.identity import release_id, workflow_id
from monitoring.models import Release, Workflow
from tests.factories import NOW, ApiKeyFactory, report, store
from tests.monitoring.api.test_reading import Caller

pytestmark = pytest.mark.django_db
RELEASES = "/api/v1/releases"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def announce(key: str, expect: int, **body: Any) -> Any:
    client = Client(headers={"authorization": f"Bearer {key}"})
    answer = client.post(RELEASES, body, content_type="application/json")
    assert answer.status_code == expect, answer.content
    return json.loads(answer.content)


def test_an_announced_release_is_kept_with_who_said_so(api_key: str, team: Team) -> None:
    told = announce(
        api_key, 201, workflow="Night shift", name="v7", commit="3f2a1c", url="https://ci.test/7", note="Retries\ntwice"
    )
    assert told["workflow"] == "night-shift"
    assert told["live_at"] == told["released_at"] == told["announced_at"] == "2026-08-12T12:00:00Z"
    assert (told["announced_by"], told["first_seen_at"], told["changed"]) == ("First key", None, [])
    with team_context(team.id):
        assert Workflow.objects.get().name == "Night shift"
    caller = Caller(api_key)
    assert caller.get(f"{RELEASES}/{told['id']}")["commit"] == "3f2a1c"
    assert [one["name"] for one in caller.get(RELEASES, workflow="night-shift")["results"]] == ["v7"]
    assert caller.get(f"{RELEASES}/", workflow="other")["results"] == []


def test_the_same_again_answers_200_and_says_what_changed(api_key: str, team: Team) -> None:
    first = announce(api_key, 201, workflow="nightly", name="v7", commit="aaa")
    assert announce(api_key, 200, workflow="nightly", name="v7", commit="aaa") == first
    again = announce(api_key, 200, workflow="nightly", name="v7", commit="bbb", released_at="2026-08-12T11:00:00+02:00")
    assert again["changed"] == ["released_at", "commit"]
    assert (again["id"], again["live_at"], again["commit"]) == (first["id"], "2026-08-12T09:00:00Z", "bbb")
    with team_context(team.id):
        assert Release.objects.count() == 1


@pytest.mark.parametrize("seen_first", [True, False])
def test_what_is_announced_and_what_is_seen_meet_in_one_row(api_key: str, team: Team, seen_first: bool) -> None:
    earlier = NOW - timedelta(hours=1)
    if seen_first:
        store(team, report(release="v7"))
    announce(api_key, 200 if seen_first else 201, workflow="nightly", name="v7", released_at=earlier.isoformat())
    if not seen_first:
        store(team, report(release="v7"))
    with team_context(team.id):
        row = Release.objects.get()
    assert row.id == release_id(workflow_id(team.id, "nightly"), "v7")
    assert (row.live_at, row.released_at) == (earlier, earlier)
    assert row.first_seen_at == NOW - timedelta(minutes=1)


def test_a_release_that_was_seen_stays_live_from_then_unless_told(api_key: str, team: Team) -> None:
    store(team, report(release="v7"))
    told = announce(api_key, 200, workflow="nightly", name="v7", note="seen")
    assert (told["released_at"], told["live_at"]) == (None, "2026-08-12T11:59:00Z")
    assert told["announced_at"] == "2026-08-12T12:00:00Z"
    announce(api_key, 200, workflow="nightly", name="v7", released_at="2026-08-12T10:00:00Z")
    assert announce(api_key, 200, workflow="nightly", name="v7", released_at=None)["live_at"] == "2026-08-12T11:59:00Z"


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("workflow", "", "may not be blank"),
        ("name", "n" * 201, "no more than 200 characters"),
        ("name", "a\x07", "control character"),
        ("released_at", "yesterday", "wrong format"),
        ("released_at", "2026-08-14T00:00:00Z", "is more than a day ahead"),
        ("released_at", "2026-01-01T00:00:00Z", "is more than 90 days ago"),
        ("commit", "c" * 101, "no more than 100 characters"),
        ("url", "javascript:alert(1)", "must start with http:// or https://"),
        ("url", "https://", "and name a host"),
        ("note", "n" * 2001, "no more than 2000 characters"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_field(api_key: str, field: str, value: str, reason: str) -> None:
    told = announce(api_key, 400, **{"workflow": "nightly", "name": "v7", field: value})
    assert [one["field"] for one in told["errors"]] == [field]
    assert reason in told["errors"][0]["reason"]


def test_the_time_of_a_release_nobody_saw_cannot_be_taken_away(api_key: str) -> None:
    announce(api_key, 201, workflow="nightly", name="v7")
    told = announce(api_key, 400, workflow="nightly", name="v7", released_at=None)
    assert "no execution with this release was seen yet" in told["errors"][0]["reason"]


def test_scopes_and_teams_are_kept_apart(api_key: str, team: Team, other_team: Any) -> None:
    made = announce(api_key, 201, workflow="nightly", name="v7")
    announce(ApiKeyFactory(team=team, scopes=[Scope.READ]).text, 403, workflow="nightly", name="v8")
    Caller(ApiKeyFactory(team=team, scopes=[Scope.RELEASE]).text).get(RELEASES, expect=403)
    stranger = Caller(other_team.api_key)
    assert stranger.get(RELEASES)["results"] == []
    stranger.get(f"{RELEASES}/{made['id']}", expect=404)
    assert announce(other_team.api_key, 201, workflow="nightly", name="v7")["id"] != made["id"]
    assert Client().get(RELEASES).status_code == 401
    assert Client(headers={"x-api-key": api_key}).put(RELEASES).status_code == 405
