"""Figures of what steps call, over all workflows: from stored reports to the numbers."""

from datetime import timedelta

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import Tokens
from monitoring.analysis.dependence import Side
from monitoring.identity import label_id, workflow_id
from monitoring.models import Workflow
from monitoring.reads.calls import MODELS, SYSTEMS, TOOLS
from monitoring.reads.dependents import Others, failing_now, others_at
from monitoring.reads.systems import SystemRow, Systems, listing
from monitoring.windows import Window, parse_window
from tests.factories import report, step, store
from tests.monitoring.calling import DAY, HOUR, NOW, call, calm, outage

WEEK = parse_window("now-7d", "now", NOW)


def rows(team: Team, window: Window = WEEK, environment: str | None = "production") -> dict[str, SystemRow]:
    return {row.name: row for row in found(team, window, environment).rows}


def found(team: Team, window: Window = WEEK, environment: str | None = "production") -> Systems:
    with team_context(team.id):
        return listing(team.id, SYSTEMS, window, environment=environment)


@pytest.fixture
def shared_outage(team: Team) -> Team:
    """Three workflows call one system without a failure for days; then it fails in two of them at once."""
    store(team, *calm("A"), *calm("B"), *calm("C"), *outage("A"), *outage("B", 8), call("C", NOW - 9 * HOUR), now=NOW)
    return team


def test_calls_failures_and_workflows_are_counted(shared_outage: Team) -> None:
    row = rows(shared_outage)["crm.example"]
    assert (row.totals.runs, row.totals.failures, row.workflows) == (199, 18, 3)
    failure = row.totals.failure
    assert failure is not None
    assert failure.rate == pytest.approx(18 / 199)
    assert failure.low == pytest.approx(0.058, abs=0.001)
    assert failure.high == pytest.approx(0.138, abs=0.001)
    assert row.totals.duration_ms.p95 == pytest.approx(2000, rel=0.02)
    assert sum(row.points) == 18
    assert row.last_call_at == NOW - 9 * HOUR


def test_failing_in_two_workflows_at_once_is_them(shared_outage: Team) -> None:
    decision = rows(shared_outage)["crm.example"].decision
    ids = [str(workflow_id(shared_outage.id, name)) for name in "ABC"]
    assert decision.side is Side.THEM
    assert [(one.name, one.failures, one.calls) for one in decision.failing] == [(ids[0], 10, 10), (ids[1], 8, 8)]


def test_failing_in_one_workflow_alone_is_us(team: Team) -> None:
    others = [call("B", NOW - 10 * HOUR + n * timedelta(minutes=1)) for n in range(10)]
    store(team, *calm("A"), *calm("B"), *outage("A"), *others, now=NOW)
    assert rows(team)["crm.example"].decision.side is Side.US


def test_what_fails_more_than_usual_comes_before_what_fails_more(team: Team) -> None:
    always = [call("A", NOW - n * HOUR - HOUR, failed=n % 2 == 0, external_system="flaky") for n in range(160)]
    store(team, *always, *calm("A"), *calm("B"), *outage("A"), *outage("B"), now=NOW)
    made = found(team)
    assert [row.name for row in made.rows] == ["crm.example", "flaky"]
    assert made.rows[0].totals.failures < made.rows[1].totals.failures
    assert made.rows[1].decision.side is Side.USUAL


def test_the_period_before_stands_beside(team: Team) -> None:
    before = [call("A", NOW - 8 * DAY - n * HOUR, failed=n < 3) for n in range(12)]
    store(team, *before, *(call("A", NOW - n * HOUR - HOUR) for n in range(5)), now=NOW)
    row = rows(team)["crm.example"]
    assert (row.totals.runs, row.totals.failures) == (5, 0)
    assert (row.previous.runs, row.previous.failures) == (12, 3)


def test_environments_are_apart(team: Team) -> None:
    store(team, call("A", NOW - HOUR), call("A", NOW - HOUR, environment="staging", failed=True), now=NOW)
    assert rows(team)["crm.example"].totals.failures == 0
    assert rows(team, environment="staging")["crm.example"].totals.failures == 1
    assert rows(team, environment=None)["crm.example"].totals.runs == 2


