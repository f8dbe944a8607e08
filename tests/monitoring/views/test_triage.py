"""Triage on the page of a failure group: where it stands in words, what can be done, its parts and its history."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import team_context
from monitoring.models import Improvement, Workflow
from monitoring.services.triage_watch import follow
from tests.monitoring.views.test_group_list import fail, id_of
from tests.monitoring.views.test_replay import page_of, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(team) -> str:
    """The page of a group that failed in release 42."""
    fail(team, "company", minutes=40, release="42", id="first")
    return f"/t/{team.slug}/groups/{id_of(team, 'company')}/"


def act(client: Client, group: str, **fields: object) -> str:
    """What the page says after an action."""
    answer = client.post(f"{group}triage/", fields, follow=True)
    assert answer.status_code == 200
    return read(client, group)


def test_an_untouched_group_is_open_and_nobodys(member_client, group):
    text = read(member_client, group)
    assert "Assigned to nobody" in text
    card = member_client.get(group).context_data["triage"]
    assert (card.words, card.who, card.history, card.may_open) == ("Open", "", [], False)


def test_it_says_until_when_it_is_ignored_how_many_were_seen_and_by_whom(member_client, member, team, group):
    text = act(member_client, group, action="ignore", ignore="count", count="20")
    assert "Ignored until 20 more failures, 0 seen" in text
    assert f"by {member.email}" in text
    # What came before does not count; what comes from now on does.
    fail(team, "company", minutes=5)
    fail(team, "company", minutes=-1)
    assert "Ignored until 20 more failures, 1 seen" in read(member_client, group)


def test_a_regression_names_the_release_that_brought_it_back(member_client, team, group):
    text = act(member_client, group, action="resolve", resolve="next")
    assert "Resolved in the next release, none yet" in text
    fail(team, "company", minutes=-2, release="43")
    assert "Resolved in the next release: 43, live since" in read(member_client, group)
    assert follow(timezone.now()) == 1
    text = read(member_client, group)
    assert "Failed again in release 43" in text
    assert "by Steadyrun" in text
    assert member_client.get(group).context_data["triage"].words == "Reopened"
    # Opening it again by hand ends the notice.
    act(member_client, group, action="reopen")
    assert member_client.get(group).context_data["triage"].came_back == ""


def test_the_history_says_who_did_what(member_client, member, team, group):
    act(member_client, group, action="assign", assignee=str(member.id))
    act(member_client, group, action="review")
    text = act(member_client, group, action="resolve", resolve="release", resolve_release="43")
    words = [one.words for one in member_client.get(group).context_data["triage"].history]
    assert words == ["Resolved in release 43", "Reviewed", f"Assigned to {member.email}"]
    assert "Resolved in release 43, not live yet" in text
    assert f"Assigned to {member.email}" in text


def test_merged_groups_are_listed_and_split_off_again(member_client, team, group):
    fail(team, "budget", minutes=50, id="second")
    ids = [id_of(team, "company"), id_of(team, "budget")]
    member_client.post(f"/t/{team.slug}/groups/change/", {"group": ids, "action": "merge"})
    answer = member_client.get(group, {"from": "now-30d"})
    root = f"/t/{team.slug}/groups/{ids[1]}/"
    assert (answer.status_code, answer.url) == (302, f"{root}?from=now-30d")
    context = member_client.get(root).context_data
    assert [part.title for part in context["triage"].merged] == ["KeyError: company"]
    assert context["failures"] == 2
    # The page of an execution leads to the group that its own one counts as.
    link = next(
        part for part in member_client.get(page_of(team, "first")).content.decode().split('"') if ids[0] in part
    )
    assert member_client.get(link, follow=True).context_data["group"].id == context["group"].id
    text = act(member_client, root, action="split", member=[ids[0]])
    assert "Split off “KeyError: company”" in text
    assert member_client.get(root).context_data["failures"] == 1
    assert "Split from “KeyError: budget”" in read(member_client, group)


def test_the_failures_page_shows_state_and_assignee(member_client, member, team, group):
    act(member_client, group, action="assign", assignee=str(member.id))
    act(member_client, group, action="ignore", ignore="good")
    text = read(member_client, f"/t/{team.slug}/workflows/lead/failures/")
    assert "Ignored" in text
    assert member.email in text
    assert "All failure groups" in text


def test_an_improvement_of_the_group_is_named(member_client, team, group):
    now = timezone.now()
    with team_context(team.id):
        Improvement.objects.create(
            team=team,
            workflow=Workflow.objects.get(),
            failure_group_id=id_of(team, "company"),
            kind="node_design",
            title="Check the company first",
            metric="group_rate",
            created_at=now,
            changed_at=now,
        )
    text = read(member_client, group)
    assert "Improvement, planned" in text
    assert "Check the company first" in text
    assert "Check the company first" in read(member_client, f"/t/{team.slug}/groups/")


def test_markup_in_what_is_told_is_text(member_client, team, group):
    act(member_client, group, action="resolve", resolve="release", resolve_release="<b>1</b>")
    text = member_client.get(group).content.decode()
    assert "Resolved in release &lt;b&gt;1&lt;/b&gt;" in text
    assert "<b>1</b>" not in text


def test_a_viewer_reads_and_does_not_decide(client: Client, team, member, group):
    Membership.objects.filter(team=team, user=member).update(role=Role.VIEWER)
    client.force_login(member)
    assert "Your role does not decide about failures" in read(client, group)
    assert client.post(f"{group}triage/", {"action": "resolve"}).status_code == 404


def test_the_number_of_queries_is_the_same_with_a_long_history(member_client, member, team, group):
    act(member_client, group, action="ignore", ignore="count", count="20")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert member_client.get(group).status_code == 200
        counts.append(len(queries))
        for number in range(10):
            act(member_client, group, action="assign", assignee=str(member.id) if number % 2 else "")
            fail(team, "company", minutes=number + 1)
    assert counts[0] == counts[1]
