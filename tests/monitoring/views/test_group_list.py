"""The list of failure groups: which are shown, in which order, and deciding about many at once."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion.records import Failure
from monitoring.analysis.triage import EventKind, Terms
from monitoring.models import FailureGroup
from monitoring.services.triage import decide
from monitoring.services.triage_watch import follow
from monitoring.statuses import Status
from tests.factories import report, send, step
from tests.monitoring.views.test_replay import read

pytestmark = pytest.mark.django_db
_numbers = iter(range(10**6))


def fail(team, error: str, *, minutes: int = 30, workflow: str = "Lead", **fields: object) -> None:
    """A failed execution so many minutes ago."""
    at = timezone.now() - timedelta(minutes=minutes)
    lost = Failure(type="KeyError", message=error)
    steps = [step(id="s", node="score", status=Status.FAILED, error=lost, started_at=at, ended_at=at)]
    told = {"id": f"l-{next(_numbers)}", "workflow": workflow, "status": Status.FAILED, "steps": steps}
    send(team, report(**{**told, "started_at": at, "finished_at": at, **fields}), now=timezone.now())


def id_of(team, title: str) -> str:
    with team_context(team.id):
        return str(FailureGroup.objects.get(title__contains=title).id)


@pytest.fixture
def page(team) -> str:
    """The page of a team with three groups: company (3 failures), budget (2), owner (1, in another workflow)."""
    for minutes in (30, 40, 50):
        fail(team, "company", minutes=minutes)
    fail(team, "budget", minutes=20)
    fail(team, "budget", minutes=60 * 24 * 9)
    fail(team, "budget", minutes=25)
    fail(team, "owner", minutes=10, workflow="Deal")
    return f"/t/{team.slug}/groups/"


def titles(client: Client, page: str, **query: object) -> list[str]:
    return [row.group.title.split(":")[-1].strip() for row in client.get(page, query).context_data["rows"]]


def test_groups_are_listed_with_most_failures_first(member_client, page):
    assert titles(member_client, page) == ["company", "budget", "owner"]
    rows = member_client.get(page).context_data["rows"]
    assert [row.group.failures for row in rows] == [3, 2, 1]
    assert [sum(row.group.points) for row in rows] == [3, 2, 1]
    assert [row.group.is_new for row in rows] == [True, False, True]
    text = read(member_client, page)
    assert "3 groups nobody has decided about" in text
    assert "score" in text
    assert "Lead" in text


def test_the_line_of_a_row_has_failures_where_they_were(member_client, team, page):
    """What counts as one group is drawn as one line."""
    fail(team, "company", minutes=60 * 27 + 30)
    fail(team, "other", minutes=60 * 14 + 30)
    chosen = {"group": [id_of(team, "company"), id_of(team, "other")], "action": "merge"}
    member_client.post(f"{page}change/", chosen)

    rows = member_client.get(page, {"from": "now-28h", "to": "now"}).context_data["rows"]

    points = rows[0].group.points
    # 28 parts of about an hour: the range is widened to whole ones.
    assert [len(points), sum(points[:2]), sum(points[12:15]), sum(points[-2:])] == [28, 1, 1, 3]
    assert sum(points) == rows[0].group.failures == 5


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("failures", ["owner", "budget", "company"]),
        ("-last", ["owner", "budget", "company"]),
        ("last", ["company", "budget", "owner"]),
        ("-first", ["owner", "company", "budget"]),
        ("first", ["budget", "company", "owner"]),
        ("nonsense", ["company", "budget", "owner"]),
    ],
)
def test_the_order_is_what_the_address_says(member_client, page, sort, expected):
    assert titles(member_client, page, sort=sort) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "compan"}, ["company"]),
        ({"q": "SCORE"}, ["company", "budget", "owner"]),
        ({"q": "100%"}, []),
        ({"workflow": "deal"}, ["owner"]),
        ({"env": "staging"}, []),
        ({"from": "now-15m"}, ["owner"]),
        ({"status": "resolved"}, []),
        ({"status": "nonsense"}, []),
        ({"assignee": "nobody"}, ["company", "budget", "owner"]),
        ({"assignee": "me"}, []),
        ({"assignee": "nonsense"}, []),
        ({"after": "damaged"}, ["company", "budget", "owner"]),
    ],
)
def test_filters(member_client, page, query, expected):
    assert titles(member_client, page, **query) == expected


def test_pages_follow_each_other_in_both_directions(member_client, team, page, monkeypatch):
    monkeypatch.setattr("monitoring.views.group_list.PAGE_SIZE", 2)
    for number in range(3):
        fail(team, f"more {'abc'[number]}", minutes=5)
    seen, address = [], f"{page}?sort=-failures"
    while address:
        context = member_client.get(address).context_data
        seen.append([row.group.id for row in context["rows"]])
        address = f"{page}{context['next_href']}" if context["next_href"] else ""
    assert [len(part) for part in seen] == [2, 2, 2]
    assert len({id for part in seen for id in part}) == 6
    back = member_client.get(f"{page}{context['previous_href']}").context_data
    assert [row.group.id for row in back["rows"]] == seen[1]


def test_many_are_decided_about_at_once_and_the_list_comes_back_as_it_was(member_client, team, page):
    chosen = [id_of(team, "company"), id_of(team, "budget")]
    body = {"group": chosen, "action": "resolve", "resolve": "next", "back": "sort=first"}
    answer = member_client.post(f"{page}change/", body, follow=True)
    assert answer.redirect_chain == [(f"{page}?sort=first", 302)]
    text = answer.content.decode()
    assert "2 groups resolved." in text
    assert titles(member_client, page) == ["owner"]
    assert titles(member_client, page, status="resolved") == ["company", "budget"]
    assert "Resolved in the next release, none yet" in read(member_client, f"{page}?status=*")
    member_client.post(f"{page}change/", {"group": chosen, "action": "reopen"})
    assert titles(member_client, page) == ["company", "budget", "owner"]


def test_assigning_and_finding_ones_own(member_client, member, team, page):
    body = {"group": [id_of(team, "owner")], "action": "assign", "assignee": str(member.id)}
    member_client.post(f"{page}change/", body)
    assert titles(member_client, page, assignee="me") == ["owner"]
    assert titles(member_client, page, assignee=str(member.id)) == ["owner"]
    assert titles(member_client, page, assignee="nobody") == ["company", "budget"]
    assert member.email in read(member_client, page)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ignore": "count", "count": "20"}, "Ignored until 20 more failures, 0 seen"),
        ({"ignore": "count", "count": "5", "within_minutes": "60"}, "Ignored until 5 failures within 1 h"),
        ({"ignore": "for", "for": "now+7d"}, "Ignored until"),
        ({"ignore": "until", "until": "2027-01-05T08:00"}, "Ignored until 5 Jan"),
        ({"ignore": "next"}, "Ignored until the next release is live"),
        ({"ignore": "release", "ignore_release": "43"}, "Ignored until release 43 is live, not seen yet"),
        ({"ignore": "good", "count": "20"}, "Ignored for good"),
    ],
)
def test_ignoring_says_until_when(member_client, team, page, fields, words):
    body = {"group": [id_of(team, "company")], "action": "ignore", **fields}
    member_client.post(f"{page}change/", body)
    assert words in read(member_client, f"{page}?status=ignored")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"action": "resolve"}, "choose at least one group first"),
        ({"group": ["x"], "action": "resolve"}, "groups must be ids of failure groups"),
        (
            {"group": ["own"], "action": "ignore", "ignore": "count", "count": "0"},
            "the number of failures must be a whole number",
        ),
        ({"group": ["own"], "action": "ignore", "ignore": "count"}, "the number of failures must be told"),
        ({"group": ["own"], "action": "merge"}, "groups must be at least two groups"),
        ({"group": ["own"], "action": "forget"}, "action must be one of"),
    ],
)
def test_what_cannot_be_done_is_said(member_client, team, page, body, words):
    if body.get("group") == ["own"]:
        body = {**body, "group": [id_of(team, "company")]}
    answer = member_client.post(f"{page}change/", body, follow=True)
    assert f"Nothing was changed: {words}" in answer.content.decode()


def test_merged_groups_are_one_row(member_client, team, page):
    chosen = [id_of(team, "company"), id_of(team, "budget")]
    member_client.post(f"{page}change/", {"group": chosen, "action": "merge"})
    rows = member_client.get(page).context_data["rows"]
    # It counts as the one that was seen first.
    assert [(str(row.group.id), row.group.failures, row.group.merged) for row in rows] == [
        (id_of(team, "budget"), 5, 1),
        (id_of(team, "owner"), 1, 0),
    ]
    other = {"group": [id_of(team, "budget"), id_of(team, "owner")], "action": "merge"}
    answer = member_client.post(f"{page}change/", other, follow=True)
    assert "groups must be groups of one workflow" in answer.content.decode()


def test_what_came_back_leads(member_client, team, page):
    group = UUID(id_of(team, "company"))
    with team_context(team.id):
        at = timezone.now() - timedelta(minutes=35)
        decide(team_id=team.id, group_ids=[group], kind=EventKind.RESOLVED, terms=Terms(), by="key", now=at)
    follow(timezone.now())
    text = read(member_client, page)
    assert "1 group came back after it was resolved" in text
    assert "Reopened" in text


def test_csv_has_the_rows_shown(member_client, team, page):
    answer = member_client.get(page, {"format": "csv", "q": "company"})
    header, row = b"".join(answer).decode().strip().splitlines()
    assert header.startswith("Group,Step,Workflow,Status,State,Assignee,Failures")
    assert row.startswith("KeyError: company,score,Lead,open,Open,,3,")


def test_a_viewer_reads_and_does_not_decide(client: Client, team, member, page):
    Membership.objects.filter(team=team, user=member).update(role=Role.VIEWER)
    client.force_login(member)
    assert "data-select" not in client.get(page).content.decode()
    body = {"group": [id_of(team, "company")], "action": "resolve"}
    assert client.post(f"{page}change/", body).status_code == 404


def test_strangers_the_anonymous_and_wrong_methods(client: Client, stranger_client, member_client, team, page):
    group = id_of(team, "company")
    for address in (page, f"{page}change/", f"{page}{group}/triage/"):
        assert stranger_client.get(address).status_code == 404
        assert client.get(address).status_code == 302
    assert stranger_client.post(f"{page}{group}/triage/", {"action": "resolve"}).status_code == 404
    assert member_client.post(page).status_code == 405
    assert member_client.get(f"{page}change/").status_code == 405
    assert member_client.get(f"{page}{group}/triage/").status_code == 405
    assert member_client.post(f"{page}{team.id}/triage/", {"action": "resolve"}).status_code == 404


def test_an_empty_list_says_why(member_client, team, page):
    assert "No group here needs that" in read(member_client, f"{page}?status=resolved")
    assert "No group matches these filters" in read(member_client, f"{page}?q=zzz")
    assert "Nothing failed in this range" in read(member_client, f"{page}?from=now-2m")


def test_the_number_of_queries_is_the_same_with_many_groups(member_client, team, page):
    with team_context(team.id):
        ids = list(FailureGroup.objects.values_list("id", flat=True))
        decide(
            team_id=team.id, group_ids=ids, kind=EventKind.IGNORED, terms=Terms(count=50), by="key", now=timezone.now()
        )
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert member_client.get(page, {"status": "*"}).status_code == 200
        counts.append(len(queries))
        for letter in "abcdefghijklmnopqrst":
            fail(team, f"more {letter * 3}", minutes=5)
    assert counts[0] == counts[1]
