"""Live tail: each execution once for each way it stands, and each line once, whatever the pace of looks."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Team
from ingestion.records import Failure, LogReport
from monitoring.filters import Filters, parse_filters
from monitoring.reads.live import LATE, Follower, Look
from monitoring.statuses import Status
from tests.factories import NOW, report, send

SECOND = timedelta(seconds=1)


def filters(query: str = "env=*") -> Filters:
    """What an address asks for."""
    return parse_filters(QueryDict(query), NOW)


def told(found: Look) -> list[tuple[str, str]]:
    """Ids with how they stand."""
    return [(row.external_id, row.outcome) for row in found.executions]


def test_an_execution_is_told_when_it_comes_and_when_it_ends(in_team: Team) -> None:
    follower = Follower(in_team.id)
    assert told(follower.look(filters(), NOW)) == []
    send(in_team, report(id="a", status=Status.RUNNING, started_at=NOW, finished_at=None))
    assert told(follower.look(filters(), NOW + SECOND)) == [("a", "running")]
    assert told(follower.look(filters(), NOW + 2 * SECOND)) == []
    send(
        in_team,
        report(
            id="a", status=Status.FAILED, started_at=NOW, finished_at=NOW + 3 * SECOND, error=Failure(message="boom")
        ),
    )
    send(in_team, report(id="b", started_at=NOW, finished_at=NOW + SECOND))
    assert told(follower.look(filters(), NOW + 4 * SECOND)) == [("b", "succeeded"), ("a", "failed")]
    assert told(follower.look(filters(), NOW + 5 * SECOND)) == []


def test_one_that_ran_for_long_is_told_when_it_ends(in_team: Team) -> None:
    follower = Follower(in_team.id)
    start = NOW - timedelta(hours=3)
    send(in_team, report(id="long", status=Status.RUNNING, started_at=start, finished_at=None), now=start)
    assert told(follower.look(filters(), NOW)) == []
    send(in_team, report(id="long", started_at=start, finished_at=NOW))
    assert told(follower.look(filters(), NOW + SECOND)) == [("long", "succeeded")]


def test_what_happened_long_ago_is_not_live(in_team: Team) -> None:
    send(in_team, report(started_at=NOW - timedelta(hours=2), finished_at=NOW - LATE - SECOND))
    assert told(Follower(in_team.id).look(filters(), NOW)) == []


def test_filters_hold(in_team: Team) -> None:
    failed = report(id="b", workflow="Other", status=Status.FAILED, error=Failure(message="x"))
    send(in_team, report(id="a", workflow="Lead"), failed)
    assert told(Follower(in_team.id).look(filters("env=*&status=failed"), NOW)) == [("b", "failed")]
    assert told(Follower(in_team.id).look(filters("env=*&workflow=-other"), NOW)) == [("a", "succeeded")]


def test_lines_are_told_once_from_their_level_on(in_team: Team) -> None:
    lines = [
        LogReport(at=NOW - 3 * SECOND, level="debug", message="opened"),
        LogReport(at=NOW - 2 * SECOND, level="WARNING", message="slow"),
        LogReport(at=NOW - SECOND, level="odd", message="what is this"),
    ]
    send(in_team, report(id="a", logs=lines))
    follower = Follower(in_team.id, "warning")
    found = follower.look(filters(), NOW)
    assert [(line.message, line.execution.external_id) for line in found.lines] == [
        ("slow", "a"),
        ("what is this", "a"),
    ]
    assert follower.look(filters(), NOW + SECOND).lines == []
    send(in_team, report(id="a", logs=[*lines, LogReport(at=NOW, level="error", message="gave up")]))
    assert [line.message for line in follower.look(filters(), NOW + SECOND).lines] == ["gave up"]


def test_without_a_level_no_line_is_read(in_team: Team) -> None:
    send(in_team, report(logs=[LogReport(at=NOW, level="error", message="x")]))
    assert Follower(in_team.id).look(filters(), NOW).lines == ()


def test_another_team_sees_nothing(in_team: Team, other_team: Any) -> None:
    send(in_team, report(logs=[LogReport(at=NOW, level="error", message="x")]))
    assert told(Follower(other_team.team.id, "trace").look(filters(), NOW)) == []


def asked(*arguments: str) -> list[str]:
    """What a command prints, by lines."""
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO(), verbosity=0)
    return out.getvalue().splitlines()


@pytest.fixture
def running(team: Team) -> Team:
    """A failure and a success of just now, with a line."""
    now = timezone.now()
    about = {"started_at": now - 9 * SECOND, "finished_at": now - 5 * SECOND}
    lines = [LogReport(at=now - 6 * SECOND, level="error", message="no\x1b[31m answer\nat all")]
    send(team, report(id="bad", status=Status.FAILED, error=Failure(message="timeout"), logs=lines, **about), now=now)
    send(team, report(id="=good", **about), now=now)
    return team


def test_tail_prints_a_line_each(running: Team) -> None:
    said = asked("tail", "--team", running.slug, "--seconds", "0", "--logs")
    assert len(said) == 3
    bad = next(line for line in said if "bad  4" in line)
    assert "failed" in bad
    assert bad.endswith("timeout")
    assert said[-1].endswith("bad  no [31m answer at all")


def test_tail_prints_json(running: Team) -> None:
    said = asked("tail", "--team", running.slug, "--seconds", "0", "--logs", "--json", "--status", "failed")
    execution, line = map(json.loads, said)
    assert (execution["kind"], execution["external_id"], execution["status"]) == ("execution", "bad", "failed")
    assert (line["kind"], line["external_id"], line["level"]) == ("log", "bad", "error")


def test_export_writes_all_rows_and_no_formula(running: Team, tmp_path: Any) -> None:
    said = asked("export", "--team", running.slug)
    assert said[0].startswith("Execution,Attempt,Workflow,Status")
    assert len(said) == 3
    assert any(line.startswith("'=good,") for line in said)
    file = tmp_path / "found.jsonl"
    asked("export", "--team", running.slug, "--json", "--file", str(file), "--query", "status=failed")
    assert [json.loads(line)["external_id"] for line in file.read_text().splitlines()] == ["bad"]
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tail", "--team", "nobody"], "there is no team nobody"),
        (["tail", "--team", "harbour", "--query", "colour=red"], "there is no filter colour"),
        (["tail", "--team", "harbour", "--since", "6000"], "give 0 to 600 seconds"),
        (["export", "--team", "harbour", "--from", "yesterday"], "give a time as"),
        (["export", "--team", "harbour", "--from", "now", "--to", "now-1h"], "the earlier one first"),
        (["export", "--team", "harbour", "--file", "/nowhere/at/all.csv"], "No such file"),
    ],
)
def test_what_is_asked_wrongly_is_told(team: Team, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        asked(*arguments)
