"""Each table of a replay as CSV: the rows and columns that the page shows."""

import csv
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Membership
from accounts.permissions import Role
from ingestion.records import Failure, LogReport
from monitoring.statuses import Status
from tests.factories import NOW, report, send
from tests.monitoring.healthy import ask, failing, fill, healthy, retried
from tests.monitoring.views.test_replay import page_of

pytestmark = pytest.mark.django_db


def cells_of(client: Client, address: str, table: str, **params: str) -> list[list[str]]:
    response = client.get(address, {"format": "csv", "table": table, **params})
    assert response.status_code == 200
    assert f"-{table}.csv" in response["Content-Disposition"]
    return list(csv.reader(b"".join(response).decode().splitlines()))


@pytest.fixture
def page(team) -> str:
    """An execution that left the path of twelve others."""
    fill(team)
    send(team, failing(logs=[LogReport(message="=giving up", at=NOW, level="error", step_id="score")]))
    return page_of(team, "bad")


def test_evidence_and_impact(member_client, page):
    first = cells_of(member_client, page, "divergence")
    assert first[0] == ["Step", "Evidence", "Usual", "Here", "Rests on"]
    assert first[1][:4] == ["Step 2, parse", "empty output", "an output", "nothing"]
    card = member_client.get(page).context_data
    assert len(first) == 1 + len(card["divergence"].first)
    assert len(cells_of(member_client, page, "evidence")) == 1 + len(card["divergence"].others)
    impact = cells_of(member_client, page, "impact")
    assert impact[0] == ["Step", "Effect", "Usual", "Here"]
    assert len(impact) == 1 + len(card["impact"].rows)


def test_log_and_what_belongs_together(member_client, team, page):
    send(team, healthy(0, id="bad", attempt=2, started_at=NOW - timedelta(minutes=1), finished_at=NOW))
    assert cells_of(member_client, page, "log")[1] == ["2026-08-12T12:00:00.000000Z", "error", "score", "'=giving up"]
    related = cells_of(member_client, page, "related")
    assert [row[:2] for row in related[1:]] == [["Attempt 1", "bad"], ["Attempt 2", "bad"]]
    attempts = cells_of(member_client, page, "attempts")
    assert attempts[0][:4] == ["Attempt", "Status", "Pause before, ms", "Duration, ms"]
    assert attempts[2][:3] == ["2", "succeeded", "116000"]


def test_attempts_of_steps_and_visits(member_client, team):
    send(team, retried())
    page = page_of(team, "tried")
    assert cells_of(member_client, page, "retried")[1][:7] == [
        *("ask", "3", "succeeded", "succeeded after a change at attempt 3", "3", "5000", "7000"),
    ]
    tries = cells_of(member_client, page, "tries")
    assert tries[:3] == [
        ["What is told", "Attempt 1", "Attempt 2", "Attempt 3"],
        ["Status", "failed", "failed", "succeeded"],
        ["Pause before", "", "2.0 s", "5.0 s"],
    ]
    assert cells_of(member_client, page, "visits")[1] == ["1", "1", "failed", "1000"]


def test_after_the_first_failed_step_where_nothing_is_compared(member_client, team):
    lost = Failure(message="lost")
    steps = [ask(1, 0, 1, status=Status.FAILED, error=lost, node="a"), ask(1, 2, 1, id="b", node="b")]
    send(team, report(id="few", steps=steps))
    assert cells_of(member_client, page_of(team, "few"), "after") == [
        ["Step", "Status", "Duration, ms", "Error"],
        ["b", "succeeded", "1000", ""],
    ]


def test_links_stand_by_the_tables(member_client, page):
    text = member_client.get(page).content.decode()
    for table in ("divergence", "impact", "log"):
        assert f"format=csv&amp;table={table}" in text
    assert "table=attempts" not in text


@pytest.mark.parametrize("table", ["", "nonsense", "attempts", "retried", "tries"])
def test_a_table_that_the_page_does_not_show_is_not_found(member_client, page, table):
    assert member_client.get(page, {"format": "csv", "table": table}).status_code == 404


def test_who_may_not_see_payloads_exports_none(client, team, member, page, stranger_client):
    assert stranger_client.get(page, {"format": "csv", "table": "log"}).status_code == 404
    assert client.get(page, {"format": "csv", "table": "log"}).status_code == 302
    Membership.objects.filter(team=team, user=member).update(role=Role.FINANCE)
    client.force_login(member)
    assert "giving up" not in str(cells_of(client, page, "log"))
