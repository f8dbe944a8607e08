"""The state machine: what fires, when it clears, and that it folds."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from alerts.analysis.conditions import Condition, NoData, State
from alerts.analysis.judging import judge
from alerts.analysis.readings import Reading, Subject
from alerts.analysis.states import FLAP_QUIET, GONE_AFTER, Change, Memory, advance, look_back

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SUBJECT = Subject()


def at(minute):
    return START + minute * MINUTE


def course(condition, values, memory=None, first=0):
    """Advances over one value a minute; None is a minute without data."""
    readings = [
        Reading(SUBJECT, at(first + n), value, samples=0 if value is None else 50) for n, value in enumerate(values)
    ]
    return advance(condition, memory or Memory(), [judge(condition, one) for one in readings])


def told(changes):
    return [(one.change, (one.at - START) // MINUTE) for one in changes]


RATE = Condition("error_rate", threshold=0.05)


def test_it_fires_at_the_first_bad_window_and_clears_at_the_first_good_one():
    memory, changes = course(RATE, [0.0, 0.05, 0.06, 0.2, 0.1, 0.05])

    assert told(changes) == [(Change.FIRED, 2), (Change.WORSE, 3), (Change.CLEARED, 5)]
    assert {one.since for one in changes} == {at(2)}
    assert (memory.state, memory.since) == (State.OK, at(5))


def test_a_condition_must_hold_for_its_time_without_a_break():
    memory, changes = course(Condition("error_rate", threshold=0.05, for_s=120), [0.1, 0.1, 0.0, 0.1, 0.1, 0.1])

    assert told(changes) == [(Change.FIRED, 5)]
    assert changes[0].since == at(3)
    assert memory.state is State.FIRING


def test_before_that_it_is_pending():
    memory, changes = course(Condition("error_rate", threshold=0.05, for_s=120), [0.0, 0.1])

    assert (memory.state, memory.since, changes) == (State.PENDING, at(1), [])


def test_firing_is_kept_until_it_was_good_for_long_enough():
    condition = Condition("error_rate", threshold=0.05, keep_firing_s=180)

    _, changes = course(condition, [0.1, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0])

    assert told(changes) == [(Change.FIRED, 0), (Change.CLEARED, 7)]


def test_between_both_thresholds_what_fires_goes_on_and_what_does_not_stays_calm():
    condition = Condition("error_rate", threshold=0.05, clear_threshold=0.02)

    _, changes = course(condition, [0.03, 0.06, 0.03, 0.05, 0.02, 0.04])

    assert told(changes) == [(Change.FIRED, 1), (Change.CLEARED, 4)]


def test_too_few_samples_are_no_data():
    few = Reading(SUBJECT, at(0), 1.0, samples=19)
    enough = Reading(SUBJECT, at(1), 1.0, samples=20)
    condition = Condition("error_rate", threshold=0.05, min_samples=20)

    memory, changes = advance(condition, Memory(), [judge(condition, few)])
    assert (memory.state, changes) == (State.NO_DATA, [])

    memory, changes = advance(condition, memory, [judge(condition, enough)])
    assert told(changes) == [(Change.FIRED, 1)]


def test_without_data_what_fires_goes_on_and_says_so_once():
    memory, changes = course(RATE, [0.1, None, None, 0.1, None, 0.0, None])

    assert told(changes) == [(Change.FIRED, 0), (Change.SILENT, 1), (Change.CLEARED, 5)]
    assert memory.state is State.NO_DATA


def test_without_data_a_pending_condition_starts_again():
    _, changes = course(Condition("error_rate", threshold=0.05, for_s=60), [0.1, None, 0.1, 0.1])

    assert told(changes) == [(Change.FIRED, 3)]


def test_what_fires_without_data_is_over_after_a_day():
    memory, changes = course(RATE, [0.1, None])
    after = advance(RATE, memory, [judge(RATE, Reading(SUBJECT, at(1) + GONE_AFTER, None))])

    assert told(changes) == [(Change.FIRED, 0), (Change.SILENT, 1)]
    assert [(one.change, one.is_gone) for one in after[1]] == [(Change.CLEARED, True)]
    assert after[0].state is State.NO_DATA


def test_policies_for_windows_without_data():
    fine = Condition("error_rate", threshold=0.05, no_data=NoData.OK)
    fault = Condition("error_rate", threshold=0.05, no_data=NoData.FIRE)

    assert told(course(fine, [0.1, None])[1]) == [(Change.FIRED, 0), (Change.CLEARED, 1)]
    assert told(course(fault, [0.0, None, None, 0.0])[1]) == [(Change.FIRED, 1), (Change.CLEARED, 3)]


def test_flapping_is_damped():
    """The third time within an hour it stays firing until it was good for half an hour."""
    memory, changes = course(RATE, [0.1, 0.0] * 20)

    assert told(changes) == [
        (Change.FIRED, 0),
        (Change.CLEARED, 1),
        (Change.FIRED, 2),
        (Change.CLEARED, 3),
        (Change.FIRED, 4),
    ]
    assert changes[-1].is_flapping
    quiet = FLAP_QUIET // MINUTE
    memory, changes = course(RATE, [0.0] * (quiet + 1), memory, first=40)
    assert told(changes) == [(Change.CLEARED, 39 + quiet)]
    assert not memory.is_flapping


def test_a_time_that_is_known_better_is_when_it_began():
    condition = Condition("stuck", threshold=1000.0)
    reading = Reading(SUBJECT, at(10), 5000.0, since=at(3))

    _, changes = advance(condition, Memory(), [judge(condition, reading)])

    assert changes[0].since == at(3)


def test_an_older_or_equal_reading_changes_nothing():
    memory, _ = course(RATE, [0.0, 0.0])

    again, changes = course(RATE, [0.9, 0.9], memory)

    assert (again, changes) == (memory, [])


VALUES = st.lists(st.sampled_from([None, 0.0, 0.03, 0.06, 0.5]), max_size=60)
CONDITIONS = st.builds(
    Condition,
    metric=st.just("error_rate"),
    threshold=st.just(0.05),
    clear_threshold=st.sampled_from([None, 0.02]),
    for_s=st.sampled_from([0, 60, 180]),
    keep_firing_s=st.sampled_from([0, 120]),
    no_data=st.sampled_from(NoData),
)


@given(CONDITIONS, VALUES, st.lists(st.integers(0, 60), max_size=4))
def test_advancing_in_parts_is_advancing_at_once(condition, values, cuts):
    """Also when the memory is written down and read between the parts."""
    whole = course(condition, values)
    memory, changes = Memory(), []
    edges = [0, *sorted(cuts), len(values)]
    for start, end in pairwise(edges):
        memory, more = course(condition, values[start:end], memory, first=start)
        memory = Memory.from_document(json.loads(json.dumps(memory.as_document())))
        changes += more

    assert (memory, changes) == whole


@given(CONDITIONS, VALUES)
def test_changes_come_in_an_order_that_makes_sense(condition, values):
    _, changes = course(condition, values)
    life = [one.change for one in changes if one.change in (Change.FIRED, Change.CLEARED)]

    assert all(one is (Change.FIRED, Change.CLEARED)[n % 2] for n, one in enumerate(life))
    assert all(one.since <= one.at for one in changes)


@given(CONDITIONS, st.lists(st.sampled_from([0.0, 0.5]), min_size=100, max_size=240))
def test_at_most_four_incidents_begin_in_an_hour(condition, values):
    _, changes = course(condition, values)
    fired = [one.at for one in changes if one.change is Change.FIRED]

    assert all(sum(one <= other < one + timedelta(hours=1) for other in fired) <= 4 for one in fired)


def looked_back(condition, values, memory, first=0):
    readings = [
        Reading(SUBJECT, at(first + n), value, samples=0 if value is None else 50) for n, value in enumerate(values)
    ]
    return look_back(condition, memory, [judge(condition, one) for one in readings])


def test_a_breach_that_shows_late_is_told_late():
    memory, _ = course(RATE, [0.0, 0.0, 0.0, 0.0])

    memory, changes = looked_back(RATE, [0.0, 0.2, 0.1], memory, first=1)

    assert told(changes) == [(Change.FIRED, 2)]
    assert changes[0].is_late
    assert (memory.state, memory.held_since) == (State.FIRING, at(2))


def test_a_breach_that_shows_late_and_is_over_is_told_once():
    memory, _ = course(RATE, [0.0] * 5)

    memory, changes = looked_back(RATE, [0.2, 0.2, 0.0, 0.0], memory, first=1)
    again = looked_back(RATE, [0.2, 0.2, 0.0, 0.0], memory, first=1)

    assert told(changes) == [(Change.FIRED, 1), (Change.CLEARED, 3)]
    assert again == (memory, [])
    assert memory.state is State.OK


def test_a_breach_that_was_told_is_not_told_again():
    memory, _ = course(RATE, [0.0, 0.2, 0.2, 0.0, 0.0])

    assert looked_back(RATE, [0.2, 0.2, 0.2, 0.0], memory, first=1)[1] == []


def test_what_fires_goes_on_where_it_was_fine_in_hindsight_and_ends_with_the_next_window():
    memory, _ = course(RATE, [0.0, 0.2])

    memory, changes = looked_back(RATE, [0.0, 0.01], memory)
    assert (memory.state, changes) == (State.FIRING, [])

    assert told(course(RATE, [0.01], memory, first=2)[1]) == [(Change.CLEARED, 2)]


def test_a_condition_that_held_for_long_enough_in_hindsight_fires():
    condition = Condition("error_rate", threshold=0.05, for_s=180)
    memory, changes = course(condition, [0.1, 0.1, 0.0, 0.1])
    assert changes == []

    memory, changes = looked_back(condition, [0.1, 0.1, 0.1, 0.1], memory)

    assert told(changes) == [(Change.FIRED, 3)]
    assert changes[0].since == at(0)


WINDOW = 3


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 12)), max_size=25), st.sampled_from([0, 120]))
def test_the_order_of_arrival_leaves_no_breach_untold(failures, for_s):
    """Failures happen in one minute and arrive up to twelve minutes later: each stretch that fires, judged by all of
    them, is one that an incident was told of; and none is told where nothing failed."""
    condition = Condition("failures", threshold=1.0, for_s=for_s)

    def figure(end, until):
        return float(sum(end - WINDOW <= minute < end and minute + lag < until for minute, lag in failures))

    def judged(ends, until):
        return [judge(condition, Reading(SUBJECT, at(end), figure(end, until), 9)) for end in ends]

    memory, changes = Memory(), []
    for end in range(1, 40):
        memory, late = look_back(condition, memory, judged(range(max(1, end - 16), end), end))
        memory, new = advance(condition, memory, judged([end], end))
        changes += [*late, *new]
    # What flaps stays one incident for half an hour: a short breach before it that shows late is no further one.
    assume(not any(one.is_flapping for one in changes))
    _, truth = advance(condition, Memory(), judged(range(1, 40), 99))

    lives = spans_of(changes)
    assert all(any(a <= end and start <= b for a, b in lives) for start, end in spans_of(truth))
    held = {at(end) for end in range(1, 40) if figure(end, 99) > 1.0}
    assert all(one.at in held for one in changes if one.change is Change.FIRED)


def spans_of(changes):
    """When incidents began and ended, by the windows that said so."""
    found = []
    for one in changes:
        if one.change is Change.FIRED:
            found.append((one.at, at(99)))
        elif one.change is Change.CLEARED:
            found[-1] = (found[-1][0], one.at)
    return found


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 4)), max_size=25))
def test_what_arrives_within_the_delay_gives_the_same_incidents_in_any_order(failures):
    """Evaluated five minutes after its end, a window knows all that arrives within five minutes."""
    condition = Condition("failures", threshold=1.0)

    def run(lags):
        memory, changes = Memory(), []
        for end in range(1, 30):
            values = [minute for (minute, _), lag in zip(failures, lags, strict=True) if minute + lag < end + 5]
            value = float(sum(end - WINDOW <= minute < end for minute in values))
            memory, more = advance(condition, memory, [judge(condition, Reading(SUBJECT, at(end), value, 9))])
            changes += more
        return changes

    assert run([lag for _, lag in failures]) == run([0] * len(failures))
