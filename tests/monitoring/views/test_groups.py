"""Classifying: the suggestion with its evidence on Replay and on a failure group, decisions, history and agreement."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion.records import Failure
from monitoring.models import Classification, FailureGroup
from monitoring.services.diagnosis import diagnose_due
from monitoring.statuses import Status
from tests.factories import report, send, step, store
from tests.monitoring.views.test_replay import page_of, read

pytestmark = pytest.mark.django_db


def broken(name: str, minutes: int = 30, **fields: object):
    at = timezone.now() - timedelta(minutes=minutes)
    lost = Failure(type="KeyError", message="company")
    steps = [step(id="s", node="score", status=Status.FAILED, error=lost, started_at=at, ended_at=at)]
    told = {"id": name, "workflow": "Lead", "release": "42", "status": Status.FAILED, "steps": steps}
    return report(**{**told, "started_at": at, "finished_at": at, **fields})


@pytest.fixture
def group(team) -> str:
    """The page of a group of three failures, diagnosed."""
    now = timezone.now()
    store(team, *(broken(f"bad-{n}", 30 + n) for n in range(3)), now=now)
    diagnose_due(now + timedelta(seconds=11), seconds=60)
    with team_context(team.id):
        return f"/t/{team.slug}/groups/{FailureGroup.objects.get().id}/"


def test_a_group_shows_the_suggestion_with_what_speaks_for_and_against(member_client, group):
    text = read(member_client, group)
    assert "Process design" in text
    assert "Suggested" in text
    assert "code or an expression is wrong for this input" in text
    assert "bad-0" in text
    assert "3 executions" in text
    card = member_client.get(group).context_data["classify"]
    assert card.options[0].is_suggested
    assert {said.is_for for option in card.options for said in option.evidence} == {True, False}


def test_a_decision_about_the_group_counts_and_its_history_is_kept(member_client, team, group):
    member_client.post(group, {"cause": "external dependency", "note": "crm changed"})
    member_client.post(group, {"cause": "process design", "note": "no, it was us"})
    card = member_client.get(group).context_data["classify"]
    assert card.decided.cause == "process design"
    assert [one.note for one in card.history] == ["no, it was us", "crm changed"]
    text = read(member_client, group)
    assert "Members kept the suggestion in 1 of 1 decisions: 100%" in text
    assert "Decided: process design" in read(member_client, page_of(team, "bad-1"))


def test_a_decision_about_one_execution_beats_that_of_its_group(member_client, team, group):
    page = page_of(team, "bad-1")
    member_client.post(f"{page}classify/", {"cause": "latency", "group": "1"})
    member_client.post(f"{page}classify/", {"cause": "undecided"})
    assert member_client.get(page).context_data["classify"].decided.cause == "undecided"
    other = member_client.get(page_of(team, "bad-2")).context_data["classify"]
    assert other.decided.cause == "latency"
    assert "for the whole group" in read(member_client, page_of(team, "bad-2"))


@pytest.mark.parametrize("told", [{}, {"cause": "bad luck"}, {"cause": "latency", "note": "x" * 2001}])
def test_what_cannot_be_saved_is_said(member_client, team, group, told):
    response = member_client.post(group, told, follow=True)
    assert "Not saved" in response.content.decode()
    with team_context(team.id):
        assert not Classification.objects.exists()


def test_replay_suggests_also_before_the_diagnosis_is_made(member_client, team):
    send(team, broken("fresh"), now=timezone.now())
    card = member_client.get(page_of(team, "fresh")).context_data["classify"]
    assert card.options[0].cause == "process design"
    rail = member_client.get(page_of(team, "fresh")).context_data["rail"]
    assert rail[3].href.endswith("#classify")
    assert rail[3].note == "Suggested: process design"


def test_an_execution_that_succeeded_has_nothing_to_classify(member_client, team):
    send(team, report(id="good"))
    assert member_client.get(page_of(team, "good")).context_data["classify"] is None
    assert member_client.post(f"{page_of(team, 'good')}classify/", {"cause": "latency"}).status_code == 404


def test_a_viewer_reads_and_does_not_decide(client: Client, team, member, group):
    Membership.objects.filter(team=team, user=member).update(role=Role.VIEWER)
    client.force_login(member)
    assert "Your role does not decide about causes" in read(client, group)
    assert client.post(group, {"cause": "latency"}).status_code == 404
    assert client.post(f"{page_of(team, 'bad-1')}classify/", {"cause": "latency"}).status_code == 404


def test_strangers_and_the_anonymous_learn_nothing(client: Client, stranger_client, team, group):
    classify = f"{page_of(team, 'bad-1')}classify/"
    assert stranger_client.get(group).status_code == 404
    assert stranger_client.post(classify, {"cause": "latency"}).status_code == 404
    assert client.get(group).status_code == 302
    assert client.post(classify).status_code == 302


def test_a_group_of_nobody_and_wrong_methods(member_client, team, group):
    assert member_client.get(f"/t/{team.slug}/groups/{team.id}/").status_code == 404
    assert member_client.put(group).status_code == 405
    assert member_client.get(f"{page_of(team, 'bad-1')}classify/").status_code == 405


def test_releases_are_exported(member_client, group):
    text = b"".join(member_client.get(group, {"format": "csv"})).decode()
    assert text.splitlines()[0].endswith("Release,Failures,First,Last")
    assert text.splitlines()[1].startswith("42,3,")


def test_failures_lead_to_the_group_and_tell_the_agreement(member_client, team, group):
    member_client.post(group, {"cause": "latency"})
    text = read(member_client, f"/t/{team.slug}/workflows/lead/failures/")
    assert f'href="{group}' in text
    assert "Members kept the suggestion in 0 of 1 decisions" in text


def test_the_number_of_queries_is_the_same_with_many_failures(member_client, team, group):
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert member_client.get(group).status_code == 200
        counts.append(len(queries))
        now = timezone.now()
        store(team, *(broken(f"more-{n}", 10, release=f"r{n}") for n in range(20)), now=now)
        diagnose_due(now + timedelta(seconds=11), seconds=60)
    assert counts[0] == counts[1]


def test_samples_are_sorted_and_exported_as_they_are_shown(member_client, team, group):
    quick = timezone.now() - timedelta(minutes=9)
    store(team, broken("slow", 10, finished_at=quick, input_type="lead.v2"), now=timezone.now())
    text = read(member_client, f"{group}?sort=-duration")
    assert "slowest first, 4 in this range" in text
    assert text.index(">slow<") < text.index(">bad-0<")
    assert "format=csv&amp;table=samples" in text
    told = {"format": "csv", "table": "samples", "sort": "-duration"}
    lines = b"".join(member_client.get(group, told)).decode().splitlines()
    assert lines[0].endswith('Execution,Started,Error,Input type,Release,"Duration, ms"')
    assert lines[1].startswith("slow,")
    assert lines[1].endswith(",lead.v2,42,60000")
    assert len(lines) == 5
