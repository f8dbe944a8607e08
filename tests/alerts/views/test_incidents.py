"""Incidents on pages: the list, one incident, and each thing done to it."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import team_context
from alerts.models import AlertDelivery, Incident, Silence
from alerts.services.incidents import resolve
from monitoring.models import Workflow
from tests.alerts.opening import breach, failing_at, opened, route, rule, workflow
from tests.alerts.telling import channel
from tests.monitoring.views.test_replay import read

pytestmark = pytest.mark.django_db
ACTIONS = {
    "acknowledge": {},
    "note": {"text": "It is the bank."},
    "resolve": {"text": "Paid"},
    "improvement": {},
    "silence": {"reason": "Known", "hours": "4"},
}


@pytest.fixture
def one(team) -> Incident:
    with team_context(team.id):
        route(team, (channel(team), 0))
        now = timezone.now()
        since = now - timedelta(minutes=5)
        return opened(team, breach(rule(team, text="Call the bank"), workflow(team), since=since), now=now)[0]


@pytest.fixture
def pages(team) -> str:
    return f"/t/{team.slug}/incidents/"


def flat(client, address: str) -> str:
    return " ".join(read(client, address).split())


def test_the_list_leads_with_what_needs_somebody(member_client, one, pages) -> None:
    text = flat(member_client, pages)
    assert "1 incident nobody has acknowledged" in text
    assert "Error rate 12.4% of checkout" in text
    assert "31 of 250 runs in 5 min, limit 5.0%" in text
    assert "Nobody is told of incidents" not in text


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("status=open", True),
        ("status=resolved", False),
        ("severity=critical", True),
        ("severity=info", False),
        ("workflow=checkout", True),
        ("workflow=refund", False),
        ("q=error+rate", True),
        ("q=latency", False),
        (f"rule={UUID(int=7)}", False),
        ("rule=nonsense", False),
        ("status=sleeping", False),
        ("from=2020-01-01&to=2020-01-02", False),
        ("after=nonsense", True),
    ],
)
def test_filters_are_in_the_address(member_client, one, pages, query, is_there) -> None:
    assert ("Error rate 12.4% of checkout" in read(member_client, f"{pages}?{query}")) is is_there


def test_the_list_is_exported_as_it_is_filtered(member_client, one, pages) -> None:
    lines = b"".join(member_client.get(f"{pages}?format=csv&severity=critical").streaming_content).decode().splitlines()
    assert lines[0].startswith("Incident,Severity,Status,Rule,Workflow")
    assert lines[1].startswith("Error rate 12.4% of checkout,critical,open,Rule error_rate,checkout,production,")
    nothing = b"".join(member_client.get(f"{pages}?format=csv&severity=info").streaming_content).decode()
    assert nothing.count("\n") == 1


def test_a_page_of_incidents_leads_to_the_next(member_client, team, one, pages) -> None:
    with team_context(team.id):
        of = rule(team)
        opened(team, *(breach(of, workflow(team, f"w{number:02}")) for number in range(60)), now=timezone.now())
        resolve(team.id, [one.id], timezone.now())
    first = read(member_client, pages)
    assert first.count('class="strong"') == 50
    following = first.partition('rel="next"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = read(member_client, pages + following)
    assert second.count('class="strong"') == 11
    assert second.rindex("Error rate 12.4% of checkout") > second.index("of w")


def test_chosen_ones_are_acknowledged_together(member_client, team, one, pages) -> None:
    told = {"incident": [str(one.id), "nonsense"], "back": "severity=critical"}
    response = member_client.post(f"{pages}acknowledge/", told)
    assert response.url == f"{pages}?severity=critical"
    text = flat(member_client, pages)
    assert "1 incident open, each with somebody who looks after it" in text
    assert "member@harbour.test" in text
    assert "Nothing was changed" in member_client.post(f"{pages}acknowledge/", told, follow=True).content.decode()


def test_the_page_says_what_since_when_how_bad(member_client, one, pages) -> None:
    text = flat(member_client, f"{pages}{one.id}/")
    assert "Open, and nobody has acknowledged it" in text
    assert "<b>31 of 250 runs in 5 min, limit 5.0%</b>." in text
    assert "See what the failures share" in text
    assert "Call the bank" in text
    assert "told On call" in text
    assert "<bdi>On call</bdi></b>: opened, waiting" in text


def test_samples_chart_and_parts_show(member_client, team, pages) -> None:
    with team_context(team.id):
        failing_at(team, ["checkout", "refund"])
        opened(team, *(breach(rule(team), about) for about in Workflow.objects.order_by("name")))
        lead = Incident.objects.get(rule__isnull=True)
        part = Incident.objects.filter(parent=lead).order_by("title").first()
    text = flat(member_client, f"{pages}{lead.id}/")
    assert "api.payments.example fails: 2 workflows" in text
    assert "with 2 incidents that count to it" in text
    assert f"/t/{team.slug}/systems/api.payments.example/" in text
    text = flat(member_client, f"{pages}{part.id}/")
    assert "It counts to another incident, which tells of both." in text
    assert "Replay the latest sample" in text
    text = flat(member_client, pages + "?from=2026-08-01&to=2026-09-01")
    assert "1 incident nobody has acknowledged" in text
    assert "2 more that need nobody: parts of others, or sample data" in text


def test_an_incident_of_the_sample_waits_for_nobody(member_client, team, one, pages) -> None:
    with team_context(team.id):
        Incident.objects.filter(id=one.id).update(muted_by="sample")
    text = flat(member_client, pages)
    assert "No incident is open" in text
    assert "1 more that needs nobody: part of another, or sample data" in text


def test_what_a_member_does_is_done_and_written_down(member_client, team, one, pages) -> None:
    page = f"{pages}{one.id}/"
    said = {name: member_client.post(f"{page}{name}/", told, follow=True) for name, told in ACTIONS.items()}
    assert "Acknowledged. Nobody else is told of it." in said["acknowledge"].content.decode()
    assert "Silenced until" in said["silence"].content.decode() or "Not saved" not in said["silence"].content.decode()
    text = flat(member_client, page)
    assert "<b>member@harbour.test</b> <bdi>acknowledged it</bdi>" in text
    assert "It is the bank." in text
    assert "<b>member@harbour.test</b> <bdi>resolved it</bdi>" in text
    with team_context(team.id):
        assert Silence.objects.get().matchers == {"rule": [str(one.rule_id)], "workflow": ["checkout"]}
        assert list(AlertDelivery.objects.order_by("created_at").values_list("kind", flat=True)) == [
            "opened",
            "acknowledged",
            "resolved",
        ]


def test_what_cannot_be_done_is_said(member_client, one, pages) -> None:
    page = f"{pages}{one.id}/"
    for name, told, reason in (
        ("note", {"text": " "}, "the text must be told"),
        ("silence", {"reason": "", "hours": "4"}, "the reason must be told"),
        ("silence", {"reason": "x", "hours": "999"}, "the hours must be one of"),
        ("improvement", {"improvement": str(uuid4())}, "the improvement is not known"),
        ("improvement", {"improvement": "nonsense"}, "the improvement is not known"),
    ):
        assert reason in member_client.post(f"{page}{name}/", told, follow=True).content.decode()


def test_who_may_see_and_change(client, team, member, member_client, stranger_client, one, pages) -> None:
    page = f"{pages}{one.id}/"
    for address in (pages, page, f"{page}?format=csv"):
        assert stranger_client.get(address).status_code == 404
        assert client.get(address).status_code == 302
    for address in [f"{pages}acknowledge/", *(f"{page}{name}/" for name in ACTIONS)]:
        assert stranger_client.post(address).status_code == 404
        assert client.post(address).status_code == 302
        assert member_client.get(address).status_code == 405
    assert member_client.post(pages).status_code == 405
    assert member_client.get(f"{pages}{uuid4()}/").status_code == 404
    assert member_client.post(f"{pages}{uuid4()}/note/", {"text": "x"}).status_code == 404
    Membership.objects.filter(user=member).update(role=Role.VIEWER)
    assert "Resolve by hand" not in read(member_client, page)
    for address in [f"{pages}acknowledge/", *(f"{page}{name}/" for name in ACTIONS)]:
        assert member_client.post(address).status_code == 404


def test_the_old_name_leads_to_the_list(member_client, team, pages) -> None:
    assert member_client.get(f"/t/{team.slug}/alerts/").url == pages


def test_the_number_of_queries_does_not_grow(member_client, team, one, pages) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as told:
            read(member_client, address)
        return len(told)

    read(member_client, pages)
    few, page = queries(pages), queries(f"{pages}{one.id}/")
    with team_context(team.id):
        of = rule(team)
        opened(team, *(breach(of, workflow(team, f"w{number}")) for number in range(20)), now=timezone.now())
        Incident.objects.exclude(id=one.id).update(parent=one)
    assert queries(pages) == few
    assert queries(f"{pages}{one.id}/") == page
