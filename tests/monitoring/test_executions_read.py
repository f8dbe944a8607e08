"""Lists of executions: rows with their names, filters, cursors, counts."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from ingestion.records import ExecutionReport, Failure, LogReport, Tokens
from monitoring.filters import Filters, parse_filters
from monitoring.models import Rollup
from monitoring.reads.executions import count, page
from monitoring.statuses import Status
from tests.factories import NOW, report, send, step, store

pytestmark = pytest.mark.usefixtures("in_team")


def parse(query: str = "") -> Filters:
    return parse_filters(QueryDict(query), NOW)


def ids(team: Team, query: str = "") -> list[str]:
    return [row.external_id for row in page(team.id, parse(query)).rows]


def test_a_row_has_its_names(team: Team) -> None:
    broken = step(
        node="charge", status=Status.FAILED, error=Failure(message="card refused"), tokens=Tokens(input=3, reasoning=1)
    )
    told = {"release": "v2", "trigger": "cron", "input_type": "order", "url": "https://ci.test/7"}
    send(team, report(id="x", status=Status.FAILED, steps=[broken], cost_usd=Decimal("0.10"), **told))
    (row,) = page(team.id, parse()).rows
    assert (row.workflow, row.workflow_slug, row.release, row.environment) == ("nightly", "nightly", "v2", "production")
    assert (row.trigger, row.input_type, row.failed_node, row.url) == ("cron", "order", "charge", "https://ci.test/7")
    assert (row.status, row.duration_ms, row.cost_usd) == (Status.FAILED, 120_000, Decimal("0.10"))
    assert (row.tokens.input, row.tokens.reasoning, row.tokens.total) == (3, 1, 3)
    assert (row.step_count, row.failed_step_count, row.retry_count) == (1, 1, 0)
    assert row.error == "card refused"


def test_an_error_nobody_told_is_not_made_up(team: Team) -> None:
    send(team, report(status=Status.FAILED))
    (row,) = page(team.id, parse()).rows
    assert row.error is None


def test_production_unless_asked_otherwise(team: Team) -> None:
    send(team, report(id="p"), report(id="s", environment="staging"))
    assert ids(team) == ["p"]
    assert ids(team, "env=staging") == ["s"]
    assert set(ids(team, "env=*")) == {"p", "s"}
    assert ids(team, "env=*&env=-staging") == ["p"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=failed", {"at-charge"}),
        ("step=charge", {"at-charge", "fine"}),
        # A failed run is found by the step at which it failed, not by all that it went through.
        ("step=load", {"fine"}),
        ("tool=-search", {"at-charge"}),
        ("tool=search&model=o3", {"fine"}),
        ("error=card refused", {"at-charge"}),
        ("status=failed&step=load", set()),
        ("status=nonsense", set()),
        ("group=nonsense", set()),
        ("q=at", {"at-charge"}),
        ("q=card", {"at-charge"}),
        ("q=_", set()),
        ("workflow=nightly&workflow=other", {"at-charge", "fine"}),
        ("workflow=other", set()),
        ("from=now-1m", set()),
        ("from=rubbish", {"at-charge", "fine"}),
    ],
)
def test_filters(team: Team, query: str, expected: set[str]) -> None:
    before = NOW - timedelta(hours=2)
    broken = step(node="charge", status=Status.FAILED, error=Failure(message="card refused"))
    send(
        team,
        report(id="at-charge", status=Status.FAILED, finished_at=before, steps=[step(node="load"), broken]),
        report(
            id="fine", finished_at=before, steps=[step(node="load", tool="search", model="o3"), step(node="charge")]
        ),
    )
    assert set(ids(team, query)) == expected


@pytest.mark.parametrize("after", ["nonsense", "W10", "e30", "bnVsbA", "\x00", "x" * 300, "W1sxXSwyLDMsNF0"])
def test_a_damaged_cursor_is_the_first_page(team: Team, after: str) -> None:
    send(team, report(id="x"))
    assert [row.external_id for row in page(team.id, replace(parse(), after=after)).rows] == ["x"]


def test_a_cursor_belongs_to_its_order(team: Team) -> None:
    send(team, *(report(id=f"r{n}") for n in range(3)))
    first = page(team.id, parse(), limit=2)
    assert first.next
    assert not first.previous
    assert len(page(team.id, replace(parse("sort=cost"), after=first.next), limit=5).rows) == 3


def test_paging_stays_right_while_executions_arrive(team: Team) -> None:
    send(team, *(report(id=f"r{n}", finished_at=NOW - timedelta(minutes=n + 2)) for n in range(4)))
    first = page(team.id, parse(), limit=2)
    send(team, report(id="new"))
    second = page(team.id, replace(parse(), after=first.next), limit=2)
    assert [row.external_id for row in second.rows] == ["r2", "r3"]
    assert not second.next
    back = page(team.id, replace(parse(), after=second.previous), limit=2)
    assert [row.external_id for row in back.rows] == ["r0", "r1"]
    assert back.previous


def test_unknown_values_come_last_in_both_orders(team: Team) -> None:
    send(team, report(id="dear", cost_usd=Decimal(9)), report(id="cheap", cost_usd=Decimal(1)), report(id="unknown"))
    assert ids(team, "sort=cost") == ["cheap", "dear", "unknown"]
    assert ids(team, "sort=-cost") == ["dear", "cheap", "unknown"]


def test_counting_stops_at_the_limit(team: Team) -> None:
    send(team, *(report() for _ in range(7)))
    assert count(team.id, parse()) == 7
    assert count(team.id, parse(), limit=5) == 6
    assert count(team.id, parse("status=failed")) == 0


def test_query_count_does_not_grow(team: Team) -> None:
    counts = []
    for number in (1, 20):
        send(team, *(report(workflow=f"w{n}", release=f"v{n}", trigger=f"t{n}") for n in range(number)))
        with CaptureQueriesContext(connection) as queries:
            page(team.id, parse())
        counts.append(len(queries))
    assert counts == [3, 3]


def test_an_execution_that_only_log_lines_mention_is_listed_once_something_says_what_it_is(team: Team) -> None:
    line = ExecutionReport(id="trace-1", logs=[LogReport(message="cache warmed", at=NOW - timedelta(minutes=2))])
    send(team, line, now=NOW - timedelta(minutes=1))
    assert ids(team) == []
    assert count(team.id, parse()) == 0
    assert ids(team, "q=trace-1") == ["trace-1"]
    send(team, report(id="trace-1"))
    assert ids(team) == ["trace-1"]


def test_log_lines_alone_are_no_run_of_the_figures(team: Team) -> None:
    line = ExecutionReport(id="trace-1", logs=[LogReport(message="cache warmed", at=NOW - timedelta(minutes=2))])
    store(team, line)
    assert Rollup.objects.count() == 0
    store(team, ExecutionReport(id="trace-1", status=Status.SUCCEEDED))
    assert set(Rollup.objects.filter(dimension=0).values_list("runs", flat=True)) == {1}
