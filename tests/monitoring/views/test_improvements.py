"""Improvements on pages: planned from a group or finding, released, moved, commented, listed, exported."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import team_context
from monitoring.models import FailureGroup, Improvement, Release, Workflow
from monitoring.services.improvements import Wanted, plan_improvement
from monitoring.services.proofs import measure_due
from monitoring.windows import HOUR, floor_to
from tests.monitoring.services.improving import WORKFLOW, find, report_all, runs
from tests.monitoring.views.test_replay import read

pytestmark = pytest.mark.django_db

NOW = floor_to(timezone.now(), HOUR)
LIVE = NOW - timedelta(hours=20)
FORM = {
    "title": "Handle a missing company",
    "kind": "node_design",
    "metric": "group_rate",
    "reduction": "80",
    "text": "Skip leads without a company.",
    "links": "https://git.example/42\nhttps://wiki.example/leads",
}


@pytest.fixture
def group(team):
    report_all(team, runs(LIVE - timedelta(days=2), 48, "41", failing=1, per_hour=5), LIVE)
    with team_context(team.id):
        return FailureGroup.objects.get()


@pytest.fixture
def pages(team) -> str:
    return f"/t/{team.slug}/improvements/"


def make(team, group, number: int = 0, **fields: object) -> Improvement:
    with team_context(team.id):
        told = {
            "workflow_id": group.workflow_id,
            "kind": "node_design",
            "title": f"Improvement {number}",
            "metric": "group_rate",
            "failure_group_id": group.id,
        }
        return plan_improvement(team_id=team.id, wanted=Wanted(**{**told, **fields}), by="a key", now=LIVE)


def test_a_group_is_turned_into_an_improvement(member_client, team, group, pages) -> None:
    form = f"{pages}new/?group={group.id}"
    text = read(member_client, form)
    assert f"Fix: {group.title}" in text
    assert "Failures in the last 7 days" in text
    assert 'value="group_rate" selected' in text
    response = member_client.post(form, {**FORM, "owner": ""}, follow=True)
    text = response.content.decode()
    assert "Handle a missing company" in text
    assert "Planned" in text
    assert "https://wiki.example/leads" in text
    assert f"{WORKFLOW}" in text
    assert "−80%" in text
    assert "<b>member@harbour.test</b> planned it" in " ".join(text.split())


def test_a_finding_prefills_the_form(member_client, team, group, pages) -> None:
    finding = find(team, group.id, LIVE - timedelta(days=1), LIVE)
    text = read(member_client, f"{pages}new/?finding={finding.id}")
    assert "Fix: Failures are concentrated at the step score" in text
    assert "168" in text
    member_client.post(f"{pages}new/?finding={finding.id}", FORM)
    with team_context(team.id):
        assert Improvement.objects.get().finding_id == finding.id


def test_without_a_subject_the_workflow_is_chosen(member_client, team, group, pages) -> None:
    assert "Choose" in read(member_client, f"{pages}new/")
    told = {**FORM, "metric": "failure_rate"}
    refused = member_client.post(f"{pages}new/", told)
    assert refused.status_code == 422
    assert "the workflow must be chosen" in refused.content.decode()
    with team_context(team.id):
        slug = Workflow.objects.get().slug
    assert member_client.post(f"{pages}new/", {**told, "workflow": slug}).status_code == 302


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("title", "", "the title must be told"),
        ("reduction", "much", "the expected change must be a reduction in percent"),
        ("reduction", "3", "the expected change must be a reduction by 5% to 100%"),
        ("owner", "somebody", "the owner must be a member of the team"),
        ("links", "javascript:alert(1)", "the links must be at most 20 addresses"),
        ("tracker_url", "file:///etc/passwd", "the tracker link must be an address with http or https"),
        ("environment", "moon", "the environment must be one of: production"),
        ("kind", "luck", "the kind must be one of"),
    ],
)
def test_what_cannot_be_saved_names_field_reason_and_limit(member_client, group, pages, field, value, reason) -> None:
    response = member_client.post(f"{pages}new/?group={group.id}", {**FORM, field: value})
    assert response.status_code == 422
    assert reason in response.content.decode()
    assert "Skip leads" in response.content.decode()


def test_it_is_released_measured_and_its_figures_are_shown(member_client, team, group, pages) -> None:
    one = make(team, group, expected_change=-0.8)
    page = f"{pages}{one.id}/"
    member_client.post(f"{page}release/", {"release": "42"})
    with team_context(team.id):
        Release.objects.filter(name="42").update(released_at=LIVE)
    report_all(team, runs(LIVE + HOUR, 4, "42", failing=0, per_hour=5), NOW)
    measure_due(timezone.now(), seconds=20)
    text = read(member_client, page)
    assert "Cannot tell yet" in text
    assert "more runs needed" in text
    assert "At the present volume about" in text
    report_all(team, runs(LIVE + 5 * HOUR, 14, "42", failing=0, per_hour=5), NOW)
    measure_due(timezone.now() + timedelta(hours=1), seconds=20)
    text = read(member_client, page)
    assert "Helped" in text
    assert "20.0%" in text
    assert "−20.0 points" in text
    assert "<b>Steadyrun</b> measured it: helped." in " ".join(text.split())
    listed = " ".join(read(member_client, pages).split())
    assert "20.0% → 0%" in listed


def test_steps_and_comments_by_hand(member_client, team, group, pages) -> None:
    page = f"{pages}{make(team, group).id}/"
    assert "cannot go from planned to helped" in member_client.post(
        f"{page}move/", {"status": "helped"}, follow=True
    ).content.decode().replace("&#x27;", "'")
    member_client.post(f"{page}release/", {"release": "42"})
    member_client.post(f"{page}move/", {"status": "helped", "text": "Seen in the tool"})
    member_client.post(f"{page}comment/", {"text": "Thanks\n\nAll"})
    text = " ".join(read(member_client, page).split())
    assert "set it to helped by hand" in text
    assert "Seen in the tool" in text
    assert "Thanks" in text
    assert (
        "Not saved: the text must be told"
        in member_client.post(f"{page}comment/", {"text": " "}, follow=True).content.decode()
    )
    history = b"".join(member_client.get(page, {"format": "csv"})).decode().splitlines()
    assert history[0].endswith("at,who,what,text")
    assert len(history) >= 5


def test_it_is_edited(member_client, team, group, pages, member) -> None:
    one = make(team, group)
    page = f"{pages}{one.id}/edit/"
    assert "Improvement 0" in read(member_client, page)
    told = {**FORM, "owner": str(member.id), "tracker_url": "https://issues.example/7"}
    text = member_client.post(page, told, follow=True).content.decode()
    assert "https://issues.example/7" in text
    assert "changed" in text
    assert "member@harbour.test" in text


def test_the_list_counts_filters_and_exports(member_client, team, group, pages, member) -> None:
    for number in range(3):
        make(team, group, number, owner_id=member.id if number else None)
    page = f"{pages}{make(team, group, 9, title='Released one').id}/"
    member_client.post(f"{page}release/", {"release": "42"})
    response = member_client.get(pages)
    counts = {column.sign.word: column.count for column in response.context_data["columns"]}
    assert counts == {"Planned": 3, "Released": 1, "Helped": 0, "Did not help": 0, "Reopened": 0}
    assert "Released one" not in read(member_client, f"{pages}?status=planned")
    assert len(member_client.get(f"{pages}?owner={member.id}").context_data["rows"]) == 2
    assert "Nothing matches" in read(member_client, f"{pages}?owner=nobody&kind=x")
    lines = b"".join(member_client.get(pages, {"format": "csv", "status": "released"})).decode().splitlines()
    assert len(lines) == 2
    assert "Released one" in lines[1]


def test_the_rail_counts_and_leads_to_the_improvements_of_the_workflow(member_client, team, group, pages) -> None:
    make(team, group)
    member_client.post(f"{pages}{make(team, group, 2).id}/release/", {"release": "42"})
    rail = member_client.get(f"/t/{team.slug}/groups/{group.id}/").context_data["rail"]
    assert rail[4].note == "1 planned, 1 released"
    assert rail[4].href.endswith("/improvements/?workflow=lead-qualification")


def test_a_viewer_reads_and_changes_nothing(client: Client, team, member, group, pages) -> None:
    one = make(team, group)
    Membership.objects.filter(team=team, user=member).update(role=Role.VIEWER)
    client.force_login(member)
    page = f"{pages}{one.id}/"
    text = read(client, page)
    assert "Set released" not in text
    assert "Plan an improvement" not in read(client, pages)
    for address in (f"{pages}new/", f"{page}edit/"):
        assert client.get(address).status_code == 404
    for action in ("release", "move", "comment"):
        assert client.post(f"{page}{action}/", {}).status_code == 404


def test_strangers_the_anonymous_and_wrong_methods(client: Client, stranger_client, member_client, team, group, pages):
    page = f"{pages}{make(team, group).id}/"
    for address in (pages, page, f"{pages}new/", f"{page}edit/"):
        assert stranger_client.get(address).status_code == 404
        assert client.get(address).status_code == 302
    for action in ("release", "move", "comment"):
        assert member_client.get(f"{page}{action}/").status_code == 405
        assert stranger_client.post(f"{page}{action}/").status_code == 404
        assert member_client.post(f"{pages}{uuid4()}/{action}/", {"release": "1", "text": "x"}).status_code == 404
    assert member_client.post(pages).status_code == 405
    assert member_client.get(f"{pages}{uuid4()}/").status_code == 404
    assert member_client.get(f"{pages}new/?group={uuid4()}").status_code == 404
    assert member_client.get(f"{pages}new/?group=x").status_code == 404


def test_another_teams_subjects_are_not_known(stranger_client, other_team, group) -> None:
    assert stranger_client.get(f"/t/{other_team.team.slug}/improvements/new/?group={group.id}").status_code == 404


def test_the_number_of_queries_is_the_same_with_one_and_many(member_client, team, group, pages) -> None:
    page = f"{pages}{make(team, group).id}/"
    counts = []
    for _ in range(2):
        # What was said of the comments is read once.
        member_client.get(page)
        with CaptureQueriesContext(connection) as queries:
            assert member_client.get(pages).status_code == 200
            assert member_client.get(page).status_code == 200
        counts.append(len(queries))
        for number in range(20):
            make(team, group, number + 1)
            member_client.post(f"{page}comment/", {"text": f"Comment {number}"})
    assert counts[0] == counts[1]
