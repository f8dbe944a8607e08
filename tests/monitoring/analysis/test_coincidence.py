"""What falls near a beginning, and how often it would anyway."""

from datetime import UTC, datetime, timedelta
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.coincidence import (
    Event,
    EventKind,
    Onset,
    chance_of_at_least,
    coincidences,
)

START = datetime(2026, 11, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT = START + 100 * HOUR
ONSET = Onset(AT, AT - HOUR, AT + HOUR, START, START + 168 * HOUR)


def release(hours: float, name: str = "42") -> Event:
    return Event(EventKind.RELEASE, name, AT + hours * HOUR)


def test_one_release_a_week_right_at_the_beginning_is_unusual() -> None:
    (found,) = coincidences(ONSET, [release(-0.25)])
    assert found.is_unusual
    # The stretch of 2 h (and 2 min for clocks that differ) of 168 h.
    assert found.chance == pytest.approx(2 / 168, abs=0.001)
    assert found.words == "release 42, 15 min before; by chance in 1.2% of cases (1 release in this range)"


def test_a_release_every_hour_says_nothing() -> None:
    found = coincidences(ONSET, [release(hour - 90, str(hour)) for hour in range(150)])
    assert [one.is_unusual for one in found] == [False]
    assert found[0].of == 150


def test_an_effect_does_not_precede_a_release_but_others_may_follow() -> None:
    assert coincidences(ONSET, [release(1.5)]) == []
    (other,) = coincidences(ONSET, [Event(EventKind.WORKFLOW, "Billing", AT + 1.5 * HOUR)])
    assert other.words.startswith("other workflow Billing, 1 h 30 min after;")


def test_what_is_far_is_none() -> None:
    assert coincidences(ONSET, [release(-5)]) == []
    assert coincidences(ONSET, [Event(EventKind.RELEASE, "old", START - HOUR)]) == []
    assert coincidences(ONSET, []) == []


def test_several_workflows_at_once_are_less_likely_than_one() -> None:
    one = coincidences(ONSET, [Event(EventKind.WORKFLOW, "A", AT), Event(EventKind.WORKFLOW, "F", START)])
    three = coincidences(ONSET, [Event(EventKind.WORKFLOW, name, AT) for name in "ABC"])
    assert three[0].chance < one[0].chance
    assert three[0].words.startswith("other workflow A and 2 more, at that time;")


def test_looking_at_more_kinds_makes_each_less_unusual() -> None:
    alone = coincidences(ONSET, [release(-0.5)])[0].chance
    both = coincidences(ONSET, [release(-0.5), Event(EventKind.ERROR, "ключ ⚠", START + HOUR)])
    assert both[0].chance == pytest.approx(2 * alone)


@given(st.integers(0, 12), st.integers(0, 12), st.floats(0, 1))
def test_chances_are_those_of_the_binomial_distribution(k: int, trials: int, share: float) -> None:
    exact = sum(comb(trials, hits) * share**hits * (1 - share) ** (trials - hits) for hits in range(k, trials + 1))
    assert chance_of_at_least(k, trials, share) == pytest.approx(min(1.0, exact), abs=1e-9)


@given(st.lists(st.tuples(st.sampled_from(list(EventKind)), st.floats(-99, 67)), max_size=20), st.randoms())
def test_the_order_of_events_does_not_matter(raw, rng) -> None:
    events = [Event(kind, str(place), AT + hours * HOUR) for place, (kind, hours) in enumerate(raw)]
    shuffled = list(events)
    rng.shuffle(shuffled)
    assert coincidences(ONSET, events) == coincidences(ONSET, shuffled)
    assert all(0 <= one.chance <= 1 for one in coincidences(ONSET, events))
