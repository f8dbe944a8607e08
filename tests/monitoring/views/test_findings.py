"""Where to start, and one finding: what a reader sees and may do."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from monitoring.models import Finding
from monitoring.services.findings import build_all
from tests.factories import NOW, store
from tests.monitoring.finding_runs import broken, fill, the_finding

PAGES = ("", "dismiss/", "reopen/")


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def found(team: Team) -> Finding:
    """The finding of a workflow whose scans fail."""
    fill(team)
    return the_finding(team)


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def listed(client: Client, team: Team, query: str = "") -> str:
    return text_of(client, f"/t/{team.slug}/findings/{query}")


def page(client: Client, team: Team, one: Finding) -> str:
    return text_of(client, f"/t/{team.slug}/findings/{one.id}/")


def titles(text: str) -> list[str]:
    return re.findall(r'data-row href="[^"]+"><bdi>([^<]+)<', text)


def lines_of(client: Client, address: str) -> list[str]:
    response = client.get(address)
    assert response.status_code == 200
    return b"".join(response).decode().splitlines()  # type: ignore[arg-type]


def test_the_list_answers_with_what_is_worth_most(member_client: Client, team: Team, found: Finding) -> None:
    text = listed(member_client, team)
    assert "Where should I start?" in text
    assert "Failures are concentrated in step score and input type scan." in text
    assert "In <bdi>Lead</bdi>: <b>24 runs a week</b> are affected, <b>24</b> would be saved, $0.48 a week." in text
    assert titles(text) == [
        "Failures are concentrated in step score and input type scan",
        "Money is spent on runs that fail",
    ]
    assert f'href="/t/{team.slug}/findings/{found.id}/"' in text
    assert 'aria-current="page"' in text


def test_nothing_to_start_with_is_an_answer(member_client: Client, team: Team) -> None:
    store(team, *broken(0))
    build_all(NOW)
    text = listed(member_client, team)
    assert "Nothing stands out." in text
    assert "No findings" in text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?kind=cost", 1),
        ("?kind=tail", 0),
        ("?kind=cost&kind=concentration", 2),
        ("?workflow=lead", 2),
        ("?workflow=nowhere", 0),
        ("?status=gone", 0),
        ("?status=nonsense", 0),
        ("?env=staging", 0),
        ("?env=*", 2),
        ("?q=money+runs", 1),
        ("?q=%00", 2),
    ],
)
@pytest.mark.usefixtures("found")
def test_filters(member_client: Client, team: Team, query: str, count: int) -> None:
    text = listed(member_client, team, query)
    assert len(titles(text)) == count
    if not count and "kind=tail" in query:
        assert "Nothing matches these filters" in text


@pytest.mark.usefixtures("found")
def test_csv_has_the_rows_shown(member_client: Client, team: Team) -> None:
    lines = lines_of(member_client, f"/t/{team.slug}/findings/?format=csv&kind=concentration")
    assert lines[0].startswith("Finding,Kind,Status,Workflow,Environment,Since")
    assert lines[1].startswith(
        "Failures are concentrated in step score and input type scan,Concentration,Open,Lead,production,"
    )
    assert len(lines) == 2


def test_a_finding_shows_its_arithmetic_and_the_way_to_the_runs(
    member_client: Client, team: Team, found: Finding
) -> None:
    text = page(member_client, team, found)
    assert "Fisher&#x27;s exact test" in text
    assert "Of them in it" in text
    assert "Retry and back-off" in text
    assert "Leave as it is" in text or "Cannot tell" in text
    assert f"/t/{team.slug}/workflows/lead/failures/?from=now-7d&amp;to=now&amp;input=scan&amp;step=score" in text
    assert "<b>Found</b>" in text
    assert "root cause" not in text.lower()


def test_each_table_has_its_csv(member_client: Client, team: Team, found: Finding) -> None:
    address = f"/t/{team.slug}/findings/{found.id}/"
    tables = set(re.findall(r"table=([\w-]+)", page(member_client, team, found)))
    assert {"evidence", "history", "advice-0"} <= tables
    for table in tables:
        assert len(lines_of(member_client, f"{address}?format=csv&table={table}")) > 1
    assert lines_of(member_client, f"{address}?format=csv&table=evidence")[0] == "figure,value,unit,how"
    for wrong in ("advice-99", "advice-x", "evidence-9", "nonsense", "advice-0-0-0"):
        assert member_client.get(f"{address}?format=csv&table={wrong}").status_code == 404


def test_a_member_dismisses_with_a_reason_and_takes_it_back(member_client: Client, team: Team, found: Finding) -> None:
    address = f"/t/{team.slug}/findings/{found.id}/"
    refused = member_client.post(f"{address}dismiss/", {"why": " "}, follow=True).content.decode()
    assert "Not dismissed: the reason must have 1 to 2000 characters" in refused
    done = member_client.post(f"{address}dismiss/", {"why": "A <known> one"}, follow=True).content.decode()
    assert "It comes back when it is worth more than twice as much." in done
    assert "Left as it is: A &lt;known&gt; one" in done
    assert "member@harbour.test" in done
    assert titles(listed(member_client, team)) == ["Money is spent on runs that fail"]
    assert "A &lt;known&gt; one" in listed(member_client, team, "?status=dismissed")
    again = member_client.post(f"{address}dismiss/", {"why": "again"}, follow=True).content.decode()
    assert "Not dismissed: it cannot be dismissed: it is dismissed, not open" in again
    back = member_client.post(f"{address}reopen/", follow=True).content.decode()
    assert "Reopened." in back
    assert len(titles(listed(member_client, team))) == 2


def test_a_viewer_reads_and_does_not_decide(team: Team, found: Finding) -> None:
    user = User.objects.create_user("viewer@harbour.test", "correct horse battery")
    Membership.objects.create(team=team, user=user, role=Role.VIEWER)
    client = Client()
    client.force_login(user)
    assert "Your role does not decide about findings" in page(client, team, found)
    assert client.post(f"/t/{team.slug}/findings/{found.id}/dismiss/", {"why": "x"}).status_code == 404


def test_trends_start_with_the_findings_of_the_workflow(member_client: Client, team: Team, found: Finding) -> None:
    text = text_of(member_client, f"/t/{team.slug}/workflows/lead/")
    assert "ranked by runs a week that fixing would save" in text
    assert f"/t/{team.slug}/findings/{found.id}/" in text
    assert f"/t/{team.slug}/findings/?workflow=lead" in text
    before = text_of(member_client, f"/t/{team.slug}/workflows/lead/?from=2026-08-05T00:00Z&to=2026-08-12T12:00Z")
    assert "ranked by failures explained" in before


def many(team: Team, count: int) -> None:
    """So many more findings of the workflow, as if they had been found."""
    one = the_finding(team)
    with team_context(team.id):
        for number in range(count):
            one.pk = uuid4()
            one.title = f"Finding {number}"
            one.save(force_insert=True)


def test_the_number_of_queries_does_not_grow(
    member_client: Client, team: Team, found: Finding, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    listed(member_client, team)
    with CaptureQueriesContext(connection) as first:
        listed(member_client, team)
    many(team, 20)
    with django_assert_num_queries(len(first.captured_queries)):
        assert len(titles(listed(member_client, team))) == 22


@pytest.mark.parametrize("part", PAGES)
def test_strangers_learn_nothing_and_the_anonymous_sign_in(
    stranger_client: Client, client: Client, team: Team, found: Finding, part: str
) -> None:
    address = f"/t/{team.slug}/findings/{found.id}/{part}"
    call = stranger_client.post if part else stranger_client.get
    assert call(address).status_code == 404
    assert stranger_client.get(f"/t/{team.slug}/findings/").status_code == 404
    anonymous = client.post(address) if part else client.get(address)
    assert anonymous["Location"].startswith("/sign-in/")


def test_a_finding_of_another_team_is_not_there(stranger_client: Client, other_team, found: Finding) -> None:
    assert stranger_client.get(f"/t/{other_team.team.slug}/findings/{found.id}/").status_code == 404


@pytest.mark.parametrize("part", PAGES)
def test_wrong_methods_are_refused(member_client: Client, team: Team, found: Finding, part: str) -> None:
    address = f"/t/{team.slug}/findings/{found.id}/{part}"
    assert (member_client.get(address) if part else member_client.post(address)).status_code == 405
    assert member_client.post(f"/t/{team.slug}/findings/").status_code == 405


def test_since_says_how_sure_it_is(member_client: Client, team: Team) -> None:
    fill(team, of=168)
    assert "or earlier" in listed(member_client, team)
    assert NOW - the_finding(team).since > timedelta(days=5)  # type: ignore[operator]
