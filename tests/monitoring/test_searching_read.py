"""Search in log lines, inputs and outputs: what it finds, how far it goes, and where it goes on."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure, LogReport
from monitoring.filters import parse_filters
from monitoring.reads import payload_texts, searching
from monitoring.reads.searching import Searched, search
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db
RANGE = "from=2026-08-12T00:00Z&to=2026-08-13T00:00Z"


def find(team: Team, query: str, **bounds: Any) -> Searched:
    with team_context(team.id):
        return search(team.id, parse_filters(QueryDict(f"{RANGE}&{query}"), NOW), **bounds)


def ids(found: Searched) -> list[str]:
    return [row.external_id for row in found.rows]


def run(number: int, **fields: Any) -> ExecutionReport:
    end = NOW - timedelta(minutes=number)
    return report(**{"id": f"r{number}", "started_at": end - timedelta(seconds=9), "finished_at": end, **fields})


@pytest.fixture
def told(team: Team) -> Team:
    """Four runs that say the same word in different places, the newest first."""
    store(
        team,
        run(1, input={"customer": "Émile Fjord", "note": 'said "hello\nworld"'}),
        run(2, output={"answer": "the fjord is deep"}, tags={"tier": "gold"}),
        run(3, logs=[LogReport(message="Looking at the FJORD 100%", level="DEBUG"), LogReport(message="done")]),
        run(
            4,
            error=Failure(message="lost", detail="at fjord.py line 7"),
            steps=[step(id="s", input={"prompt": "a fjord"}, output={"text": "nothing"})],
        ),
        run(5, steps=[step(id="s", output=["island"])]),
    )
    return team


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=fjord&in=input", ["r1", "r4"]),
        ("q=fjord&in=output", ["r2"]),
        ("q=fjord&in=logs", ["r3"]),
        ("q=fjord&in=input&in=output", ["r1", "r2", "r4"]),
        ("q=fjord&in=everything", ["r1", "r2", "r3", "r4"]),
        ("q=fjord.py&in=everything", ["r4"]),
        ("q=ÉMILE&in=input", ["r1"]),
        ('q="hello%0Aworld"&in=input', []),
        ('q=\\"hello&in=input', []),
        ('q="said \\"hello"&in=input', ["r1"]),
        ("q=fjord -deep&in=everything", ["r1", "r3", "r4"]),
        ("q=-fjord&in=everything", ["r5"]),
        ("q=fjord deep&in=output", ["r2"]),
        ("q=deep island&in=output", []),
        ("q=100%25&in=logs", ["r3"]),
        ("q=1_0&in=logs", []),
        ("q=r5&in=logs", ["r5"]),
        ("q=lost&in=logs", ["r4"]),
        ("q=fjord&in=everything&field=tag.tier=gold", ["r2"]),
        ("q=fjord&in=everything&sort=time", ["r4", "r3", "r2", "r1"]),
        # Words of our own format are no text of anybody.
        ("q=attributes&in=everything", []),
    ],
)
def test_what_is_found(told: Team, query: str, found: list[str]) -> None:
    assert ids(find(told, query)) == found


def test_a_value_that_was_replaced_is_not_found(team: Team) -> None:
    store(team, run(1, revision=1, output={"text": "first draft"}))
    store(team, run(1, revision=2, output={"text": "final"}))
    assert ids(find(team, "q=draft&in=output")) == []
    assert ids(find(team, "q=final&in=output")) == ["r1"]


def test_it_stops_at_its_bound_and_goes_on_from_there(told: Team) -> None:
    first = find(told, "q=fjord&in=everything", most=2)
    assert (ids(first), first.searched) == (["r1", "r2"], 2)
    assert first.until == NOW - timedelta(minutes=2)
    rest = find(told, f"q=fjord&in=everything&after={first.next}")
    assert (ids(rest), rest.searched, rest.next) == (["r3", "r4"], 3, "")


def test_a_full_page_goes_on_behind_its_last_row(told: Team) -> None:
    seen, after = [], ""
    for _ in range(6):
        found = find(told, f"q=fjord&in=everything&after={after}", limit=1)
        seen += ids(found)
        after = found.next
        if not after:
            break
    assert seen == ["r1", "r2", "r3", "r4"]


def test_it_begins_no_batch_after_its_time(told: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "BATCH", 1)
    ticks = iter(range(0, 100, 10))
    found = find(told, "q=island&in=output", clock=lambda: float(next(ticks)))
    assert (ids(found), found.searched) == ([], 1)
    assert found.next


def test_what_is_too_large_is_passed_over_and_counted(told: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload_texts, "MAX_UNPACKED_BYTES", 1)
    found = find(told, "q=fjord&in=input")
    assert (ids(found), found.too_large, found.searched) == ([], 4, 5)


def test_payloads_are_held_in_parts(told: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_BODIES", searching._BODIES.replace(str(searching.MAX_HELD_BYTES), "150"))
    assert ids(find(told, "q=fjord&in=everything")) == ["r1", "r2", "r3", "r4"]


def test_the_number_of_queries_does_not_depend_on_what_is_found(told: Team) -> None:
    with CaptureQueriesContext(connection) as few:
        find(told, "q=deep&in=everything")
    store(told, *[run(10 + n, output={"text": f"deep {n}"}) for n in range(20)])
    with CaptureQueriesContext(connection) as many:
        assert len(find(told, "q=deep&in=everything").rows) == 21
    assert len(many) == len(few)


def test_another_team_is_not_searched(told: Team, other_team: Any) -> None:
    store(other_team.team, run(1, output={"text": "fjord of theirs"}))
    assert len(ids(find(told, "q=theirs&in=everything"))) == 0
    assert ids(find(other_team.team, "q=fjord&in=everything")) == ["r1"]
