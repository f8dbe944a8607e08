"""What metrics over windows give: the figures of pages, for workflows, values and teams, in one window or many."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.tenancy import team_context
from alerts.analysis.readings import Subject
from alerts.reads.measures import Asked, read, read_windows
from alerts.reads.measures_values import MEASURES
from ingestion.records import Resources, Tokens
from monitoring.statuses import Status
from monitoring.store.rollups import fold_all
from tests.alerts.ruling import minute, of, rule, runs, workflow
from tests.factories import report, send, step

pytestmark = pytest.mark.django_db
NOW = minute(1) + timedelta(seconds=6)


def told(team, made, now=NOW):
    """Value and samples of each subject in the newest window, by workflow or value."""
    fold_all(now)
    with team_context(team.id):
        readings = read(team.id, [made], now)[made.id]
    return {(one.subject.workflow_id, one.subject.value): (one.value, one.samples) for one in readings}


def used(team):
    """Runs of a workflow: four succeeded, one failed, with tokens, cost, steps, retries, memory and storage."""
    fields = {"workflow": "flow", "finished_at": minute(0.5), "environment": "production"}
    made = []
    for number, seconds in enumerate((1, 2, 3, 4, 10)):
        made.append(
            report(
                **fields,
                started_at=minute(0.5) - timedelta(seconds=seconds),
                status=Status.FAILED if number == 4 else Status.SUCCEEDED,
                trigger="webhook" if number < 3 else "schedule",
                tokens=Tokens(input=100, output=20, reasoning=5) if number < 4 else None,
                cost_usd="0.25" if number < 4 else None,
                resources=Resources(memory_bytes=1000 * (number + 1), storage_bytes=10),
            )
        )
    send(team, *made, now=minute(0.6))


@pytest.mark.parametrize(
    ("metric", "value", "samples"),
    [
        ("error_rate", 0.2, 5),
        ("failures", 1.0, 5),
        ("runs", 5.0, 5),
        ("duration_p50", 3000.0, 5),
        ("duration_avg", 4000.0, 5),
        ("retry_rate", 0.0, 5),
        ("tokens", 480.0, 5),
        ("tokens_per_run", 96.0, 5),
        ("cost_usd", 1.0, 5),
        ("cost_per_run_usd", 0.2, 5),
        ("peak_memory_bytes", 5000.0, 5),
        ("storage_bytes", 50.0, 5),
        ("unmet_rate", None, 0),
        ("api_calls", None, 5),
    ],
)
def test_each_metric_is_the_figure_that_pages_show(team, metric, value, samples):
    used(team)

    found = told(team, rule(team, metric=metric))[of(team, "flow"), ""]

    assert found == (pytest.approx(value, rel=0.02) if value is not None else None, samples)


def test_every_metric_of_rollups_can_be_measured(team):
    used(team)
    made = [rule(team, name=name, metric=name) for name in MEASURES]
    fold_all(NOW)

    with team_context(team.id):
        found = read(team.id, made, NOW)

    assert all(len(found[one.id]) == 1 for one in made)


def test_five_of_a_hundred_are_not_more_than_five_percent(team):
    runs(team, 0, good=95, bad=5, workflow="flow")

    assert told(team, rule(team))[of(team, "flow"), ""] == (0.05, 100)


def test_a_window_is_half_open(team):
    made = rule(team, metric="runs", workflow=workflow(team, "flow"))
    for at in (-5, -4, 0, 1):
        runs(team, at - 0.5, good=1, workflow="flow")

    # [-4, 1): what ended at minutes -4 and 0, not at -5 and 1.
    assert told(team, made) == {(of(team, "flow"), ""): (2.0, 2)}


def test_a_window_without_runs_has_counts_and_no_rates(team):
    flow = workflow(team, "flow")

    for metric, value in (("runs", 0.0), ("failures", 0.0), ("cost_usd", 0.0), ("error_rate", None)):
        assert told(team, rule(team, metric=metric, workflow=flow)) == {(flow.id, ""): (value, 0)}


def test_of_runs_of_which_nobody_told_the_cost_it_is_not_known(team):
    runs(team, 0, good=2, workflow="flow")

    assert told(team, rule(team, metric="cost_usd")) == {(of(team, "flow"), ""): (None, 2)}


def test_a_team_together_counts_runs_of_which_nobody_told_the_workflow(team):
    runs(team, 0, good=2, workflow="one")
    runs(team, 0, good=3, workflow="two")
    send(team, report(workflow=None, started_at=minute(0), finished_at=minute(0.5)), now=minute(0.6))

    assert told(team, rule(team, metric="runs", is_per_workflow=False)) == {(None, ""): (6.0, 6)}
    assert told(team, rule(team, metric="runs")) == {
        (of(team, "one"), ""): (2.0, 2),
        (of(team, "two"), ""): (3.0, 3),
    }


def test_environments_are_apart_unless_all_are_asked_for(team):
    runs(team, 0, good=2, workflow="flow")
    runs(team, 0, good=3, workflow="flow", environment="staging")
    flow = of(team, "flow")

    assert told(team, rule(team, metric="runs"))[flow, ""] == (2.0, 2)
    assert told(team, rule(team, metric="runs", environment="staging"))[flow, ""] == (3.0, 3)
    assert told(team, rule(team, metric="runs", environment=""))[flow, ""] == (5.0, 5)


def test_values_of_a_scope_one_by_one_of_a_workflow_of_each_and_of_the_team(team):
    for name, count in (("one", 2), ("two", 3)):
        runs(team, 0, good=count, workflow=name, trigger="webhook")
        runs(team, 0, good=1, workflow=name, trigger="schedule")
    one, two = of(team, "one"), of(team, "two")
    asked = {"metric": "runs", "scope": "trigger"}

    assert told(team, rule(team, **asked, value="webhook")) == {(one, "webhook"): (2.0, 2), (two, "webhook"): (3.0, 3)}
    assert told(team, rule(team, **asked, is_per_workflow=False)) == {
        (None, "webhook"): (5.0, 5),
        (None, "schedule"): (2.0, 2),
    }
    assert told(team, rule(team, **asked, workflow=workflow(team, "one"))) == {
        (one, "webhook"): (2.0, 2),
        (one, "schedule"): (1.0, 1),
    }
    vanished = rule(team, **asked, value="mail", workflow=workflow(team, "one"))
    assert told(team, vanished) == {(one, "mail"): (0.0, 0)}


def test_steps_are_counted_by_visits(team):
    at = {"started_at": minute(0), "ended_at": minute(0.2)}
    steps = [step(**at, model="m", provider="p", status=one) for one in (Status.SUCCEEDED, Status.FAILED)]
    send(team, report(workflow="flow", steps=steps, started_at=minute(0), finished_at=minute(0.5)), now=minute(0.6))

    found = told(team, rule(team, scope="model", value="m", is_per_workflow=False))

    assert found == {(None, "m"): (0.5, 2)}


def test_where_only_failures_are_reported_there_is_no_error_rate(team):
    workflow(team, "flow", completeness="failures-only")
    runs(team, 0, bad=9, workflow="flow")
    runs(team, 0, good=8, bad=2, workflow="other")

    assert told(team, rule(team)) == {(of(team, "flow"), ""): (None, 0), (of(team, "other"), ""): (0.2, 10)}
    assert told(team, rule(team, is_per_workflow=False)) == {(None, ""): (0.2, 10)}


def test_long_windows_are_made_of_hours_and_days(team):
    for hours in (1, 30, 24 * 6, 24 * 8):
        runs(team, -60 * hours, good=1, workflow="flow")
    made = rule(team, metric="runs", window_s=7 * 86400)

    assert told(team, made) == {(of(team, "flow"), ""): (3.0, 3)}


MINUTES = st.lists(st.tuples(st.integers(-30, 0), st.booleans(), st.sampled_from(["a", "b"])), min_size=1, max_size=12)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(MINUTES)
def test_many_windows_at_once_are_each_of_them_alone(new_team, events):
    from accounts.services.teams import create_team_with_owner

    test_many_windows_at_once_are_each_of_them_alone.number += 1
    number = test_many_windows_at_once_are_each_of_them_alone.number
    team = create_team_with_owner(name=f"Team {number}", email=f"team{number}@harbour.test").team
    for at, is_bad, name in events:
        runs(team, at, good=not is_bad, bad=is_bad, workflow=name)
    fold_all(NOW)
    made = [
        rule(team, metric="error_rate"),
        rule(team, metric="duration_p95"),
        rule(team, metric="runs", is_per_workflow=False),
    ]
    ends = tuple(minute(number) for number in range(-20, 2))
    standing = tuple(Subject(of(team, name)) for name in "ab")

    with team_context(team.id):
        many = read_windows(team.id, [Asked(one, ends, standing) for one in made], NOW)
        alone = [read_windows(team.id, [Asked(one, (end,), standing) for one in made], NOW) for end in ends]

    for one in made:
        key = lambda reading: (str(reading.subject.workflow_id), reading.at)  # noqa: E731
        assert sorted(many[one.id], key=key) == sorted((each for part in alone for each in part[one.id]), key=key)


test_many_windows_at_once_are_each_of_them_alone.number = 0
