"""`/api/v1/incidents/`: list, read, acknowledge, note, resolve, link."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import MemberGroup, Scope
from accounts.services.teams import issue_key
from accounts.tenancy import team_context
from alerts.models import Incident
from tests.alerts.opening import breach, opened, rule, workflow

pytestmark = pytest.mark.django_db
LIST = "/api/v1/incidents/"


@pytest.fixture
def api(api_key) -> Client:
    return Client(headers={"authorization": f"Bearer {api_key}"})


@pytest.fixture
def one(team) -> Incident:
    with team_context(team.id):
        return opened(team, breach(rule(team), workflow(team)), now=timezone.now())[0]


def with_scopes(team, *scopes: Scope) -> Client:
    _, text = issue_key(team=team, name="Narrow", scopes=list(scopes))
    return Client(headers={"authorization": f"Bearer {text}"})


def test_the_list_and_one_of_it(api, one) -> None:
    (listed,) = api.get(LIST).json()["results"]
    assert (listed["title"], listed["status"], listed["workflow"]) == (
        "Error rate 12.4% of checkout",
        "open",
        "checkout",
    )
    assert (listed["value"], listed["limit"], listed["samples"]) == (0.124, 0.05, 250)
    assert listed["how_bad"] == "31 of 250 runs in 5 min, limit 5.0%"
    found = api.get(f"{LIST}{one.id}/").json()
    assert found["children"] == []
    assert [(event["kind"], event["by"]) for event in found["events"]] == [("opened", "Steadyrun")]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"status": "open"}, 1),
        ({"status": "resolved"}, 0),
        ({"severity": "critical"}, 1),
        ({"workflow": "checkout"}, 1),
        ({"workflow": "nothing"}, 0),
        ({"q": "error"}, 1),
        ({"from": "now-1h"}, 1),
        ({"from": "2020-01-01", "to": "2020-01-02"}, 0),
    ],
)
def test_filters(api, one, query, count) -> None:
    assert len(api.get(LIST, query).json()["results"]) == count


def test_what_cannot_be_meant_is_refused(api, one) -> None:
    assert "status" in api.get(LIST, {"status": "sleeping"}).content.decode()
    assert api.get(LIST, {"limit": "0"}).status_code == 400
    assert api.get(LIST, {"rule": "x"}).status_code == 400


def test_pages_follow_each_other(api, team, one) -> None:
    with team_context(team.id):
        of = rule(team)
        opened(team, *(breach(of, workflow(team, f"w{n}")) for n in range(4)), now=timezone.now() - timedelta(hours=1))
    seen, address = [], f"{LIST}?limit=2"
    while address:
        answer = api.get(address).json()
        seen += [found["id"] for found in answer["results"]]
        address = answer["next"]
    assert len(seen) == len(set(seen)) == 5
    assert seen[0] == str(one.id)


def test_it_is_acknowledged_noted_and_resolved_by_a_key(api, one) -> None:
    page = f"{LIST}{one.id}/"
    assert api.post(f"{page}acknowledge/", {"text": "Mine"}, "application/json").json()["status"] == "acknowledged"
    made = api.post(f"{page}notes/", {"text": "It is the bank."}, "application/json")
    assert (made.status_code, made.json()["by"]) == (201, "First key")
    found = api.post(f"{page}resolve/", {}, "application/json").json()
    assert (found["status"], found["is_resolved_by_hand"]) == ("resolved", True)
    assert [(event["kind"], event["text"]) for event in found["events"]] == [
        ("opened", ""),
        ("acknowledged", "Mine"),
        ("noted", "It is the bank."),
        ("resolved", ""),
    ]


def test_refusals_name_the_field(api, one) -> None:
    page = f"{LIST}{one.id}/"
    assert '"text"' in api.post(f"{page}notes/", {"text": ""}, "application/json").content.decode()
    told = {"improvement_id": str(uuid4())}
    answer = api.post(f"{page}improvement/", told, "application/json")
    assert answer.status_code == 400
    assert "is not known" in answer.content.decode()
    assert api.post(f"{page}improvement/", {"improvement_id": None}, "application/json").status_code == 200


def test_keys_need_the_scope_and_other_teams_find_nothing(team, other_team, one) -> None:
    page = f"{LIST}{one.id}/"
    reader, changer = with_scopes(team, Scope.READ), with_scopes(team, Scope.ALERT)
    stranger = Client(headers={"authorization": f"Bearer {other_team.api_key}"})
    assert reader.get(page).status_code == 200
    assert changer.get(page).status_code == 403
    assert Client().get(LIST).status_code == 401
    assert stranger.get(LIST).json()["results"] == []
    told = {"text": "x", "improvement_id": None}
    for name in ("acknowledge", "notes", "resolve", "improvement"):
        assert reader.post(f"{page}{name}/").status_code == 403
        assert stranger.post(f"{page}{name}/", told, "application/json").status_code == 404
        assert changer.get(f"{page}{name}/").status_code == 405
    assert reader.get(f"{LIST}nonsense/").status_code == 404


def test_a_workflow_gets_an_owner_and_tags(api, team, owner, one) -> None:
    page = "/api/v1/workflows/checkout/owner/"
    assert api.get(page).json() == {"owner": None, "owner_group": None, "tags": []}
    with team_context(team.id):
        MemberGroup.objects.create(team=team, name="Payments")
    told = {"owner": owner.email.upper(), "owner_group": "Payments", "tags": ["b", "a", "b"]}
    found = {"owner": owner.email, "owner_group": "Payments", "tags": ["a", "b"]}
    assert api.patch(page, told, "application/json").json() == found
    assert api.patch(page, {"owner": None}, "application/json").json() == {**found, "owner": None}
    for wrong in ({"owner": "nobody@harbour.test"}, {"owner_group": "Sales"}, {"tags": ["x" * 81]}):
        assert api.patch(page, wrong, "application/json").status_code == 400
    assert with_scopes(team, Scope.READ).patch(page, told, "application/json").status_code == 403
    assert api.get("/api/v1/workflows/nothing/owner/").status_code == 404
