"""Silences and maintenance windows by API: the same as on pages."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Scope
from accounts.tenancy import team_context
from alerts.models import Incident, Silence, SilenceDue
from tests.alerts.api.calling import Api, reasons
from tests.alerts.opening import breach, opened, route, rule, workflow
from tests.alerts.telling import channel

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/silences/"
DOC = Path(__file__).parents[3] / "docs/alerts/routes.md"
HOUR = timedelta(hours=1)


@pytest.fixture
def api(team) -> Api:
    return Api(team, ADDRESS)


def body(**fields) -> dict:
    return {"reason": "Known", "ends_at": (timezone.now() + HOUR).isoformat(), **fields}


def made(team, **fields) -> Silence:
    now = timezone.now()
    with team_context(team.id):
        told = {"reason": "Known", "starts_at": now - HOUR, "ends_at": now + HOUR, **fields}
        return Silence.objects.create(team=team, **told)


def test_a_silence_is_added_read_and_ended(api, team, owner) -> None:
    with team_context(team.id):
        about, of = workflow(team, "checkout"), rule(team)
        (incident,) = opened(team, breach(of, about), now=timezone.now())
    answer = api.post("", body(matchers={"workflow": ["checkout"], "owner": []}))
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["kind"], told["state"], told["matches"]) == ("silence", "active", "workflow checkout")
    assert (told["matchers"], told["cron"], told["zone"]) == ({"workflow": ["checkout"]}, "", "UTC")
    assert (told["duration_s"], told["created_by"]) == (None, None)
    assert api.get(f"{told['id']}/").json() == told
    with team_context(team.id):
        assert Incident.objects.get(id=incident.id).muted_by == "silence"
    assert api.delete(f"{told['id']}/").status_code == 204
    over = api.get(f"{told['id']}/").json()
    assert over["state"] == "past"
    assert datetime.fromisoformat(over["ends_at"]) < timezone.now()
    assert api.delete(f"{told['id']}/").status_code == 404
    with team_context(team.id):
        assert Incident.objects.get(id=incident.id).muted_by == ""


def test_one_that_has_not_begun_is_taken_away(api, team) -> None:
    begins = (timezone.now() + HOUR / 2).isoformat()
    told = api.post("", body(starts_at=begins, kind="maintenance")).json()
    assert (told["state"], told["kind"], told["matches"]) == ("coming", "maintenance", "everything")
    assert SilenceDue.objects.filter(silence_id=told["id"]).exists()
    assert api.delete(f"{told['id']}/").status_code == 204
    assert api.get(f"{told['id']}/").status_code == 404
    assert not SilenceDue.objects.exists()


def test_a_maintenance_window_comes_again(api) -> None:
    ends = (timezone.now() + timedelta(days=300)).isoformat()
    told = api.post(
        "", body(kind="maintenance", ends_at=ends, cron="0 2 * * 6", zone="Europe/Berlin", duration_s=3600)
    ).json()
    assert (told["cron"], told["zone"], told["duration_s"]) == ("0 2 * * 6", "Europe/Berlin", 3600)
    assert told["state"] in ("active", "waiting")


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"reason": " "}, "reason", "must be told"),
        ({"reason": "x" * 501}, "reason", "must be at most 500 characters"),
        ({"kind": "quiet"}, "kind", "must be one of: silence, maintenance"),
        ({"ends_at": "soon"}, "ends_at", "Datetime has wrong format"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at", "must be later than its start and than now"),
        ({"ends_at": "2100-01-01T00:00:00Z"}, "ends_at", "must be at most 30 days after its start"),
        ({"starts_at": "2100-01-01T00:00:00Z"}, "ends_at", "must be later than its start and than now"),
        ({"zone": "Mars/Base"}, "zone", "must be a time zone, such as Europe/Berlin"),
        ({"cron": "often", "duration_s": 60}, "cron", "must have five fields"),
        ({"cron": f"{'0,' * 60}0 2 * * 6", "duration_s": 60}, "cron", "must have at most 100 characters"),
        ({"cron": "0 2 * * 6"}, "duration_s", "must be from 1 minute to 7 days"),
        ({"cron": "0 2 * * 6", "duration_s": 59}, "duration_s", "must be from 1 minute to 7 days"),
        ({"matchers": {"colour": ["red"]}}, "matchers.colour", "is not one of"),
        ({"matchers": {"metric": ["luck"]}}, "matchers.metric", "has a value that is not known: luck"),
        ({"matchers": {"owner": ["nobody@x.test"]}}, "matchers.owner", "has a value that is not known"),
        ({"matchers": {"tag": [1]}}, "matchers.tag", "must be a list of texts"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_field(api, team, change, field, reason) -> None:
    told = reasons(api.post("", body(**change)))
    assert list(told) == [field]
    assert reason in told[field]
    with team_context(team.id):
        assert not Silence.objects.exists()


def test_an_incident_is_silenced(api, team, other_team) -> None:
    with team_context(team.id):
        about, of = workflow(team, "checkout"), rule(team)
        (incident,) = opened(team, breach(of, about), now=timezone.now())
        (bare,) = opened(team, breach(rule(team, "p95"), None), now=timezone.now())
    incidents = Api(team, "/api/v1/incidents/")
    answer = incidents.post(f"{incident.id}/silence/", body())
    assert answer.status_code == 201, answer.content
    assert answer.json()["matchers"] == {"rule": [str(of.id)], "workflow": ["checkout"]}
    assert api.get().json()["results"] == [answer.json()]
    with team_context(team.id):
        assert Incident.objects.get(id=incident.id).muted_by == "silence"
        assert Incident.objects.get(id=bare.id).muted_by == ""
    refusal = incidents.post(f"{bare.id}/silence/", body(reason="", ends_at="2020-01-01T00:00:00Z"))
    assert reasons(refusal) == {"reason": "must be told", "ends_at": "must be later than its start and than now"}
    assert incidents.post(f"{uuid4()}/silence/", body()).status_code == 404
    assert Api(other_team.team, "/api/v1/incidents/").post(f"{bare.id}/silence/", body()).status_code == 404
    assert Api(team, "/api/v1/incidents/", [Scope.READ]).post(f"{bare.id}/silence/", body()).status_code == 403


def test_production_and_tags_may_be_silenced_before_they_are_seen(api) -> None:
    assert api.post("", body(matchers={"environment": ["production"], "tag": ["tier-1"]})).status_code == 201


def test_the_list_has_filters_and_pages(api, team) -> None:
    now = timezone.now()
    again = {"zone": "UTC", "duration_s": 60, "ends_at": now + 2 * HOUR}
    hour = (now + 12 * HOUR).hour
    made(team, reason="waits", cron=f"0 {hour} * * *", **again)
    made(team, reason="comes again", cron="* * * * *", **again)
    made(team, reason="to come", starts_at=now + HOUR / 2)
    made(team, reason="in force", kind="maintenance")
    made(team, reason="over", starts_at=now - 2 * HOUR, ends_at=now - HOUR)

    def found(query: str) -> set[str]:
        return {row["reason"] for row in api.get(f"?{query}").json()["results"]}

    assert found("state=active") == {"comes again", "in force"}
    assert found("state=waiting") == {"waits"}
    assert found("state=coming") == {"to come"}
    assert found("state=past") == {"over"}
    assert found("kind=maintenance") == {"in force"}
    assert found("kind=silence&state=active") == {"comes again"}
    for state in ("active", "waiting", "coming", "past"):
        assert {row["state"] for row in api.get(f"?state={state}").json()["results"]} == {state}
    address, names = f"{ADDRESS}?limit=2", []
    while address:
        page = api.client.get(address, headers=api.headers).json()
        assert len(page["results"]) <= 2
        names += [row["reason"] for row in page["results"]]
        address = page["next"]
    assert names[-1] == "over"
    assert set(names[:2]) == {"waits", "comes again"}
    assert sorted(names) == ["comes again", "in force", "over", "to come", "waits"]
    assert reasons(api.get("?after=nonsense")) == {"after": "Not a cursor of this list. Take it from `next`."}
    assert api.get("?state=perhaps").status_code == 400
    assert api.get("?kind=quiet").status_code == 400


def test_the_number_of_queries_does_not_grow(api, team, owner) -> None:
    def queries(address: str) -> int:
        api.get(address)
        with CaptureQueriesContext(connection) as told:
            assert api.get(address).status_code == 200
        return len(told)

    addresses = ("", "?state=active", "?state=past")
    made(team, cron="0 2 * * 6", duration_s=60, created_by=owner)
    few = [queries(address) for address in addresses]
    for _ in range(19):
        made(team, cron="0 2 * * 6", duration_s=60, created_by=owner)
    assert [queries(address) for address in addresses] == few
    assert api.get().json()["results"][0]["created_by"] == owner.email


def test_scopes_and_teams_are_kept_apart(api, team, other_team) -> None:
    page = f"{api.post('', body()).json()['id']}/"
    reader, stranger = Api(team, ADDRESS, [Scope.READ]), Api(other_team.team, ADDRESS)
    assert reader.get().status_code == 200
    assert reader.get(page).status_code == 200
    assert Api(team, ADDRESS, [Scope.ALERT]).get().status_code == 403
    assert reader.post("", body()).status_code == 403
    assert reader.delete(page).status_code == 403
    assert stranger.get().json()["results"] == []
    assert stranger.get(page).status_code == 404
    assert stranger.delete(page).status_code == 404
    assert Client().get(ADDRESS).status_code == 401
    assert api.patch(page, {"reason": "x"}).status_code == 405
    assert api.get(f"{uuid4()}/").status_code == 404
    assert api.get("nonsense/").status_code == 404


def test_the_examples_of_the_page_work(api, team) -> None:
    """Each `curl` of the page, in its order; what one makes the next ones name."""
    with team_context(team.id):
        workflow(team, "checkout")
        known = {"CHANNEL": str(channel(team).id), "ENDS": (timezone.now() + HOUR).isoformat()}
        route(team, (channel(team, "other"), 0), name="Before")
    text = DOC.read_text().split("## Through the API")[1].split("```sh\n")[1].split("```")[0]
    calls = re.split(r"^curl ", text, flags=re.MULTILINE)[1:]
    assert len(calls) == 5
    for call in calls:
        for name, value in known.items():
            call = call.replace(f"'${name}'", value).replace(f"${name}", value)
        method = (re.match(r"-X (\w+)", call) or ["", "POST" if "-d '" in call else "GET"])[1]
        path = re.search(r'\$BASE(\S+?)"', call)[1]
        told = re.search(r"-d '(.*)'", call, re.DOTALL)
        data = {"data": told[1], "content_type": "application/json"} if told else {}
        answer = getattr(api.client, method.lower())(path, headers=api.headers, **data)
        assert answer.status_code in (200, 201, 204), (path, answer.content)
        if method == "POST":
            known["ROUTE" if "routes" in path else "SILENCE"] = answer.json()["id"]
        if method == "PATCH":
            assert answer.json()["position"] == json.loads(told[1])["position"] == 1
        if method == "GET":
            assert [row["tried"] for row in answer.json()["results"]] == ["taken", "not_reached"]
