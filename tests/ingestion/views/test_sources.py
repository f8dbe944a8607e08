"""The list of sources: what a reader sees, in which order, and who may see it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiKey, Team
from accounts.tenancy import team_context
from ingestion import ledger
from ingestion.kinds import SourceKind
from ingestion.ledger import Receipt
from ingestion.models import Source
from ingestion.services.sources import create_source
from ingestion.sources import info_of

NOW = datetime(2026, 8, 12, 12, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def made(team: Team, name: str, kind: SourceKind = SourceKind.OTLP, **fields: object) -> Source:
    """A source of the team."""
    with team_context(team.id):
        return create_source(team=team, kind=kind, name=name, **fields).source  # type: ignore[arg-type]


def came(source: Source, hours_ago: float = 1, **counts: int) -> None:
    """One request of a source."""
    with team_context(source.team_id):
        ledger.record(Receipt(info_of(source), NOW - timedelta(hours=hours_ago), 100, **counts))


@pytest.fixture
def three(team: Team) -> Team:
    """One source that reports, one that went silent, one that nothing came from."""
    agent = made(team, "Agent")
    came(agent, stored=5, duplicate=2, rejected=1, lag_ms=2_000)
    came(agent, hours_ago=3, stored=1, lag_ms=4_000)
    came(made(team, "Old cron", SourceKind.PING), hours_ago=50, stored=1)
    made(team, "Hooks", SourceKind.GITHUB)
    return team


def address(team: Team, query: str = "") -> str:
    return f"/t/{team.slug}/sources/{query}"


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def names(text: str) -> list[str]:
    return re.findall(r'data-row href="[^"]+">([^<]+)<', text)


def test_those_to_look_at_come_first(member_client: Client, three: Team) -> None:
    text = page(member_client, address(three))
    assert names(text) == ["Old cron", "Hooks", "Agent"]
    assert "1 source sent nothing for 24 hours" in text
    assert "<b>8</b> items were accepted (6 stored, 2 known already) and <b>1</b> rejected" in text
    assert "3.0 s" in text
    assert "at most 4.0 s" in text


def test_figures_do_not_change_when_receipts_are_folded(member_client: Client, three: Team) -> None:
    before = page(member_client, address(three))
    assert ledger.fold() == 3
    after = page(member_client, address(three))
    token = re.compile(r'"X-CSRFToken": "[^"]+"|csrfmiddlewaretoken" value="[^"]+"')
    assert token.sub("", before) == token.sub("", after)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", ["Agent", "Hooks", "Old cron"]),
        ("-accepted", ["Agent", "Hooks", "Old cron"]),
        ("last", ["Old cron", "Agent", "Hooks"]),
        ("-last", ["Agent", "Old cron", "Hooks"]),
        ("-lag", ["Agent", "Hooks", "Old cron"]),
        ("nonsense", ["Old cron", "Hooks", "Agent"]),
    ],
)
def test_columns_sort(member_client: Client, three: Team, sort: str, order: list[str]) -> None:
    assert names(page(member_client, address(three, f"?sort={sort}"))) == order


def test_states_are_told(member_client: Client, team: Team) -> None:
    with team_context(team.id):
        Source.objects.filter(id=made(team, "Off").id).update(is_active=False)
    gone = made(team, "Revoked")
    ApiKey.objects.filter(id=gone.api_key_id).update(revoked_at=NOW - timedelta(days=1))
    later = made(team, "Expires")
    ApiKey.objects.filter(id=later.api_key_id).update(expires_at=NOW + timedelta(days=1))
    text = page(member_client, address(team))
    assert names(text) == ["Revoked", "Expires", "Off"]
    assert "Key no longer valid" in text
    assert "Switched off" in text
    assert "the key of 1 source is no longer valid" in text


def test_keys_are_named_and_addresses_are_not_given_away(member_client: Client, team: Team) -> None:
    agent, hooks = made(team, "Agent"), made(team, "Hooks", SourceKind.GITHUB)
    text = page(member_client, address(team))
    assert f"sr_{ApiKey.objects.get(id=agent.api_key_id).prefix}_…" in text
    assert hooks.address[:4] in text
    assert hooks.address not in text


def test_csv_has_the_rows_shown(member_client: Client, three: Team) -> None:
    response = member_client.get(address(three, "?format=csv&q=agent"))
    lines = b"".join(response).decode().splitlines()  # type: ignore[arg-type]
    assert len(lines) == 2
    assert lines[0].startswith("source,kind,key,told_by,state,first_report_at")
    assert ",Reporting,2026-08-12T09:30:00+00:00,2026-08-12T11:30:00+00:00,8,6,2,1,0,3000.0,4000" in lines[1]


def test_long_lists_have_pages(member_client: Client, team: Team) -> None:
    for number in range(51):
        made(team, f"Source {number:02}", SourceKind.PING)
    first = page(member_client, address(team))
    assert len(names(first)) == 50
    assert "1–50 of 51" in first
    assert names(page(member_client, address(team, "?after=50"))) == ["Source 50"]
    assert names(page(member_client, address(team, "?after=99999"))) == ["Source 50"]
    assert len(names(page(member_client, address(team, "?after=²")))) == 50


def test_an_empty_list_says_how_to_add_one(member_client: Client, team: Team) -> None:
    text = page(member_client, address(team))
    assert "Add the first source" in text
    assert f'href="/t/{team.slug}/sources/add/"' in text


def test_the_number_of_queries_does_not_grow(
    member_client: Client, team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    came(made(team, "One"), stored=1)
    page(member_client, address(team))
    with CaptureQueriesContext(connection) as first:
        member_client.get(address(team))
    for number in range(19):
        came(made(team, f"More {number}"), stored=1)
    with django_assert_num_queries(len(first.captured_queries)):
        member_client.get(address(team))


def test_strangers_learn_nothing(stranger_client: Client, three: Team) -> None:
    assert stranger_client.get(address(three)).status_code == 404


def test_another_teams_sources_are_not_in_the_list(stranger_client: Client, three: Team, other_team: object) -> None:
    text = page(stranger_client, address(other_team.team))  # type: ignore[attr-defined]
    assert "Agent" not in text


def test_the_anonymous_are_led_to_sign_in(client: Client, three: Team) -> None:
    assert client.get(address(three))["Location"].startswith("/sign-in/")


def test_wrong_methods_are_refused(member_client: Client, three: Team) -> None:
    assert member_client.post(address(three)).status_code == 405
