"""Evaluating rules: what opens and resolves incidents, when, after an outage, with late figures, and never twice."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from accounts.tenancy import team_context
from alerts.models import AlertState, Incident, IncidentEvent, RuleDue
from alerts.services import evaluation, rule_states
from alerts.services.evaluation import evaluate_due, evaluate_team
from monitoring.store.rollups import fold_all
from tests.alerts.ruling import MINUTE, due, evaluate, incidents, minute, rule, runs, states, workflow
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_a_workflow_that_fails_opens_an_incident_and_one_that_does_not_fails_none(team):
    rule(team)
    runs(team, 0, good=20, bad=5, workflow="checkout")
    runs(team, 0, good=25, workflow="billing")

    evaluate(1)

    assert incidents(team) == [("checkout", 1, 1, False)]
    assert states(team) == {"checkout": "firing", "billing": "ok"}
    with team_context(team.id):
        opened = Incident.objects.get()
        assert (opened.value, opened.limit, opened.samples) == (0.2, 0.05, 25)


def test_it_resolves_with_the_first_window_that_is_fine(team):
    rule(team)
    runs(team, 0, good=20, bad=5)
    evaluate(1)
    for number in range(1, 8):
        runs(team, number, good=30)
        evaluate(number + 1)

    assert incidents(team) == [("nightly", 1, 1, True)]
    with team_context(team.id):
        # From minute 1 on there were never more than 1 in 20; the first window without a failure ends at 6.
        resolved = Incident.objects.get().resolved_at
    assert (resolved - NOW) // MINUTE == 4


def test_too_few_runs_are_no_data_and_open_nothing(team):
    rule(team)
    runs(team, 0, bad=19)

    evaluate(1)

    assert (incidents(team), states(team)) == ([], {"nightly": "no_data"})


def test_a_window_is_evaluated_once_what_was_accepted_for_it_is_in_the_figures(team):
    made = rule(team)
    runs(team, 0, bad=25)
    evaluate(0.9)
    runs(team, 0, bad=25)

    assert evaluate(1, is_folded=False) == 1
    assert (incidents(team), due(made).evaluated_until) == ([], NOW)

    evaluate(1.1)
    assert incidents(team) == [("nightly", 1, 1, False)]


def test_figures_that_stay_incomplete_hold_it_up_for_two_minutes_only_and_it_says_so(team, monkeypatch):
    made = rule(team)
    runs(team, 0, good=25)
    evaluate(1)
    runs(team, 1, bad=25, workflow="seen")
    fold_all(minute(1.6))
    runs(team, 1, bad=25, workflow="not seen", told_at=1.8)
    for number in (2, 3, 3.9):
        evaluate(number, is_folded=False)
    assert due(made).evaluated_until == minute(1)

    told = []
    monkeypatch.setattr(
        "alerts.services.rule_courses.apply", lambda _team, changes, _now: told.extend(changes.opened) or {}
    )
    evaluate(4, is_folded=False)

    assert [one.words for one in told] == ["Some of what was received is not in the figures yet."]
    assert due(made).evaluated_until == minute(2)


def test_the_beat_down_for_ten_minutes_is_made_up_minute_by_minute(team):
    """What fired and ended meanwhile is told as over, what still fires as open since it began."""
    made = rule(team)
    runs(team, 0, good=25, workflow="short")
    runs(team, 0, good=25, workflow="long")
    evaluate(1)
    runs(team, 2, bad=25, workflow="short")
    runs(team, 5, bad=25, workflow="long")
    for number in range(3, 11):
        runs(team, number, good=600, workflow="short")
    runs(team, 10, bad=25, workflow="long")

    evaluate(11)

    assert incidents(team) == [("short", 3, 11, True), ("long", 6, 11, False)]
    assert due(made).evaluated_until == minute(11)
    with team_context(team.id):
        told = IncidentEvent.objects.get(kind="resolved").text
    assert "Over when it was found" in told
    assert evaluate(11.5) == 0


def test_an_outage_of_two_days_is_made_up_for_over_one(team):
    made = rule(team)
    evaluate(0)
    runs(team, 60, bad=25, workflow="old")
    runs(team, 47 * 60, bad=25, workflow="new")

    evaluate(48 * 60)

    assert [one[0] for one in incidents(team)] == ["new"]
    assert due(made).evaluated_until == minute(48 * 60)


def test_a_new_rule_begins_with_the_newest_window(team):
    runs(team, -30, bad=25)
    rule(team)

    evaluate(0)

    assert incidents(team) == []


def test_a_breach_that_arrives_late_is_told(team):
    rule(team)
    runs(team, 0, good=25)
    for number in range(1, 8):
        evaluate(number)
    runs(team, 2, good=600, told_at=7.4)
    runs(team, 1, bad=25, told_at=7.5)

    evaluate(8)

    assert incidents(team) == [("nightly", 2, 8, True)]
    evaluate(9)
    evaluate(10)
    assert len(incidents(team)) == 1


def test_a_breach_that_arrives_late_and_goes_on_is_open(team):
    rule(team)
    runs(team, 0, good=25)
    for number in range(1, 4):
        evaluate(number)
    runs(team, 1, bad=25, told_at=3.5)

    evaluate(4)

    assert incidents(team) == [("nightly", 2, 4, False)]


def test_what_is_later_than_a_quarter_of_an_hour_is_left_alone(team):
    rule(team)
    for number in range(1, 22):
        evaluate(number)
    runs(team, 1, bad=25, told_at=21.5)

    evaluate(22)

    assert incidents(team) == []


def test_late_figures_of_before_a_rule_was_changed_fire_nothing(team):
    made = rule(team)
    for number in range(1, 8):
        evaluate(number)
    with team_context(team.id):
        type(made).objects.filter(id=made.id).update(updated_at=minute(7))
    runs(team, 1, bad=25, told_at=7.5)

    evaluate(8)

    assert incidents(team) == []


def test_one_rule_that_cannot_be_evaluated_does_not_stop_the_others(team, caplog):
    garbage = [
        {"metric": "no_such_metric"},
        {"metric": "budget_share", "parameters": {"budget_usd": "a lot"}},
        {"metric": "budget_share", "parameters": ["?"], "workflow": workflow(team, "nightly")},
        {"metric": "error_rate", "threshold": float("inf")},
        {"metric": "error_rate", "threshold": None, "window_s": 0, "for_s": 2**31 - 1},
        {"metric": "runs", "scope": "source", "value": "x" * 400, "window_s": 2**31 - 1, "delay_s": 2**31 - 1},
    ]
    for place, fields in enumerate(garbage):
        rule(team, name=f"Garbage {place}", **fields)
    rule(team)
    runs(team, 0, bad=25)

    evaluate(1)

    assert incidents(team) == [("nightly", 1, 1, False)]
    with team_context(team.id):
        words = [one.memory.get("words", "") for one in AlertState.objects.filter(rule__name__startswith="Garbage")]
    assert "This metric cannot be measured." in words
    assert "This rule could not be evaluated: no budget in US dollars is set." in words
    assert "could not be read" in caplog.text


def test_a_rule_about_a_value_that_is_never_seen_again_ends_its_incident_after_a_day(team):
    rule(team, metric="error_rate", scope="trigger", value="webhook", is_per_workflow=False)
    runs(team, 0, bad=25, trigger="webhook")
    evaluate(1)
    assert incidents(team) == [("webhook", 1, 1, False)]

    evaluate(23 * 60)
    assert states(team) == {"webhook": "firing"}
    assert not incidents(team)[0][3]

    evaluate(24 * 60 + 8)
    assert states(team) == {"webhook": "no_data"}
    assert incidents(team)[0][3]


def test_rules_that_are_off_or_removed_leave_the_queue(team):
    off, removed = rule(team, is_active=False), rule(team, removed_at=NOW)

    assert evaluate(1) == 0
    assert not RuleDue.objects.filter(rule_id__in=[off.id, removed.id]).exists()


def test_while_no_incident_may_open_it_stays_firing_and_opens_one_afterwards(team, monkeypatch):
    rule(team)
    runs(team, 0, bad=25)
    with monkeypatch.context() as patch:
        patch.setattr("alerts.services.rule_courses.apply", lambda *_: {})
        evaluate(1)
    assert (incidents(team), states(team)) == ([], {"nightly": "firing"})

    evaluate(2)

    assert incidents(team) == [("nightly", 1, 2, False)]


def test_a_calm_minute_writes_no_state(team):
    rule(team)
    runs(team, 0, good=25)
    evaluate(1)
    with team_context(team.id):
        before = AlertState.objects.get().at

    evaluate(2)

    with team_context(team.id):
        assert AlertState.objects.get().at == before == minute(1)


def test_the_number_of_queries_does_not_grow_with_rules_and_workflows(team):
    def count(at, many):
        for number in range(many):
            rule(team, name=f"Rule {at} {number}", workflow=workflow(team, f"flow {number}"))
            runs(team, at, bad=25, workflow=f"flow {number}")
        evaluate(at)
        runs(team, at, good=25, workflow="flow 0")
        fold_all(minute(at + 1))
        with CaptureQueriesContext(connection) as captured:
            evaluate(at + 1, is_folded=False)
        return len(captured)

    # The failures of the first three incidents are looked into afterwards.
    assert count(0, 1) == count(10, 20)


def test_teams_are_evaluated_apart(team, other_team):
    rule(team)
    rule(other_team.team)
    runs(team, 0, bad=25)

    assert evaluate(1) == 2

    assert (len(incidents(team)), len(incidents(other_team.team))) == (1, 0)


def test_a_team_that_cannot_be_evaluated_does_not_stop_the_others(team, other_team, monkeypatch, caplog):
    made = [rule(team), rule(other_team.team)]
    write = rule_states.write

    def breaks(team_id, stands):
        if team_id == team.id:
            raise RuntimeError("broken")
        return write(team_id, stands)

    monkeypatch.setattr(rule_states, "write", breaks)

    assert evaluate(1) == 1

    assert [due(one).evaluated_until for one in made] == [None, minute(1)]
    assert "could not be evaluated" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_evaluate_no_window_twice(team, monkeypatch):
    for number in range(6):
        rule(team, name=f"Rule {number}")
    runs(team, 0, bad=25)
    evaluate(0.9)
    seen, gate = [], Barrier(2)
    follow = evaluation.follow_rule

    def noted(course, one, *args, **more):
        seen.append((one.id, more["until"]))
        return follow(course, one, *args, **more)

    monkeypatch.setattr(evaluation, "follow_rule", noted)
    now = minute(1) + timedelta(seconds=6)

    def scheduler():
        gate.wait()
        for _ in range(3):
            evaluate_team(team.id, now, limit=2)
        connections.close_all()

    threads = [Thread(target=scheduler) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    evaluate_due(now, seconds=10)

    assert len(seen) == len(set(seen)) == 6
    assert len(incidents(team)) == 6


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_half_way_leaves_all_as_it_was(team, monkeypatch):
    made = rule(team)
    runs(team, 0, bad=25)

    def dies(*_):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(rule_states, "write", dies)
        with pytest.raises(SystemExit):
            evaluate(1)
    assert (incidents(team), due(made).evaluated_until) == ([], None)

    evaluate(1.1)

    assert incidents(team) == [("nightly", 1, 1, False)]
