"""Alert rules by API: the same as on pages."""

import json
import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Scope
from accounts.tenancy import team_context
from alerts.models import AlertRule, AlertState
from monitoring.statuses import Status
from tests.factories import ApiKeyFactory, report, store

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/alert-rules/"
RULE = {"name": "Failures", "metric": "error_rate", "threshold": 0.05, "min_samples": 20}
DOCS = Path(__file__).parents[3] / "docs/alerts/rules.md"


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
def api(team) -> Api:
    return Api(ApiKeyFactory(team=team, scopes=[Scope.READ, Scope.ALERT]).text)


def reasons(response) -> dict[str, str]:
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    return {one["field"]: one["reason"] for one in response.json()["errors"]}


def test_it_is_made_read_changed_and_removed(api, team) -> None:
    made = api.post("", RULE)
    assert made.status_code == 201, made.content
    id = made.json()["id"]
    assert made.json()["words"] == (
        "Error rate above 5% in 5 minutes with at least 20 runs, of each workflow in production"
    )
    with team_context(team.id):
        AlertState.objects.create(
            team=team, rule_id=id, state="firing", since=timezone.now(), at=timezone.now(), value=0.2
        )
    found = api.get(f"{id}/").json()
    assert (found["state"], found["counts"], found["states"][0]["measured"]) == ("firing", {"firing": 1}, 0.2)
    changed = api.patch(f"{id}/", {"threshold": 0.1, "severity": "critical"}).json()
    assert (changed["threshold"], changed["severity"], changed["revision"], changed["min_samples"]) == (
        0.1,
        "critical",
        2,
        20,
    )
    off = api.patch(f"{id}/", {"is_active": False}).json()
    assert (off["is_active"], off["state"], off["states"]) == (False, None, [])
    anew = api.put(f"{id}/", {"metric": "failures", "threshold": 3}).json()
    assert (anew["min_samples"], anew["severity"], anew["is_active"]) == (0, "warning", True)
    assert anew["name"] == "Failures above 3 in 5 minutes, of each workflow in production"
    higher = api.patch(f"{id}/", {"threshold": 7}).json()
    assert higher["name"] == "Failures above 7 in 5 minutes, of each workflow in production"
    named = api.patch(f"{id}/", {"name": "Too many"}).json()
    assert api.patch(f"{id}/", {"threshold": 9}).json()["name"] == named["name"] == "Too many"
    assert api.delete(f"{id}/").status_code == 204
    assert api.get(f"{id}/").status_code == 404
    assert api.delete(f"{id}/").status_code == 404
    assert api.get().json()["results"] == []


def test_a_rule_of_one_workflow(api, team) -> None:
    store(team, report(workflow="Night run"))
    made = api.post("", {**RULE, "workflow": "Night run"}).json()
    assert made["workflow"] == "night-run"
    assert api.patch(f"{made['id']}/", {"workflow": None}).json()["workflow"] is None
    assert reasons(api.patch(f"{made['id']}/", {"workflow": "nowhere"})) == {"workflow": "is not known"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metric": "luck"}, "metric"),
        ({"threshold": 2}, "threshold"),
        ({"threshold": "much"}, "threshold"),
        ({"threshold": None}, "threshold"),
        ({"clear_threshold": 0.5}, "clear_threshold"),
        ({"window_s": 90}, "window_s"),
        ({"scope": "planet"}, "scope"),
        ({"scope": "model", "value": "gpt-9"}, "value"),
        ({"environment": "moon"}, "environment"),
        ({"severity": "loud"}, "severity"),
        ({"tags": "x"}, "tags"),
        ({"parameters": 5}, "parameters"),
        ({"name": "x" * 201}, "name"),
        ({"url": "ftp://x"}, "url"),
        ({"metric": "missed_schedule", "parameters": {"period_s": 3600}}, "workflow"),
        ({"metric": "budget_share"}, "budget_usd"),
    ],
)
def test_what_cannot_be_kept_names_the_field(api, team, change, field) -> None:
    assert field in reasons(api.post("", {**RULE, **change}))
    assert field in reasons(api.post("rehearse/", {**RULE, **change}))
    with team_context(team.id):
        assert not AlertRule.objects.exists()


def test_what_is_no_json_is_refused(api) -> None:
    response = api.client.post(ADDRESS, "{", content_type="application/json", headers=api.headers)
    assert response.status_code == 400
    assert api.client.post(ADDRESS, "[]", content_type="application/json", headers=api.headers).status_code == 400
    assert api.get("?metric=luck").status_code == 400
    assert api.get("?state=perhaps").status_code == 400
    assert reasons(api.get("?after=nonsense")) == {"after": "Not a cursor of this list. Take it from `next`."}
    assert api.get(f"{uuid4()}/").status_code == 404
    assert api.get("nonsense/").status_code == 404


