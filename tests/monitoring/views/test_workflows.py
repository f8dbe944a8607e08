"""The list of workflows: worst first, what a reader sees, and who may see it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport
from monitoring.models import Workflow
from monitoring.statuses import Status
from tests.factories import report, store

NOW = datetime(2026, 8, 12, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def runs(name: str, good: int, failed: int, seconds: int = 10, environment: str | None = None) -> list[ExecutionReport]:
    """Runs of a workflow in the last days."""
    ends = [NOW - timedelta(hours=n + 1) for n in range(good + failed)]
    return [
        report(
            workflow=name,
            environment=environment,
            status=Status.FAILED if number < failed else Status.SUCCEEDED,
            started_at=end - timedelta(seconds=seconds),
            finished_at=end,
        )
        for number, end in enumerate(ends)
    ]


@pytest.fixture
def three(team: Team) -> Team:
    """Three workflows: one that misses its objective, one without objective, one that meets it."""
    store(team, *runs("Billing", 30, 30, 20), *runs("Archive", 60, 0, 5), *runs("Mail", 50, 10), now=NOW)
    with team_context(team.id):
        Workflow.objects.filter(name="Billing").update(objective_success_rate=0.9)
        Workflow.objects.filter(name="Archive").update(objective_success_rate=0.9)
    return team


def address(team: Team, query: str = "") -> str:
    return f"/t/{team.slug}/workflows/{query}"


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def names(text: str) -> list[str]:
    return re.findall(r'data-row href="[^"]+">([^<]+)<', text)


def test_the_worst_comes_first(member_client: Client, three: Team) -> None:
    text = page(member_client, address(three))
    assert names(text) == ["Billing", "Mail", "Archive"]
    assert '<span class="vh">Not stable:</span> 1 of 3 workflows is not stable.' in text
    assert "50.0%" in text
    assert "37.7% to 62.3%" in text
    assert "See its 30 failed samples" in text


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", ["Archive", "Billing", "Mail"]),
        ("-success", ["Archive", "Mail", "Billing"]),
        ("p95", ["Archive", "Mail", "Billing"]),
        ("-failures", ["Billing", "Mail", "Archive"]),
        ("nonsense", ["Billing", "Mail", "Archive"]),
    ],
)
def test_columns_sort(member_client: Client, three: Team, sort: str, order: list[str]) -> None:
    assert names(page(member_client, address(three, f"?sort={sort}"))) == order


def test_csv_has_the_rows_shown(member_client: Client, three: Team) -> None:
    response = member_client.get(address(three, "?format=csv&q=mail"))
    lines = b"".join(response).decode().splitlines()  # type: ignore[arg-type]
    assert len(lines) == 2
    assert lines[0].startswith("workflow,verdict,runs,success_rate")
    assert lines[1].startswith("Mail,No objective")
    assert ",60," in lines[1]


def test_a_search_that_finds_nothing_can_be_cleared(member_client: Client, three: Team) -> None:
    text = page(member_client, address(three, "?q=nowhere&from=now-30d"))
    assert names(text) == []
    assert "Nothing matches these filters" in text
    assert re.search(r'href="\?from=now-30d&amp;to=now">\s*Clear filters', text)


def test_environments_are_never_mixed_unasked(member_client: Client, team: Team) -> None:
    store(team, *runs("Billing", 3, 0), *runs("Billing", 0, 5, environment="staging"), now=NOW)
    assert "3 runs, 0 failures" in page(member_client, address(team))
    assert "8 runs, 5 failures" in page(member_client, address(team, "?env=*"))
    assert "in staging" in page(member_client, address(team, "?env=staging"))


def test_a_new_team_is_told_how_to_send(member_client: Client, team: Team) -> None:
    text = page(member_client, address(team))
    assert "Send the first execution" in text
    assert f'href="/t/{team.slug}/start/"' in text.split("<main")[1]


def test_the_number_of_queries_does_not_grow(
    member_client: Client, team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    store(team, *runs("W", 2, 1), now=NOW)
    page(member_client, address(team))
    with CaptureQueriesContext(connection) as first:
        member_client.get(address(team))
    store(team, *(one for n in range(19) for one in runs(f"W{n}", 2, 1)), now=NOW)
    with django_assert_num_queries(len(first.captured_queries)):
        member_client.get(address(team))


def test_strangers_learn_nothing(stranger_client: Client, three: Team) -> None:
    assert stranger_client.get(address(three)).status_code == 404


def test_the_anonymous_are_led_to_sign_in(client: Client, three: Team) -> None:
    assert client.get(address(three))["Location"].startswith("/sign-in/")


def test_wrong_methods_are_refused(member_client: Client, three: Team) -> None:
    assert member_client.post(address(three)).status_code == 405
