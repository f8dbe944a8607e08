"""The Executions page: search over everything."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ingestion.records import ExecutionReport, Failure
from monitoring.statuses import Status
from tests.factories import NOW, report, store

pytestmark = pytest.mark.django_db
PAGE = "/t/harbour/executions/"
AROUND = {"from": "2026-08-11T12:00:00Z", "to": "2026-08-12T13:00:00Z"}


def run(number: int, **fields: object) -> ExecutionReport:
    """A run a minute before the one with the number before, as many seconds long as its number says."""
    end = NOW - timedelta(minutes=number)
    return report(
        **{"id": f"run-of-{number}", "started_at": end - timedelta(seconds=number), "finished_at": end, **fields}
    )


@pytest.fixture
def some(team):
    """60 runs of two workflows; every tenth failed."""
    store(
        team,
        *[
            run(
                n,
                workflow="nightly" if n % 2 else "hourly",
                status=Status.SUCCEEDED if n % 10 else Status.FAILED,
                error=None if n % 10 else Failure(message="=disk full"),
            )
            for n in range(1, 61)
        ],
    )
    return team


def ids_of(client, **params: str) -> list[str]:
    response = client.get(PAGE, {**AROUND, **params})
    assert response.status_code == 200
    return [row.external_id for row in response.context_data["rows"]]


def test_newest_first_by_pages_of_fifty(some, member_client):
    response = member_client.get(PAGE, AROUND)
    assert [row.external_id for row in response.context_data["rows"]] == [f"run-of-{n}" for n in range(1, 51)]
    rest = member_client.get(PAGE + response.context_data["next_href"])
    assert [row.external_id for row in rest.context_data["rows"]] == [f"run-of-{n}" for n in range(51, 61)]
    assert rest.context_data["previous_href"]


def test_the_page_shows_where_each_run_belongs(some, member_client):
    text = member_client.get(PAGE, AROUND).content.decode()
    assert "run-of-1" in text
    assert re.search(r'href="/t/harbour/workflows/nightly/\?from=[^"]+&amp;to=[^"]+"', text)
    assert re.search(r'data-row href="/t/harbour/executions/[^/]+/\?from=[^"]+&amp;to=[^"]+"', text)
    assert "=disk full" in text
    assert "50 of 60" in text


def test_status_workflow_and_search_narrow_it(some, member_client):
    assert ids_of(member_client, status="failed") == [f"run-of-{n}" for n in range(10, 61, 10)]
    assert set(ids_of(member_client, workflow="nightly")) == {f"run-of-{n}" for n in range(1, 60, 2)}
    assert ids_of(member_client, q="run-of-33") == ["run-of-33"]
    assert len(ids_of(member_client, q="disk")) == 6


def test_order_by_duration(some, member_client):
    assert ids_of(member_client, sort="-duration")[:2] == ["run-of-60", "run-of-59"]
    assert ids_of(member_client, sort="duration")[:2] == ["run-of-1", "run-of-2"]


def test_csv_has_all_pages(some, member_client):
    response = member_client.get(PAGE, {**AROUND, "format": "csv", "after": ""})
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert rows[0][:4] == ["Execution", "Attempt", "Workflow", "Status"]
    assert len(rows) == 61
    assert rows[10][6] == "'=disk full"


def test_json_has_all_pages(some, member_client):
    body = member_client.get(PAGE, {**AROUND, "format": "json", "status": "failed"}).json()
    assert body["complete"] is True
    assert [row["external_id"] for row in body["results"]] == [f"run-of-{n}" for n in range(10, 61, 10)]


def test_filtered_away_offers_to_clear(some, member_client):
    text = member_client.get(PAGE, {**AROUND, "release": "none such"}).content.decode()
    assert "No execution matches these filters" in text
    assert "Clear filters" in text


def test_a_range_without_runs_offers_a_longer_one(some, member_client):
    response = member_client.get(PAGE, {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"})
    assert "No runs in this range" in response.content.decode()


def test_a_new_team_reads_what_to_expect(team, member_client):
    assert "Nothing reported yet" in member_client.get(PAGE).content.decode()


@pytest.mark.parametrize("params", [{"status": "blue"}, {"after": "\x00"}, {"sort": "--"}, {"from": "1"}, {"env": "*"}])
def test_nonsense_in_the_address_never_fails(some, member_client, params):
    assert member_client.get(PAGE, {**AROUND, **params}).status_code == 200


def test_the_number_of_queries_is_that_of_one_row(team, member_client):
    store(team, run(1))
    with CaptureQueriesContext(connection) as one:
        ids_of(member_client)
    store(team, *[run(n, workflow=f"w{n}", release=f"r{n}") for n in range(2, 22)])
    with CaptureQueriesContext(connection) as twenty:
        ids_of(member_client)
    assert len(twenty) == len(one)


def test_a_stranger_learns_nothing(some, stranger_client):
    assert stranger_client.get(PAGE).status_code == 404
    assert "run-of" not in stranger_client.get("/t/mountain/executions/", AROUND).content.decode()


def test_anonymous_readers_sign_in_first(some, client):
    assert client.get(PAGE)["Location"].startswith("/sign-in/")


def test_nothing_can_be_sent_to_the_page(some, member_client):
    assert member_client.post(PAGE).status_code == 405