def test_the_list_has_pages_and_filters(api, team) -> None:
    with team_context(team.id):
        AlertRule.objects.bulk_create(
            AlertRule(team=team, name=f"Rule {number:02}", metric="error_rate", threshold=0.1) for number in range(60)
        )
    first = api.get().json()
    second = api.get(f"?after={first['next']}").json()
    names = [row["name"] for row in (*first["results"], *second["results"])]
    assert names == [f"Rule {number:02}" for number in range(60)]
    assert second["next"] is None
    assert [row["name"] for row in api.get(f"?after={second['previous']}").json()["results"]] == names[:50]
    assert [row["name"] for row in api.get("?q=rule 07").json()["results"]] == ["Rule 07"]
    assert api.get("?workflow=nowhere").json()["results"] == []
    assert api.get("?severity=critical").json()["results"] == []


def test_scopes_are_kept(team, api) -> None:
    id = api.post("", RULE).json()["id"]
    reader = Api(ApiKeyFactory(team=team, scopes=[Scope.READ]).text)
    assert reader.get().status_code == 200
    assert reader.get(f"{id}/").status_code == 200
    assert reader.post("rehearse/", RULE).status_code == 200
    assert reader.post(f"{id}/rehearse/", {}).status_code == 200
    for act in (lambda: reader.post("", RULE), lambda: reader.patch(f"{id}/", {}), lambda: reader.delete(f"{id}/")):
        assert act().status_code == 403
    assert reader.put(f"{id}/", RULE).status_code == 403
    assert Client().get(ADDRESS).status_code == 401


def test_another_team_sees_nothing_of_it(api, other_team) -> None:
    id = api.post("", RULE).json()["id"]
    theirs = Api(ApiKeyFactory(team=other_team.team, scopes=[Scope.READ, Scope.ALERT]).text)
    assert theirs.get().json()["results"] == []
    assert theirs.get(f"{id}/").status_code == 404
    assert theirs.patch(f"{id}/", {"name": "Mine"}).status_code == 404
    assert theirs.post(f"{id}/rehearse/", {}).status_code == 404


@pytest.fixture
def outage(team) -> None:
    """Yesterday half of forty runs failed, then all was well."""
    begin = timezone.now().replace(second=0, microsecond=0) - timedelta(days=1)
    reports = []
    for number in range(60):
        at = begin + number * timedelta(seconds=30)
        status = Status.FAILED if number < 40 and number % 2 else Status.SUCCEEDED
        reports.append(report(status=status, started_at=at - timedelta(seconds=5), finished_at=at))
    store(team, *reports, now=timezone.now())


def test_it_is_rehearsed_and_nothing_is_changed(api, team, outage) -> None:
    found = api.post("rehearse/", {**RULE, "window_s": 600, "min_samples": 5})
    assert found.status_code == 200, found.content
    told = found.json()
    assert (told["firing_count"], told["notices"], told["subjects"], told["why_not"]) == (1, 2, 1, "")
    assert told["firings"][0]["workflow"] == "nightly"
    assert told["firings"][0]["worst"] == 0.5
    assert told["looked"][0]["grain_s"] == 60
    id = api.post("", {**RULE, "window_s": 600, "min_samples": 5}).json()["id"]
    assert api.post(f"{id}/rehearse/", {"threshold": 0.6}).json()["firing_count"] == 0
    assert api.post(f"{id}/rehearse/", {}).json()["firing_count"] == 1
    assert api.get(f"{id}/").json()["threshold"] == 0.05


def test_the_examples_of_the_page_work(api, team, outage) -> None:
    examples = re.findall(r"curl (-X PATCH )?\$BASE_URL(\S+) .*?-d '(.*?)'\n```", DOCS.read_text(), re.DOTALL)
    assert len(examples) == 5
    rule = ""
    for patch, address, body in examples:
        method = api.client.patch if patch else api.client.post
        path = address.replace("$RULE", rule)
        answer = method(path, body, content_type="application/json", headers=api.headers)
        assert answer.status_code in (200, 201), (path, answer.content)
        assert json.loads(body).items() <= answer.json().items() or "rehearse" in path
        rule = rule or answer.json()["id"]
    with team_context(team.id):
        kept = AlertRule.objects.get()
    assert (kept.threshold, kept.for_s, kept.is_active) == (0.1, 600, False)
