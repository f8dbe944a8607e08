"""Operations: what runs beside its usual duration, what is due, which sources are silent, each table as CSV."""

import csv
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.models import Workflow
from monitoring.statuses import Status
from tests.alerts.opening import breach, opened, rule, workflow
from tests.alerts.reads.test_due_runs import scheduled
from tests.alerts.reads.test_live import running, usually
from tests.alerts.reads.test_schedules import started
from tests.alerts.reads.test_sources import reported, source
from tests.factories import NOW, report, send, store
from tests.monitoring.views.test_replay import read

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def address(team: Team, query: str = "") -> str:
    return f"/t/{team.slug}/operations/{query}"


def table(client: Client, team: Team, name: str) -> list[dict[str, str]]:
    response = client.get(address(team, f"?format=csv&table={name}"))
    assert response.status_code == 200
    return list(csv.DictReader(b"".join(response).decode().splitlines()))  # type: ignore[arg-type]


def test_running_ones_stand_beside_their_usual_duration(member_client: Client, team: Team) -> None:
    with team_context(team.id):
        usually(team, 10)
        running(team, "slow", 25 * MINUTE, heard=5 * MINUTE)
        running(team, "fresh", 4 * MINUTE)
    text = read(member_client, address(team))
    assert "2.5× its usual p95" in text
    assert "as usual so far" in text
    # Within the two percent of a histogram.
    assert re.search(r"half take up to (9 min 5\d s|10 min)", text)
    slow, fresh = table(member_client, team, "running")
    assert (slow["Execution"], slow["Running for, ms"]) == ("slow", str(25 * 60_000.0))
    assert float(slow["Usual p95, ms"]) == pytest.approx(600_000, rel=0.02)
    # A full bar is the usual p95; what is beyond is said in words.
    assert float(slow["Share of the usual p95"]) == 1
    assert float(fresh["Share of the usual p95"]) == pytest.approx(0.4, rel=0.02)
    assert slow["Last report"].startswith("2026-08-12T11:55")


def test_an_unknown_duration_is_said_to_be_unknown(member_client: Client, team: Team) -> None:
    with team_context(team.id):
        usually(team, 10, runs=19)
        running(team, "a", 25 * MINUTE)
        running(team, "b", MINUTE, status=Status.WAITING)
        running(team, "c", MINUTE, status=Status.QUEUED)
    text = read(member_client, address(team))
    assert "usual duration unknown" in text
    assert "waits for a person" in text
    assert "not started" in text
    assert [row["Share of the usual p95"] for row in table(member_client, team, "running")] == ["", "", ""]


def test_schedules_say_what_is_overdue_and_due_next(member_client: Client, team: Team) -> None:
    with team_context(team.id):
        started(team, 3 * HOUR + 30 * MINUTE)
        started(team, 29 * MINUTE, workflow="in time", id="b")
        scheduled(team)
        scheduled(team, "in time")
    text = read(member_client, address(team))
    assert "Overdue by 2 h 30 min" in text
    assert "3 starts missing" in text
    assert "next: <bdi>in time</bdi> in 30 min" in text
    assert [row["Workflow"] for row in table(member_client, team, "due")] == ["nightly", "in time"]


def test_silent_sources_show_without_a_rule(member_client: Client, team: Team) -> None:
    with team_context(team.id):
        steady = source(team, "steady", 23 * HOUR)
        reported(steady, list(range(23, 24 * 27)))
        source(team, "new one", 2 * HOUR)
        send(team, report())
    ((one),) = table(member_client, team, "sources")
    assert (one["Source"], one["Last report"]) == ("steady", "2026-08-11T13:00:00+00:00")
    text = read(member_client, address(team))
    assert "23 h ago" in text
    assert f'href="/t/{team.slug}/sources/{steady.id}/"' in text


def test_empty_tables_say_why(member_client: Client, team: Team) -> None:
    with team_context(team.id):
        send(team, report())
    text = read(member_client, address(team))
    for said in (
        "Nothing is running",
        "No run failed in the last 15 minutes.",
        "No workflow has a schedule.",
        "No source has reported yet.",
        "no schedule is known",
    ):
        assert said in text
    with team_context(team.id):
        source(team, "new one", HOUR / 2)
    assert "No source is silent for longer than usual." in read(member_client, address(team))


def test_each_table_is_an_export_of_its_own(member_client: Client, team: Team) -> None:
    store(team, report(workflow="bad", status=Status.FAILED), now=NOW)
    with team_context(team.id):
        opened(team, breach(rule(team, "stuck"), workflow(team, "slow"), value=60_000.0))
        opened(team, breach(rule(team), Workflow.objects.get(name="bad")))
    assert len(table(member_client, team, "incidents")) == 2
    assert [row["Workflow"] for row in table(member_client, team, "still")] == ["slow"]
    assert [(row["Workflow"], row["Failed"], row["Share"]) for row in table(member_client, team, "failing")] == [
        ("bad", "1", "1.0")
    ]
    assert member_client.get(address(team, "?format=csv&table=x")).status_code == 404


def test_the_number_of_queries_does_not_grow(member_client: Client, team: Team) -> None:
    def queries() -> int:
        read(member_client, address(team))
        with CaptureQueriesContext(connection) as told:
            read(member_client, address(team))
        return len(told)

    def fill(names: list[str]) -> None:
        store(team, *(report(workflow=name, id=f"done {name}") for name in names), now=NOW)
        with team_context(team.id):
            for name in names:
                running(team, name, 3 * MINUTE, workflow=name)
                scheduled(team, name)
                source(team, name, 5 * HOUR)

    fill(["w"])
    few = queries()
    fill([f"w{number}" for number in range(20)])
    assert queries() == few


def test_strangers_learn_nothing(stranger_client: Client, client: Client, team: Team, other_team) -> None:
    with team_context(team.id):
        running(team, "secret run", MINUTE)
    assert stranger_client.get(address(team)).status_code == 404
    assert client.get(address(team))["Location"].startswith("/sign-in/")
    assert "secret run" not in read(stranger_client, address(other_team.team))
