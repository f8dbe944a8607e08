"""The live tail by cursor: everything that is written is told, however late it commits, and nothing of another team."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.http import QueryDict

from accounts.models import Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion.records import Failure, LogReport
from monitoring.filters import parse_filters
from monitoring.reads.live import LATE, Look
from monitoring.reads.live_cursor import Asked, look_since, read_cursor, write_cursor
from monitoring.statuses import Status
from tests.factories import NOW, report, send

SECOND = timedelta(seconds=1)


def asked(query: str = "env=*", **fields: object) -> Asked:
    told: dict = {"since": NOW - LATE, "level": "trace", **fields}
    return Asked(parse_filters(QueryDict(query), NOW), **told)


def look(team: Team, cursor: int | None, about: Asked | None = None) -> tuple[Look, int]:
    with team_context(team.id):
        return look_since(team.id, about or asked(), cursor, NOW)


class Viewer:
    """Who looks again and again, and knows by its key what was told already, as the page does.

    While an older transaction is at work anywhere in the server, another test's included, rows are told twice.
    """

    def __init__(self, team: Team) -> None:
        self.team = team
        self.cursor: int | None = None
        self.known: set[tuple[str, str]] = set()
        self.known_lines: set[tuple[str, int]] = set()

    def look(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """The executions, as id and outcome, and the lines, as id and message, that are new to this viewer."""
        found, self.cursor = look(self.team, self.cursor)
        rows = [row for row in told(found) if row not in self.known]
        lines = [line for line in found.lines if (line.execution.external_id, line.id) not in self.known_lines]
        self.known.update(rows)
        self.known_lines.update((line.execution.external_id, line.id) for line in lines)
        return rows, [(line.execution.external_id, line.message) for line in lines]


def told(found: Look) -> list[tuple[str, str]]:
    return [(row.external_id, row.outcome) for row in found.executions]


def messages(found: Look) -> list[str]:
    return [line.message for line in found.lines]


@pytest.mark.django_db(transaction=True)
def test_what_comes_and_what_ends_is_told_once_it_is_written(team: Team) -> None:
    viewer = Viewer(team)
    assert viewer.look() == ([], [])
    running = report(id="a", status=Status.RUNNING, started_at=NOW, finished_at=None)
    with team_context(team.id):
        send(team, running)
    assert viewer.look() == ([("a", "running")], [])
    assert viewer.look() == ([], [])
    with team_context(team.id):
        send(team, report(id="a", status=Status.FAILED, started_at=NOW, error=Failure(message="boom")))
        send(team, report(id="b"))
    assert sorted(viewer.look()[0]) == [("a", "failed"), ("b", "succeeded")]
    assert viewer.look() == ([], [])


@pytest.mark.django_db(transaction=True)
def test_what_commits_after_the_look_is_told_by_the_next_one(team: Team) -> None:
    wrote, looked = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with team_context(team.id):
                # A savepoint is a transaction of its own, with a number of its own.
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("UPDATE execution SET status = 8 WHERE external_id = 'slow'")
                wrote.set()
                looked.wait(20)
        finally:
            connection.close()

    with team_context(team.id):
        send(team, report(id="slow"))
    viewer = Viewer(team)
    assert viewer.look()[0] == [("slow", "succeeded")]
    writer = threading.Thread(target=slow)
    writer.start()
    try:
        assert wrote.wait(20)
        with team_context(team.id):
            send(team, report(id="quick"))
        assert viewer.look()[0] == [("quick", "succeeded")]
    finally:
        looked.set()
        writer.join()
    assert viewer.look()[0] == [("slow", "failed")]
    assert viewer.look() == ([], [])


@pytest.mark.django_db(transaction=True)
def test_what_is_older_than_the_cursor_is_not_told(team: Team) -> None:
    with team_context(team.id):
        send(team, report(id="a", logs=[LogReport(at=NOW - SECOND, level="info", message="a line")]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (newer,) = cursor.fetchone()
    found = look(team, newer)[0]
    assert (told(found), messages(found)) == ([], [])
    found = look(team, 0)[0]
    assert (told(found), messages(found)) == ([("a", "succeeded")], ["a line"])


@pytest.mark.django_db(transaction=True)
def test_lines_of_what_still_runs_are_told_however_long_ago_it_began(team: Team) -> None:
    start = NOW - timedelta(hours=5)
    running = {"id": "long", "status": Status.RUNNING, "started_at": start, "finished_at": None}
    with team_context(team.id):
        send(team, report(**running), now=start)
    viewer = Viewer(team)
    assert viewer.look()[1] == []
    line = LogReport(at=NOW - SECOND, level="info", message="half way")
    with team_context(team.id):
        send(team, report(**running, logs=[line]))
    assert viewer.look()[1] == [("long", "half way")]
    assert viewer.look()[1] == []


@pytest.mark.django_db
def test_filters_level_and_text(in_team: Team) -> None:
    lines = [
        LogReport(at=NOW - 3 * SECOND, level="DEBUG", message="opened 100%"),
        LogReport(at=NOW - 2 * SECOND, level="warning", message="slow"),
        LogReport(at=NOW - SECOND, level="odd", message="what is this"),
    ]
    send(in_team, report(id="a", workflow="Lead", logs=lines))
    send(in_team, report(id="b", workflow="Other", status=Status.FAILED, error=Failure(message="slow too")))
    assert messages(look(in_team, None)[0]) == ["opened 100%", "slow", "what is this"]
    assert messages(look(in_team, None, asked(level="warning"))[0]) == ["slow", "what is this"]
    assert messages(look(in_team, None, asked("env=*&q=100%25"))[0]) == ["opened 100%"]
    assert messages(look(in_team, None, asked("env=*&workflow=other"))[0]) == []
    assert messages(look(in_team, None, asked(level=None))[0]) == []
    found = look(in_team, None, asked("env=*&q=slow"))[0]
    assert (told(found), messages(found)) == ([("b", "failed")], ["slow"])
    assert told(look(in_team, None, asked(has_executions=False))[0]) == []
    assert told(look(in_team, None, asked("env=*&status=failed"))[0]) == [("b", "failed")]


@pytest.mark.django_db
def test_more_than_anybody_reads_is_cut(in_team: Team) -> None:
    send(in_team, *(report(id=str(number)) for number in range(4)))
    found = look(in_team, None, asked(limit=3))[0]
    assert (len(found.executions), found.is_cut) == (3, True)


@pytest.mark.django_db
def test_another_teams_rows_and_cursors_say_nothing(team: Team, other_team: NewTeam) -> None:
    with team_context(other_team.team.id):
        send(other_team.team, report(id="theirs", logs=[LogReport(at=NOW, level="info", message="theirs")]))
    found, place = look(team, None)
    assert (told(found), messages(found)) == ([], [])
    text = write_cursor(team.id, place)
    assert str(place) not in text
    assert read_cursor(team.id, text) == place
    assert read_cursor(other_team.team.id, text) is None
    assert read_cursor(team.id, "nonsense") is None
    assert read_cursor(team.id, "\ud800é") is None
