"""Routes by API: the same as on pages."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import MemberGroup, Scope
from accounts.tenancy import team_context
from alerts.models import Channel, Route, RouteStep
from alerts.services import routes as service
from tests.alerts.api.calling import Api, reasons
from tests.alerts.opening import route, rule, workflow
from tests.alerts.telling import channel
from tests.factories import report, store

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/alert-routes/"
QUIET = {"from": "22:00", "to": "07:00", "zone": "Europe/Berlin", "days": [0, 4], "severities": ["warning"]}


@pytest.fixture
def api(team) -> Api:
    return Api(team, ADDRESS)


@pytest.fixture
def hook(team) -> Channel:
    with team_context(team.id):
        return channel(team)


def body(hook, **fields) -> dict:
    return {"name": "Payments", "steps": [{"channel_id": str(hook.id)}], **fields}


def test_it_is_made_read_changed_and_removed(api, team, hook) -> None:
    with team_context(team.id):
        workflow(team, "checkout")
    steps = [{"channel_id": str(hook.id)}, {"channel_id": str(hook.id), "after_s": 900}]
    matchers = {"workflow": ["checkout"], "severity": ["critical", "warning"], "tag": []}
    made = api.post("", body(hook, steps=steps, matchers=matchers, quiet_hours=QUIET))
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["position"], told["is_final"], told["is_active"], told["tried"]) == (1, True, True, None)
    assert told["matchers"] == {"workflow": ["checkout"], "severity": ["critical", "warning"]}
    assert told["matches"] == "workflow checkout, severity Critical or Warning"
    assert [(step["channel"], step["after_s"], step["is_active"]) for step in told["steps"]] == [
        ("On call", 0, True),
        ("On call", 900, True),
    ]
    assert told["quiet_hours"] == QUIET
    assert api.get(f"{told['id']}/").json() == told
    changed = api.patch(f"{told['id']}/", {"name": "All", "matchers": {}, "quiet_hours": None}).json()
    assert (changed["name"], changed["matches"], changed["quiet_hours"]) == ("All", "everything", None)
    assert changed["steps"] == told["steps"]
    off = api.patch(f"{told['id']}/", {"is_active": False, "is_final": False, "steps": steps[:1]}).json()
    assert (off["is_active"], off["is_final"], len(off["steps"]), off["name"]) == (False, False, 1, "All")
    assert api.delete(f"{told['id']}/").status_code == 204
    assert api.get(f"{told['id']}/").status_code == 404
    assert api.delete(f"{told['id']}/").status_code == 404
    assert api.get().json() == {"next": None, "is_lost": None, "results": []}
    with team_context(team.id):
        assert not RouteStep.objects.exists()


def test_names_are_kept_as_slugs_and_ids(api, team, owner, hook) -> None:
    store(team, report(workflow="Night run"))
    with team_context(team.id):
        group = MemberGroup.objects.create(team=team, name="Payments")
    told = api.post(
        "", body(hook, matchers={"workflow": ["Night run"], "owner": [owner.email], "group": ["Payments"]})
    ).json()
    assert told["matchers"] == {"workflow": ["night-run"], "owner": [str(owner.id)], "group": [str(group.id)]}
    assert told["matches"] == f"workflow Night run, owner {owner.email}, owning group Payments"


def test_the_order_is_said_by_position(api, hook) -> None:
    ids = [api.post("", body(hook, name=name)).json()["id"] for name in "abc"]
    assert [row["name"] for row in api.get().json()["results"]] == ["a", "b", "c"]
    assert api.patch(f"{ids[2]}/", {"position": 1}).json()["position"] == 1
    assert [row["name"] for row in api.get().json()["results"]] == ["c", "a", "b"]
    assert api.post("", body(hook, name="d", position=2)).json()["position"] == 2
    assert [row["name"] for row in api.get().json()["results"]] == ["c", "d", "a", "b"]
    api.delete(f"{ids[0]}/")
    assert [row["position"] for row in api.get().json()["results"]] == [1, 2, 3]
    assert reasons(api.patch(f"{ids[1]}/", {"position": 4, "name": "x"})) == {"position": "must be 1 to 3"}
    assert reasons(api.post("", body(hook, position=0))) == {"position": "must be 1 to 4"}
    # What is refused changes nothing.
    assert [row["name"] for row in api.get().json()["results"]] == ["c", "d", "b"]


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"name": " "}, "name", "must be told, with at most 120 characters"),
        ({"name": "x" * 121}, "name", "must be told, with at most 120 characters"),
        ({"steps": []}, "steps", "must be 1 to 20"),
        ({"steps": [{"channel_id": str(uuid4())}]}, "steps", "must be channels of the team"),
        ({"steps": [{"channel_id": "x"}]}, "steps.0.channel_id", "Must be a valid UUID."),
        ({"steps": "x"}, "steps", 'Expected a list of items but got type "str".'),
        ({"matchers": {"colour": ["red"]}}, "matchers.colour", "is not one of: workflow, environment"),
        ({"matchers": {"severity": "critical"}}, "matchers.severity", "must be a list of texts"),
        ({"matchers": {"severity": ["loud"]}}, "matchers.severity", "has a value that is not known: loud"),
        ({"matchers": {"workflow": ["chekout"]}}, "matchers.workflow", "has a value that is not known: chekout"),
        ({"matchers": {"environment": ["moon"]}}, "matchers.environment", "has a value that is not known: moon"),
        ({"matchers": {"rule": [str(uuid4())]}}, "matchers.rule", "has a value that is not known"),
        ({"matchers": {"owner": ["a\x00b"]}}, "matchers.owner.0", "Null characters are not allowed."),
        ({"matchers": {"tag": ["x"] * 51}}, "matchers.tag", "must be at most 50 values"),
        ({"matchers": 5}, "matchers", 'Expected a dictionary of items but got type "int".'),
        ({"quiet_hours": {"from": "22:00"}}, "quiet_hours.to", "This field is required."),
        ({"quiet_hours": {**QUIET, "to": "25:00"}}, "quiet_hours", "cannot be read"),
        ({"quiet_hours": {**QUIET, "to": "07:00+02:00"}}, "quiet_hours", "times are by the clock of the zone"),
        ({"quiet_hours": {**QUIET, "zone": "Mars/Base"}}, "quiet_hours", "zone must be a time zone, such as"),
        ({"quiet_hours": {"from": "07:00", "to": "07:00"}}, "quiet_hours", "must end at some time"),
        ({"quiet_hours": {**QUIET, "days": [7]}}, "quiet_hours.days.0", "less than or equal to 6"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_field(api, team, hook, change, field, reason) -> None:
    told = reasons(api.post("", body(hook, **change)))
    assert list(told) == [field]
    assert reason in told[field]
    with team_context(team.id):
        assert not Route.objects.exists()


def test_what_is_changed_must_be_whole(api, hook) -> None:
    page = f"{api.post('', body(hook)).json()['id']}/"
    assert reasons(api.patch(page, {"steps": [{"after_s": 60}]})) == {"steps.0.channel_id": "This field is required."}
    assert reasons(api.patch(page, {"quiet_hours": {"to": "07:00"}})) == {"quiet_hours.from": "This field is required."}
    quiet = api.patch(page, {"quiet_hours": {"from": "22:00", "to": "07:00"}}).json()["quiet_hours"]
    assert quiet == {"from": "22:00", "to": "07:00", "zone": "UTC", "days": [0, 1, 2, 3, 4, 5, 6], "severities": []}


@pytest.mark.parametrize(
    ("after_s", "reason"),
    [
        (-60, "must be told after 0 minutes to 7 days"),
        (8 * 86_400, "must be told after 0 minutes to 7 days"),
        (90, "must be whole minutes, such as 15"),
    ],
)
def test_an_escalation_has_limits(api, hook, after_s, reason) -> None:
    assert reasons(api.post("", body(hook, steps=[{"channel_id": str(hook.id), "after_s": after_s}]))) == {
        "steps": reason
    }


def test_what_vanished_may_stay(api, team, hook) -> None:
    with team_context(team.id):
        about = workflow(team, "checkout")
    id = api.post("", body(hook, matchers={"workflow": ["checkout"]})).json()["id"]
    with team_context(team.id):
        about.delete()
    assert api.patch(f"{id}/", {"name": "Still"}).json()["matchers"] == {"workflow": ["checkout"]}
    assert "matchers.workflow" in reasons(api.patch(f"{id}/", {"matchers": {"workflow": ["checkout", "refund"]}}))


def test_a_team_has_so_many_routes(api, hook, monkeypatch) -> None:
    monkeypatch.setattr(service, "MAX_ROUTES", 1)
    id = api.post("", body(hook)).json()["id"]
    assert reasons(api.post("", body(hook))) == {"name": "cannot be added: a team has at most 1 routes"}
    assert api.patch(f"{id}/", {"name": "Changed"}).status_code == 200


def test_an_incident_is_tried_out(api, team, hook) -> None:
    with team_context(team.id):
        about = workflow(team, "checkout")
        about.tags = ["web"]
        about.save()
        of = rule(team)
    for name, matchers in (
        ("tagged", {"tag": ["web"]}),
        ("critical", {"severity": ["critical"]}),
        ("ruled", {"rule": [str(of.id)]}),
    ):
        api.post("", body(hook, name=name, matchers=matchers))

    def tried(query: str) -> tuple[bool, list[str]]:
        told = api.get(f"?{query}").json()
        return told["is_lost"], [row["tried"] for row in told["results"]]

    assert tried("workflow=checkout&severity=critical") == (False, ["taken", "not_reached", "no_match"])
    assert tried("severity=critical") == (False, ["no_match", "taken", "no_match"])
    assert tried(f"rule={of.id}") == (False, ["no_match", "no_match", "taken"])
    assert tried("severity=info") == (True, ["no_match"] * 3)
    assert reasons(api.get("?workflow=nowhere")) == {"workflow": "is not known"}
    assert api.get("?severity=loud").status_code == 400
    assert api.get("?metric=luck").status_code == 400
    assert api.get("?rule=x").status_code == 400


def test_the_list_has_pages(api, team, hook) -> None:
    with team_context(team.id):
        for number in range(5):
            route(team, (hook, 0), name=f"Route {number}")
    first = api.get("?limit=2").json()
    second = api.client.get(first["next"], headers=api.headers).json()
    third = api.client.get(second["next"], headers=api.headers).json()
    rows = [*first["results"], *second["results"], *third["results"]]
    assert [(row["position"], row["name"]) for row in rows] == [(n + 1, f"Route {n}") for n in range(5)]
    assert third["next"] is None
    assert reasons(api.get("?after=nonsense")) == {"after": "Not a cursor of this list. Take it from `next`."}
    assert api.get("?limit=0").status_code == 400
    assert api.get("?limit=501").status_code == 400


def test_the_number_of_queries_does_not_grow(api, team, hook) -> None:
    def queries(address: str) -> int:
        api.get(address)
        with CaptureQueriesContext(connection) as told:
            assert api.get(address).status_code == 200
        return len(told)

    def fill(count: int, start: str) -> None:
        with team_context(team.id):
            for number in range(count):
                about = workflow(team, f"{start}{number}")
                route(team, (hook, 0), (hook, 5), name=about.name, matchers={"workflow": [about.slug]})

    fill(1, "a")
    few = [queries(address) for address in ("", "?severity=info")]
    fill(19, "b")
    assert [queries(address) for address in ("", "?severity=info")] == few


def test_scopes_and_teams_are_kept_apart(api, team, other_team, hook) -> None:
    page = f"{api.post('', body(hook)).json()['id']}/"
    reader, stranger = Api(team, ADDRESS, [Scope.READ]), Api(other_team.team, ADDRESS)
    changer = Api(team, ADDRESS, [Scope.ALERT])
    assert reader.get().status_code == 200
    assert reader.get(page).status_code == 200
    assert changer.get().status_code == 403
    assert reader.post("", body(hook)).status_code == 403
    assert reader.patch(page, {"name": "x"}).status_code == 403
    assert reader.delete(page).status_code == 403
    assert stranger.get().json()["results"] == []
    assert stranger.get(page).status_code == 404
    assert stranger.patch(page, {"name": "x"}).status_code == 404
    assert stranger.delete(page).status_code == 404
    assert reasons(stranger.post("", body(hook))) == {"steps": "must be channels of the team"}
    assert Client().get(ADDRESS).status_code == 401
    assert api.put(page, body(hook)).status_code == 405
    assert api.get("nonsense/").status_code == 404
