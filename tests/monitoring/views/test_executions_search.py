"""Search on the Executions page: the field becomes filters, what was searched is said, and who may."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from psycopg.errors import QueryCanceled

from accounts.models import AuditEvent, Membership, Team
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion.records import Failure
from monitoring.reads import searching
from monitoring.statuses import Status
from monitoring.views import executions
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db
PAGE = "/t/harbour/executions/"
AROUND = {"from": "2026-08-11T12:00:00Z", "to": "2026-08-12T13:00:00Z"}


@pytest.fixture
def some(team: Team) -> Team:
    store(
        team,
        *[
            report(
                id=f"run-{n}",
                finished_at=NOW - timedelta(minutes=n),
                status=Status.FAILED if n == 1 else Status.SUCCEEDED,
                error=Failure(message="disk full") if n == 1 else None,
                tags={"customer": "acme" if n % 2 else "globex"},
                output={"text": f"answer number {n}"},
                steps=[step(id="s", model="gpt-4o" if n < 3 else "haiku", status=Status.FAILED if n == 1 else None)],
            )
            for n in range(1, 6)
        ],
    )
    return team


def test_fields_in_the_search_field_become_filters_of_the_address(some: Team, member_client: Client) -> None:
    query = {**AROUND, "q": 'model:gpt-4o tag:customer=acme "disk full" slower:soon', "sort": "time"}
    answer = member_client.get(PAGE, query)
    assert answer.status_code == 302
    page = member_client.get(answer["Location"])
    assert [row.external_id for row in page.context_data["rows"]] == ["run-1"]
    text = page.content.decode()
    assert "model=gpt-4o" in answer["Location"]
    assert "field=tag.customer%3Dacme" in answer["Location"]
    assert "sort=time" in answer["Location"]
    assert "“slower:soon” was left out: write a time" in text
    assert "Remove filter Model gpt-4o" in text


def test_exports_understand_the_search_field_as_it_is(some: Team, member_client: Client) -> None:
    answer = member_client.get(PAGE, {**AROUND, "q": "tag:customer=globex", "format": "json"})
    assert [row["external_id"] for row in answer.json()["results"]] == ["run-2", "run-4"]


def test_nonsense_is_said_and_searched_as_text(some: Team, member_client: Client) -> None:
    text = member_client.get(PAGE, {**AROUND, "q": "colour:red"}).content.decode()
    assert "“colour” is no field, so it was searched as text." in text
    assert "No execution matches these filters" in text


@pytest.mark.parametrize("q", ["x" * 100_000, "\u202e" * 50, "\u200b", '"' * 3000, "%", "'; --", "\ud83d"])
def test_hostile_words_find_nothing_and_break_nothing(some: Team, member_client: Client, q: str) -> None:
    answer = member_client.get(PAGE, {**AROUND, "q": q.encode("utf-8", "replace").decode()})
    assert answer.status_code == 200
    if len(q) == 100_000:
        assert "Only the first 2,000 characters were searched." in answer.content.decode()


def test_words_are_looked_for_in_outputs_when_asked(some: Team, member_client: Client) -> None:
    page = member_client.get(PAGE, {**AROUND, "q": '"answer number 3"'})
    assert page.context_data["rows"] == []
    links = {link.label: link.href for link in page.context_data["place_links"]}
    found = member_client.get(PAGE + links["Outputs"])
    assert [row.external_id for row in found.context_data["rows"]] == ["run-3"]
    assert "Searched outputs of the whole range: 5 executions." in found.content.decode()


def test_a_search_in_payloads_is_in_the_audit_log_without_its_words(some: Team, member_client: Client) -> None:
    member_client.get(PAGE, {**AROUND, "q": "number", "in": "output"})
    with team_context(some.id):
        told = AuditEvent.objects.get(action="payload.searched")
    assert told.actor_name == "member@harbour.test"
    assert told.after == {**told.after, "in": ["output"], "searched": 5, "found": 5}
    assert "number" not in str(told.after)


def test_who_may_not_see_payloads_finds_nothing_in_them(some: Team, member: object, member_client: Client) -> None:
    Membership.objects.filter(user=member).update(role=Role.FINANCE)
    page = member_client.get(PAGE, {**AROUND, "q": "number", "in": "everything"})
    assert page.context_data["rows"] == []
    assert "Your role does not show inputs, outputs and log lines" in page.content.decode()
    assert page.context_data["place_links"] == []
    export = member_client.get(PAGE, {**AROUND, "q": "number", "in": "everything", "format": "json"})
    assert export.json()["results"] == []
    with team_context(some.id):
        assert not AuditEvent.objects.filter(action="payload.searched").exists()


def test_places_alone_search_nothing(some: Team, member_client: Client) -> None:
    page = member_client.get(PAGE, {**AROUND, "in": "logs"})
    assert len(page.context_data["rows"]) == 5
    assert "Type words to search for" in page.content.decode()


def test_a_bounded_search_says_how_far_it_came(
    some: Team, member_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching.search, "__kwdefaults__", {**searching.search.__kwdefaults__, "most": 2})
    page = member_client.get(PAGE, {**AROUND, "q": '"number 4"', "in": "output"})
    text = page.content.decode()
    assert "Nothing found so far" in text
    assert "Searched outputs of the newest 2 executions, back to 12 Aug" in text
    further = member_client.get(PAGE + page.context_data["next_href"])
    assert [row.external_id for row in further.context_data["rows"]] == ["run-4"]
    assert "Searched outputs of the next 2 executions, back to" in further.content.decode()


def test_an_export_of_a_search_says_when_it_is_not_whole(
    some: Team, member_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = {**AROUND, "q": "number", "in": "output", "format": "csv"}
    whole = b"".join(member_client.get(PAGE, query).streaming_content).decode()
    assert [row[0] for row in csv.reader(io.StringIO(whole))][1:] == [f"run-{n}" for n in range(1, 6)]
    monkeypatch.setattr(searching.search, "__kwdefaults__", {**searching.search.__kwdefaults__, "most": 1})
    monkeypatch.setattr("monitoring.views.searching.EXPORT_SEARCHES", 2)
    part = b"".join(member_client.get(PAGE, query).streaming_content).decode()
    assert [row[0] for row in csv.reader(io.StringIO(part))][1:3] == ["run-1", "run-2"]
    assert "Not the whole range was searched" in part
    assert member_client.get(PAGE, {**query, "format": "json"}).json()["complete"] is False


def test_a_search_that_takes_too_long_is_a_sentence(
    some: Team, member_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object, **__: object) -> None:
        raise OperationalError from QueryCanceled()

    monkeypatch.setattr(executions.reads, "page", slow)
    page = member_client.get(PAGE, {**AROUND, "q": "disk"})
    assert page.status_code == 200
    assert "This search took longer than 5 seconds and was stopped" in page.content.decode()


def test_a_statement_is_stopped_by_the_database(
    some: Team, member_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(*_: object, **__: object) -> None:
        executions.reads.run_planned("SELECT pg_sleep(5)")

    monkeypatch.setattr(executions, "STATEMENT_MS", 50)
    monkeypatch.setattr(executions.reads, "page", sleep)
    assert "was stopped" in member_client.get(PAGE, {**AROUND, "q": "disk"}).content.decode()
