"""Error budgets, budgets and usual ranges, from runs to incidents."""

from datetime import timedelta

import pytest

from accounts.tenancy import team_context
from alerts.models import Incident
from alerts.reads import measures_budget, measures_burn
from monitoring.services.baselines import build_due
from monitoring.store.rollups import fold_all
from tests.alerts.ruling import evaluate, incidents, minute, of, rule, runs, states, workflow
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def readings(read, team, made, at=1):
    now = minute(at) + timedelta(seconds=6)
    fold_all(now)
    with team_context(team.id):
        return {one.subject.workflow_id: one for one in read(team.id, [made], now)[made.id]}


def test_an_error_budget_that_burns_too_fast_fires(team):
    workflow(team, "fast", objective_success_rate=0.99)
    workflow(team, "slow", objective_success_rate=0.99)
    made = rule(team, metric="burn_rate", threshold=None, window_s=0, min_samples=0)
    for number in range(-50, 1, 10):
        runs(team, number, good=10, bad=10, workflow="fast")
        runs(team, number, good=20, workflow="slow")

    found = readings(measures_burn.read, team, made)
    assert (found[of(team, "fast")].value, found[of(team, "fast")].high) == (pytest.approx(50), 14.4)
    assert (found[of(team, "slow")].value, found[of(team, "slow")].high) == (0.0, None)

    evaluate(1)
    assert [one[0] for one in incidents(team)] == ["fast"]
    assert states(team) == {"fast": "firing", "slow": "ok"}


def test_a_workflow_without_objective_has_no_error_budget_and_says_so(team):
    made = rule(team, metric="burn_rate", threshold=None, workflow=workflow(team, "flow"))
    runs(team, 0, bad=30, workflow="flow")

    found = readings(measures_burn.read, team, made)[of(team, "flow")]

    assert (found.value, found.words) == (None, "No objective of a success rate is set or proposed.")


def test_where_only_failures_are_reported_there_is_no_error_budget(team):
    workflow(team, "flow", objective_success_rate=0.99, completeness="failures-only")
    runs(team, 0, bad=30, workflow="flow")

    found = readings(measures_burn.read, team, rule(team, metric="burn_rate", threshold=None))

    assert found[of(team, "flow")].value is None


def test_a_budget_counts_the_cost_of_the_month_and_begins_anew_with_the_next(team):
    made = rule(
        team, metric="budget_share", threshold=0.8, parameters={"budget_usd": 10}, is_per_workflow=False, min_samples=0
    )
    days = (NOW.day - 1) * 24 * 60
    runs(team, -days - 13 * 60, good=1, cost_usd="50", workflow="before the first")
    runs(team, -days, good=2, cost_usd="3", workflow="one")
    runs(team, 0, good=1, cost_usd="2.5", workflow="two")

    found = readings(measures_budget.read, team, made)[None]
    assert (found.value, found.samples, found.words) == (0.85, 3, "$8.50 of $10.00 since 1 August")
    evaluate(1)
    assert incidents(team) == [("all", 1, 1, False)]

    evaluate(21 * 24 * 60)
    assert incidents(team)[0][3]


def test_a_budget_of_each_workflow(team):
    made = rule(team, metric="budget_share", threshold=0.8, parameters={"budget_usd": "4"}, min_samples=0)
    runs(team, 0, good=1, cost_usd="3.5", workflow="one")
    runs(team, 0, good=1, workflow="two")

    found = readings(measures_budget.read, team, made)

    assert found[of(team, "one")].value == 0.875
    assert (found[of(team, "two")].value, found[of(team, "two")].words) == (None, "Nobody told what its runs cost.")


@pytest.mark.parametrize("budget", [None, 0, -1, "x", float("nan"), float("inf"), [1], {}])
def test_what_is_no_budget_is_refused(budget):
    with pytest.raises(measures_budget.NoBudget):
        measures_budget.budget_of({"budget_usd": budget})


def test_what_is_far_outside_its_usual_range_fires_and_what_has_no_history_is_no_data(team):
    for hour in range(1, 24 * 8):
        runs(team, -60 * hour, good=20, bad=1, workflow="known")
    fold_all(minute(-1))
    build_due(minute(0))
    made = [
        rule(team, name=metric, metric=metric, comparison="unusual", threshold=None, window_s=3600)
        for metric in ("error_rate", "failures", "runs", "duration_p95")
    ]
    runs(team, 0, good=10, bad=20, workflow="known")
    runs(team, 0, bad=30, workflow="unknown")

    evaluate(1)

    with team_context(team.id):
        fired = {one.rule.name: one for one in Incident.objects.select_related("rule")}
    assert fired.keys() == {"error_rate", "failures"}
    assert {one.workflow_id for one in fired.values()} == {of(team, "known")}
    assert 0.05 < fired["error_rate"].limit < 0.5
    assert len(made) == 4


def test_what_has_no_usual_ranges_is_held_against_its_own_hours(team):
    """Calls by one model over all workflows: no ranges are kept of them."""
    for hour in range(1, 24 * 9):
        runs(team, -60 * hour, good=3, workflow="flow", trigger="webhook")
    fold_all(minute(-1))
    asked = {"comparison": "unusual", "threshold": None, "window_s": 3600, "is_per_workflow": False, "min_samples": 0}
    rule(team, name="more", metric="failures", scope="trigger", value="webhook", **asked)
    rule(team, name="slower", metric="duration_p99", scope="trigger", value="webhook", **asked)
    rule(team, name="young", metric="failures", scope="trigger", value="schedule", **asked)
    runs(team, 0, bad=4, workflow="flow", trigger="webhook")
    runs(team, 0, bad=4, workflow="flow", trigger="schedule")

    evaluate(1)

    with team_context(team.id):
        assert [one.rule.name for one in Incident.objects.select_related("rule")] == ["more"]
