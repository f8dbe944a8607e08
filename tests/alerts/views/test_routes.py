"""Routes, silences and operations on pages."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import team_context
from alerts.models import Channel, Route, Silence
from monitoring.models import Workflow
from monitoring.statuses import Status
from tests.alerts.opening import breach, opened, route, rule, workflow
from tests.alerts.telling import channel
from tests.factories import report, store
from tests.monitoring.views.test_replay import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def hook(team) -> Channel:
    with team_context(team.id):
        return channel(team)


@pytest.fixture
def pages(team) -> str:
    return f"/t/{team.slug}/alerts/"


def flat(client, address: str) -> str:
    return " ".join(read(client, address).split())


def form(hook, **fields) -> dict[str, object]:
    told = {"name": "Payments", "channel": [str(hook.id), ""], "after": ["", ""], "is_final": "on", "is_active": "on"}
    return {**told, **fields}


def test_a_route_is_added_changed_moved_tried_and_removed(member_client, team, hook, pages) -> None:
    with team_context(team.id):
        about = workflow(team)
    told = form(
        hook,
        workflow=about.slug,
        severity=["critical", "warning"],
        channel=[str(hook.id), str(hook.id)],
        after=["0", "15"],
        quiet_from="22:00",
        quiet_to="07:00",
        quiet_zone="Europe/Berlin",
        quiet_days=["0", "1"],
        quiet_severities=["warning"],
    )
    assert member_client.post(f"{pages}routes/new/", told).status_code == 302
    member_client.post(f"{pages}routes/new/", form(hook, name="Rest"))
    text = flat(member_client, f"{pages}routes/")
    assert "workflow checkout, severity Critical or Warning" in text
    assert "On call, then On call after 15 min" in text
    assert "22:00 to 07:00 Europe/Berlin on Mon, Tue, for warning" in text
    assert "Takes it" in flat(member_client, f"{pages}routes/?workflow=checkout&severity=critical")
    with team_context(team.id):
        first, rest = Route.objects.order_by("position")
    member_client.post(f"{pages}routes/{rest.id}/move/", {"to": "up"})
    assert "Matches, not reached" in flat(member_client, f"{pages}routes/?workflow=checkout&severity=critical")
    assert 'value="22:00"' in read(member_client, f"{pages}routes/{first.id}/")
    member_client.post(f"{pages}routes/{first.id}/", form(hook, name="Renamed"))
    assert "Renamed" in read(member_client, f"{pages}routes/")
    member_client.post(f"{pages}routes/{first.id}/remove/")
    assert "Renamed" not in read(member_client, f"{pages}routes/")
    lines = b"".join(member_client.get(f"{pages}routes/?format=csv").streaming_content).decode().splitlines()
    assert lines[1] == "1,Rest,everything,On call,,True,True"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": ""}, "the name must be told"),
        ({"channel": [""]}, "the channels must be 1 to 20"),
        ({"channel": ["nonsense"]}, "the channels must be channels of the team"),
        ({"after": ["soon", ""]}, "the escalation must be whole minutes"),
        ({"quiet_from": "22:00"}, "the quiet hours must have a beginning and an end"),
        ({"quiet_from": "22:00", "quiet_to": "25:00", "quiet_zone": "UTC"}, "the quiet hours cannot be read"),
    ],
)
def test_a_route_that_cannot_be_saved_says_why(member_client, hook, pages, fields, reason) -> None:
    response = member_client.post(f"{pages}routes/new/", form(hook, **fields))
    assert response.status_code == 422
    assert reason in response.content.decode()


def test_an_incident_that_no_route_takes_is_said_to_be_lost(member_client, team, hook, pages) -> None:
    with team_context(team.id):
        route(team, (hook, 0), matchers={"severity": ["critical"]})
    assert "nobody would be told" in flat(member_client, f"{pages}routes/?severity=info")


def test_a_route_that_is_never_reached_says_so(member_client, team, hook, pages) -> None:
    with team_context(team.id):
        route(team, (hook, 0), name="Some", matchers={"severity": ["critical"]})
        route(team, (hook, 0))
    assert "Never reached" not in flat(member_client, f"{pages}routes/")
    with team_context(team.id):
        route(team, (hook, 0), name="Late one")
    text = flat(member_client, f"{pages}routes/")
    assert text.count("Never reached") == 1
    assert "the search ends at <bdi>Everything</bdi>: move it up" in text
    with team_context(team.id):
        one = Route.objects.get(name="Late one")
    page = flat(member_client, f"{pages}routes/{one.id}/")
    assert "Remove this route?" in page


def test_a_silence_is_added_listed_exported_and_ended(member_client, team, pages) -> None:
    now = timezone.localtime()
    told = {
        "kind": "maintenance",
        "reason": "Moving",
        "starts": f"{now - timedelta(minutes=1):%Y-%m-%dT%H:%M}",
        "ends": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "zone": "UTC",
        "severity": "critical",
    }
    assert member_client.post(f"{pages}silences/", told).status_code == 302
    text = flat(member_client, f"{pages}silences/")
    assert "Saved. While it is in force, no incident that matches opens." in text
    assert "Moving" in text
    assert "In force" in text
    assert "severity Critical" in text
    lines = b"".join(member_client.get(f"{pages}silences/?format=csv").streaming_content).decode().splitlines()
    assert lines[1].startswith("maintenance,In force,severity Critical,Moving,")
    with team_context(team.id):
        one = Silence.objects.get()
    member_client.post(f"{pages}silences/{one.id}/end/")
    assert "In force" not in flat(member_client, f"{pages}silences/")
    assert member_client.post(f"{pages}silences/{one.id}/end/").status_code == 404


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"reason": ""}, "the reason must be told"),
        ({"ends": "soon"}, "the end must be a date and a time"),
        ({"ends": "2020-01-01T00:00"}, "the end must be later"),
        ({"zone": "Mars/Base"}, "the time zone must be a time zone, such as Europe/Berlin"),
        ({"cron": "often", "minutes": "60"}, "the cron expression must have five fields"),
        ({"cron": "0 2 * * 6", "minutes": "many"}, "the duration must be whole minutes"),
        ({"cron": "0 0 1 1 *", "minutes": "60"}, "the end must be later than the first time at which it comes, 20"),
    ],
)
def test_a_silence_that_cannot_be_saved_says_why(member_client, team, pages, fields, reason) -> None:
    ends = f"{timezone.now() + timedelta(hours=1):%Y-%m-%dT%H:%M}"
    told = {"kind": "silence", "reason": "Known", "ends": ends, "zone": "UTC", **fields}
    response = member_client.post(f"{pages}silences/", told)
    assert response.status_code == 422
    assert reason in response.content.decode()


def test_who_may_see_and_change(client, team, member, member_client, stranger_client, hook, pages) -> None:
    with team_context(team.id):
        route(team, (hook, 0))
        one = Route.objects.get()
    posts = [
        f"{pages}routes/{one.id}/move/",
        f"{pages}routes/{one.id}/remove/",
        f"{pages}silences/{uuid4()}/end/",
    ]
    forms = [f"{pages}routes/new/", f"{pages}routes/{one.id}/"]
    for address in (f"{pages}routes/", f"{pages}silences/", f"/t/{team.slug}/operations/", *forms):
        assert stranger_client.get(address).status_code == 404
        assert client.get(address).status_code == 302
    for address in posts:
        assert stranger_client.post(address).status_code == 404
        assert member_client.get(address).status_code == 405
    assert member_client.get(f"{pages}routes/{uuid4()}/").status_code == 404
    assert member_client.post(f"{pages}routes/{uuid4()}/move/").status_code == 404
    assert member_client.post(f"{pages}routes/").status_code == 405
    Membership.objects.filter(user=member).update(role=Role.VIEWER)
    assert "Add a route" not in read(member_client, f"{pages}routes/")
    assert "Add one" not in read(member_client, f"{pages}silences/")
    for address in (*posts, *forms, f"{pages}silences/"):
        assert member_client.post(address).status_code == 404


def test_operations_says_what_sends_no_notice(member_client, team) -> None:
    with team_context(team.id):
        about = workflow(team, "build")
        Workflow.objects.update(is_sample=True)
        (one,) = opened(team, breach(rule(team), about), now=timezone.now())
    text = flat(member_client, f"/t/{team.slug}/operations/")
    assert "Each open incident is looked after, or sends no notice" in text
    assert "no notice: sample data" in text
    page = flat(member_client, f"/t/{team.slug}/incidents/{one.id}/")
    assert "No notice is sent. It is about sample data." in page


def test_operations_answers_and_asks_for_news(member_client, team) -> None:
    page, now = f"/t/{team.slug}/operations/", timezone.now()
    store(team, report(workflow="done", started_at=now - timedelta(hours=2), finished_at=now - timedelta(hours=1)))
    assert "No incident is open, and nothing failed in the last 15 minutes" in flat(member_client, page)
    store(
        team,
        report(workflow="checkout", status=Status.FAILED, started_at=now - timedelta(minutes=2), finished_at=now),
        report(id="at work", workflow="checkout", status=Status.RUNNING, started_at=now, finished_at=None),
        now=now,
    )
    text = flat(member_client, page)
    assert "1 failure in the last 15 minutes, below what any rule minds" in text
    assert "at work" in text
    with team_context(team.id):
        opened(team, breach(rule(team, "stuck"), workflow(team, "slow"), value=60_000.0), now=timezone.now())
    text = flat(member_client, page)
    assert text.count("No report while running: slow") >= 3
    lines = b"".join(member_client.get(f"{page}?format=csv").streaming_content).decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["What", "incident", "failing", "running"]
    news = member_client.get(f"{page}live/", {"since": (now - timedelta(minutes=1)).isoformat()}).json()
    assert news["news"] == "1 new incident, 1 new failure"
    assert member_client.get(f"{page}live/", {"since": "nonsense"}).json()["news"] == ""
    assert member_client.post(page).status_code == 405


def test_the_number_of_queries_does_not_grow(member_client, team, hook, pages) -> None:
    now = timezone.now()

    def queries(address: str) -> int:
        read(member_client, address)
        with CaptureQueriesContext(connection) as told:
            read(member_client, address)
        return len(told)

    def fill(count: int, start: str) -> None:
        names = [f"{start}{number}" for number in range(count)]
        store(team, *(report(workflow=name, status=Status.FAILED, finished_at=now) for name in names), now=now)
        store(team, *(report(workflow=n, status=Status.RUNNING, finished_at=None) for n in names), now=now)
        with team_context(team.id):
            for name in names:
                route(team, (hook, 0), name=name)
            of = rule(team, "stuck")
            abouts = [workflow(team, f"{name} idle") for name in names]
            opened(team, *(breach(of, about) for about in abouts), now=now)
            for name in names:
                Silence.objects.create(team=team, reason=name, starts_at=now, ends_at=now + timedelta(hours=1))

    addresses = (f"{pages}routes/?severity=info", f"{pages}silences/", f"/t/{team.slug}/operations/")
    fill(1, "a")
    few = [queries(address) for address in addresses]
    fill(20, "b")
    assert [queries(address) for address in addresses] == few
