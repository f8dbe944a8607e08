"""Improvements by API: the same as on pages."""

from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Scope
from accounts.tenancy import team_context
from monitoring.models import FailureGroup
from tests.factories import ApiKeyFactory
from tests.monitoring.services.improving import WORKFLOW, report_all, runs
from tests.monitoring.views.test_improvements import LIVE

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/improvements/"


class Api:
    """A client with a key of the team."""

    def __init__(self, key: str) -> None:
        self.client, self.headers = Client(), {"authorization": f"Bearer {key}"}

    def __getattr__(self, method: str):
        def call(address: str = "", told: object = None, **more: object):
            more |= {"data": told, "content_type": "application/json"} if told is not None else {}
            return getattr(self.client, method)(f"{ADDRESS}{address}", headers=self.headers, **more)

        return call


@pytest.fixture
def api(api_key) -> Api:
    return Api(api_key)


@pytest.fixture
def told(team) -> dict:
    report_all(team, runs(LIVE, 3, "41", failing=1, per_hour=5), LIVE)
    with team_context(team.id):
        group = str(FailureGroup.objects.get().id)
    return {
        "workflow": WORKFLOW,
        "title": "Check the arguments",
        "kind": "tool_invocation",
        "metric": "group_rate",
        "failure_group_id": group,
        "owner": "owner@harbour.test",
        "environment": "production",
        "expected_change": -0.5,
    }


def test_it_is_planned_read_changed_released_and_commented(api, told) -> None:
    made = api.post("", told)
    assert made.status_code == 201, made.content
    id = made.json()["id"]
    assert made.json()["status"] == "planned"
    assert made.json()["environment"] == "production"
    assert made.json()["failures_in_week"] == 3
    changed = api.patch(f"{id}/", {"tracker_url": "https://issues.example/7", "release": "42"})
    assert changed.status_code == 200, changed.content
    assert (changed.json()["status"], changed.json()["release"]) == ("released", "42")
    comment = api.post(f"{id}/comments/", {"text": "From the pipeline"})
    assert comment.status_code == 201
    found = api.get(f"{id}/").json()
    assert [event["kind"] for event in found["events"]] == ["comment", "status", "changed", "created"]
    assert found["events"][0]["by"] == comment.json()["by"]
    helped = api.patch(f"{id}/", {"status": "helped", "why": "Seen"})
    assert helped.json()["status"] == "helped"


def test_the_list_is_filtered(api, told) -> None:
    api.post("", told)
    api.post("", {**told, "owner": None, "title": "Other"})
    assert len(api.get().json()["results"]) == 2
    assert [row["title"] for row in api.get("?owner=owner@harbour.test").json()["results"]] == ["Check the arguments"]
    assert api.get("?workflow=nowhere").json()["results"] == []
    assert len(api.get(f"?status=planned&group={told['failure_group_id']}").json()["results"]) == 2
    assert api.get("?status=perhaps").status_code == 400
    assert api.get("?group=x").status_code == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"kind": "luck"}, "kind"),
        ({"expected_change": 0.5}, "expected_change"),
        ({"owner": "stranger@mountain.test"}, "owner"),
        ({"environment": "moon"}, "environment"),
        ({"workflow": "nowhere"}, "workflow"),
        ({"failure_group_id": None}, "metric"),
        ({"links": ["javascript:x"]}, "links"),
        ({"tracker_url": "ftp://x"}, "tracker_url"),
    ],
)
def test_what_cannot_be_kept_names_the_field(api, told, change, field) -> None:
    response = api.post("", {**told, **change})
    assert response.status_code == 400
    assert field in response.content.decode()


def test_steps_that_are_not_allowed_change_nothing(api, told) -> None:
    id = api.post("", told).json()["id"]
    refused = api.patch(f"{id}/", {"title": "Changed", "status": "helped"})
    assert refused.status_code == 400
    assert "cannot go from planned to helped" in refused.content.decode()
    assert api.get(f"{id}/").json()["title"] == "Check the arguments"
    assert api.patch(f"{id}/", {"status": "released"}).status_code == 400
    assert api.patch(f"{id}/", {"status": "planned", "release": "42"}).status_code == 400


def test_scopes_are_kept(team, told, api) -> None:
    id = api.post("", told).json()["id"]
    reader = Api(ApiKeyFactory(team=team, scopes=[Scope.READ]).text)
    assert reader.get(f"{id}/").status_code == 200
    assert reader.post("", told).status_code == 403
    assert reader.patch(f"{id}/", {"title": "x"}).status_code == 403
    assert reader.post(f"{id}/comments/", {"text": "x"}).status_code == 403
    sender = Api(ApiKeyFactory(team=team, scopes=[Scope.INGEST]).text)
    assert sender.get().status_code == 403


def test_another_team_sees_nothing(other_team, told, api) -> None:
    id = api.post("", told).json()["id"]
    stranger = Api(other_team.api_key)
    assert stranger.get().json()["results"] == []
    assert stranger.get(f"{id}/").status_code == 404
    assert stranger.patch(f"{id}/", {"title": "x"}).status_code == 404
    assert stranger.post(f"{id}/comments/", {"text": "x"}).status_code == 404
    assert stranger.post("", told).status_code == 400
    assert api.get(f"{uuid4()}/").status_code == 404
    assert api.delete(f"{id}/").status_code == 405