def test_models_and_tools_have_their_own_lists(team: Team) -> None:
    told = {"external_system": None, "model": "openai/gpt-4o", "tool": "find", "tokens": Tokens(input=900, output=100)}
    store(team, call("A", NOW - HOUR, **told), call("B", NOW - HOUR, **{**told, "cost_usd": "0.02"}), now=NOW)
    with team_context(team.id):
        (model,) = listing(team.id, MODELS, WEEK, environment="production").rows
        (tool,) = listing(team.id, TOOLS, WEEK, environment="production").rows
        assert not listing(team.id, SYSTEMS, WEEK, environment="production").rows
    assert (model.name, model.totals.tokens.total, model.workflows) == ("openai/gpt-4o", 2000, 2)
    assert (str(model.totals.cost_usd), model.totals.unpriced_tokens) == ("0.02", 1000)
    assert (tool.name, tool.totals.runs) == ("find", 2)


def test_a_chain_around_a_call_is_one_call(team: Team) -> None:
    at = NOW - HOUR
    outer = step(id="1", node="chain", external_system="crm.example", started_at=at, ended_at=at)
    inner = step(id="2", parent_id="1", node="ask", external_system="crm.example", started_at=at, ended_at=at)
    store(team, report(workflow="A", finished_at=at, started_at=at, steps=[outer, inner]), now=NOW)
    assert rows(team)["crm.example"].totals.runs == 1


def test_workflows_of_which_only_failures_are_reported_decide_nothing(team: Team) -> None:
    store(team, *calm("A"), *calm("B"), *outage("A"), *outage("B"), now=NOW)
    with team_context(team.id):
        Workflow.objects.filter(name="B").update(completeness="failures-only")
    row = rows(team)["crm.example"]
    assert row.totals.failures == 20
    assert row.totals.failure is not None
    assert row.totals.failure.rate == pytest.approx(10 / 70)
    assert row.decision.side is Side.UNCLEAR


def test_the_last_call_is_told_to_the_minute(team: Team) -> None:
    store(team, call("A", NOW - timedelta(minutes=7, seconds=30)), now=NOW)
    assert rows(team)["crm.example"].last_call_at == NOW - timedelta(minutes=8)
    old = call("A", NOW - 5 * DAY - timedelta(minutes=7), external_system="old")
    store(team, old, now=NOW)
    last = rows(team)["old"].last_call_at
    assert last is not None
    assert last <= NOW - 5 * DAY - timedelta(minutes=7) < last + HOUR


CRM = label_id(SYSTEMS.label, "crm.example")


def at(team: Team, moment: timedelta, workflow: str = "A", now: timedelta = timedelta(0)) -> Others:
    with team_context(team.id):
        return others_at(team.id, SYSTEMS, CRM, workflow_id(team.id, workflow), NOW + moment, now=NOW + now)


def test_others_are_those_that_call_it_within_minutes(team: Team) -> None:
    calls = [
        call("A", NOW - HOUR, failed=True),
        call("B", NOW - HOUR, failed=True),
        call("C", NOW - HOUR + timedelta(minutes=4)),
        call("D", NOW - HOUR - timedelta(minutes=20), failed=True),
        call("E", NOW - HOUR, failed=True, external_system="other"),
    ]
    store(team, *calls, now=NOW)
    assert at(team, -HOUR) == Others(calling=2, failing=1)
    assert at(team, -HOUR, "B") == (2, 1)
    assert at(team, -HOUR, "E") == (3, 2)
    assert at(team, -3 * HOUR) == (0, 0)
    assert at(team, -HOUR - timedelta(minutes=20), "C") == (1, 1)


def test_where_minutes_are_kept_no_longer_others_are_those_of_the_hour(team: Team) -> None:
    store(team, call("B", NOW - HOUR, failed=True), call("C", NOW - HOUR / 2), now=NOW)
    assert at(team, -HOUR) == (1, 1)
    assert at(team, -HOUR, now=4 * DAY) == (2, 1)


def test_failing_now_is_of_the_last_minutes(team: Team) -> None:
    calls = [call("A", NOW - timedelta(minutes=3), failed=True), call("B", NOW - timedelta(minutes=9))]
    store(team, *calls, call("C", NOW - HOUR, failed=True), now=NOW)
    with team_context(team.id):
        assert failing_now(team.id, SYSTEMS, CRM, NOW, environment="production") == (2, 1)
        assert failing_now(team.id, SYSTEMS, CRM, NOW, environment="staging") == (0, 0)


def test_windows_of_minutes_and_of_months_count_the_same(shared_outage: Team) -> None:
    short = parse_window("now-11h", "now-9h", NOW)
    assert rows(shared_outage, short)["crm.example"].totals.failures == 18
    long = rows(shared_outage, parse_window("now-90d", "now", NOW))["crm.example"]
    assert (long.totals.runs, long.totals.failures, long.decision.side) == (199, 18, Side.THEM)
