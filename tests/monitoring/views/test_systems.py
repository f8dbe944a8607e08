"""The lists of external systems, models and tools: what a reader sees, and who may see it."""

import re
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team
from ingestion.records import ExecutionReport, Tokens
from tests.factories import store
from tests.monitoring.calling import HOUR, NOW, call, calm, outage

PAGES = ("systems", "models", "tools")


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def shared_outage(team: Team) -> Team:
    """One system fails in two workflows at once; another one is only ever called without a failure."""
    calls = [*calm("Billing"), *calm("Mail"), *outage("Billing"), *outage("Mail", 8)]
    store(team, *calls, *calm("Archive", external_system="files.example"), now=NOW)
    return team


def text_of(client: Client, team: Team, page: str = "systems", query: str = "") -> str:
    response = client.get(f"/t/{team.slug}/{page}/{query}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def names(text: str) -> list[str]:
    return re.findall(r'data-row href="[^"]+"><bdi>([^<]+)<', text)


def test_them_is_answered_in_one_sentence_with_the_numbers(member_client: Client, shared_outage: Team) -> None:
    text = text_of(member_client, shared_outage)
    assert "Is it us or them?" in text
    assert "Them: crm.example fails more than usual in 2 workflows at once." in text
    assert "<b>18 of 18 calls</b> failed" in text
    assert "Billing 10 of 10, Mail 8 of 8." in text
    assert "12 Aug, 00:00 to 06:00 UTC" in text
    assert "Above usual in 2 workflows at once" in text
    assert names(text) == ["crm.example", "files.example"]
    assert f'href="/t/{shared_outage.slug}/systems/crm.example/?from=now-7d&amp;to=now"' in text


def test_us_is_answered_with_what_the_others_saw(member_client: Client, team: Team) -> None:
    others = [call("Mail", NOW - 10 * HOUR + n * timedelta(minutes=1)) for n in range(10)]
    store(team, *calm("Billing"), *calm("Mail"), *outage("Billing"), *others, now=NOW)
    text = text_of(member_client, team)
    assert "Us: crm.example fails more than usual in Billing alone." in text
    assert "In 1 other workflow that called it then, 0 of 10 calls failed." in text


def test_no_answer_is_an_answer(member_client: Client, team: Team) -> None:
    store(team, *calm("Billing"), *calm("Mail"), now=NOW)
    text = text_of(member_client, team)
    assert "Neither: no external system stands out." in text
    assert "<b>0 of 120 calls</b> failed" in text
    assert "No step named a model in this range" in text_of(member_client, team, "models")


def test_too_little_history_is_said(member_client: Client, team: Team) -> None:
    store(team, call("Billing", NOW - HOUR, failed=True), now=NOW)
    text = text_of(member_client, team)
    assert "Cannot tell: too few calls to say what is usual." in text
    assert "Too little history" in text


def test_the_only_caller_cannot_tell(member_client: Client, team: Team) -> None:
    store(team, *calm("Billing"), *outage("Billing"), now=NOW)
    text = text_of(member_client, team)
    expected = "Cannot tell: crm.example fails more than usual in Billing, and no other workflow called it then."
    assert expected in text


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["crm.example", "files.example"]),
        ("-name", ["files.example", "crm.example"]),
        ("calls", ["files.example", "crm.example"]),
        ("rate", ["files.example", "crm.example"]),
        ("-last", ["crm.example", "files.example"]),
        ("nonsense", ["crm.example", "files.example"]),
    ],
)
def test_columns_sort(member_client: Client, shared_outage: Team, sort: str, order: Sequence[str]) -> None:
    assert names(text_of(member_client, shared_outage, query=f"?sort={sort}")) == order


def test_a_search_that_finds_nothing_can_be_cleared(member_client: Client, shared_outage: Team) -> None:
    text = text_of(member_client, shared_outage, query="?q=nowhere")
    assert names(text) == []
    assert "Nothing matches these filters" in text


def test_csv_has_the_rows_shown(member_client: Client, shared_outage: Team) -> None:
    response = member_client.get(f"/t/{shared_outage.slug}/systems/?format=csv&q=crm")
    lines = b"".join(response).decode().splitlines()  # type: ignore[arg-type]
    assert lines[0].startswith("name,reading,calls,failures,failure_rate")
    assert lines[1].startswith("crm.example,Above usual in 2 workflows at once,138,18,0.130")
    assert len(lines) == 2


def test_models_tell_tokens_and_cost(member_client: Client, team: Team) -> None:
    told = {"external_system": None, "model": "openai/gpt-4o", "tokens": Tokens(input=900, output=100)}
    store(team, call("A", NOW - HOUR, **told), call("B", NOW - HOUR, **told, cost_usd="0.02"), now=NOW)
    text = text_of(member_client, team, "models")
    assert "2,000" in text
    assert "at least $0.02" in text
    assert f"/t/{team.slug}/models/openai~2Fgpt-4o/" in text


def test_environments_are_never_mixed_unasked(member_client: Client, team: Team) -> None:
    store(team, call("A", NOW - HOUR, environment="staging", external_system="only.staging"), now=NOW)
    assert "only.staging" not in text_of(member_client, team)
    assert "only.staging" in text_of(member_client, team, query="?env=staging")


@pytest.mark.parametrize("page", PAGES)
def test_a_team_without_calls_is_told_how_to_tell_them(member_client: Client, team: Team, page: str) -> None:
    assert "Steps tell what they call" in text_of(member_client, team, page)


def many(count: int) -> list[ExecutionReport]:
    """Calls of so many systems, models and tools, by as many workflows."""
    return [
        call(f"W{n}", NOW - HOUR, failed=n % 2 == 0, external_system=f"s{n}", model=f"m{n}", tool=f"t{n}")
        for n in range(count)
    ]


@pytest.mark.parametrize("page", PAGES)
def test_the_number_of_queries_does_not_grow(
    member_client: Client, team: Team, page: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    store(team, *many(1), now=NOW)
    text_of(member_client, team, page)
    with CaptureQueriesContext(connection) as first:
        text_of(member_client, team, page)
    store(team, *many(20), now=NOW)
    with django_assert_num_queries(len(first.captured_queries)):
        assert len(names(text_of(member_client, team, page))) == 20


@pytest.mark.parametrize("page", PAGES)
def test_strangers_learn_nothing_and_the_anonymous_sign_in(
    stranger_client: Client, client: Client, shared_outage: Team, page: str
) -> None:
    address = f"/t/{shared_outage.slug}/{page}/"
    assert stranger_client.get(address).status_code == 404
    assert client.get(address)["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("page", PAGES)
def test_wrong_methods_are_refused(member_client: Client, team: Team, page: str) -> None:
    assert member_client.post(f"/t/{team.slug}/{page}/").status_code == 405
