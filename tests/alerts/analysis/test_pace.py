"""When windows end and when they are evaluated."""

from datetime import UTC, datetime, timedelta

from alerts.analysis.conditions import Condition
from alerts.analysis.pace import MADE_UP, MAX_ENDS, late_ends, length_of, new_ends, newest_end, next_due

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULE = Condition("error_rate", window_s=300)


def minutes(ends):
    return [(end - NOON) / MINUTE for end in ends]


def test_a_window_is_evaluated_five_seconds_after_its_end_or_later_where_the_rule_says_so():
    patient = Condition("error_rate", window_s=300, delay_s=90)

    assert newest_end(RULE, NOON + timedelta(seconds=4)) == NOON - MINUTE
    assert newest_end(RULE, NOON + timedelta(seconds=5)) == NOON
    assert newest_end(patient, NOON + timedelta(seconds=89)) == NOON - MINUTE
    assert next_due(RULE, NOON) == NOON + timedelta(seconds=65)
    assert next_due(patient, NOON) == NOON + timedelta(seconds=150)


def test_a_new_rule_begins_with_the_newest_window():
    assert new_ends(RULE, None, NOON + timedelta(seconds=30)) == [NOON]


def test_missed_minutes_are_made_up_in_order():
    assert minutes(new_ends(RULE, NOON - 10 * MINUTE, NOON + timedelta(seconds=30))) == list(range(-9, 1))
    assert new_ends(RULE, NOON, NOON + timedelta(seconds=30)) == []


def test_an_outage_is_made_up_for_over_a_day_in_several_visits():
    ends = new_ends(RULE, NOON - timedelta(days=30), NOON + timedelta(seconds=30))

    assert ends[0] == NOON - MADE_UP
    assert len(ends) == MAX_ENDS


def test_long_windows_move_in_longer_steps():
    day, week = Condition("cost_usd", window_s=86400), Condition("cost_usd", window_s=7 * 86400)

    assert minutes(new_ends(day, NOON - 20 * MINUTE, NOON + timedelta(seconds=30))) == [-15, -10, -5, 0]
    assert minutes(new_ends(week, NOON - 20 * MINUTE, NOON + timedelta(seconds=30))) == [-15, 0]


def test_lengths_are_whole_minutes_that_figures_can_answer():
    assert length_of(Condition("runs", window_s=0)) == MINUTE
    assert length_of(Condition("runs", window_s=119)) == MINUTE
    assert length_of(Condition("runs", window_s=2**31 - 1)) == timedelta(days=400)


def test_late_figures_are_judged_again_from_the_first_window_that_holds_them():
    patient = Condition("error_rate", window_s=300, for_s=120)
    changed, ever = NOON - 5 * MINUTE, NOON - timedelta(days=1)

    assert minutes(late_ends(RULE, changed, NOON, ever)) == [-4, -3, -2, -1, 0]
    assert minutes(late_ends(patient, changed, NOON, ever)) == [-6, -5, -4, -3, -2, -1, 0]


def test_late_figures_of_before_a_rule_changed_are_left_alone():
    assert minutes(late_ends(RULE, NOON - 5 * MINUTE, NOON, NOON - 2 * MINUTE)) == [-1, 0]
    assert late_ends(RULE, NOON - 5 * MINUTE, NOON, NOON + MINUTE) == []
