"""How long it usually takes until the next run, and what the past is too short to say."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.analysis.usual_gaps import SHORTEST, usual_gap

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
MONDAY = datetime(2026, 8, 3, 6, 0, tzinfo=UTC)


def length_of(starts: list[datetime], known: timedelta | None = None) -> timedelta | None:
    found = usual_gap(starts, known)
    return found.length if found else None


def test_of_a_regular_workflow_it_is_its_interval() -> None:
    assert length_of([MONDAY + number * HOUR for number in range(50)]) == HOUR


def test_on_weekdays_it_is_the_weekend() -> None:
    days = [MONDAY + number * DAY for number in range(30)]
    assert length_of([day for day in days if day.weekday() < 5]) == 3 * DAY


def test_by_day_it_is_about_the_night() -> None:
    starts = [MONDAY + day * DAY + number * 30 * MINUTE for day in range(3) for number in range(16)]
    found = length_of(starts)
    assert found is not None
    assert timedelta(hours=15) < found < timedelta(hours=16.5)


def test_one_day_does_not_show_the_night() -> None:
    assert length_of([MONDAY + number * 10 * MINUTE for number in range(50)]) is None


def test_a_longer_past_shows_it() -> None:
    starts = [MONDAY + number * 10 * MINUTE for number in range(50)]
    assert length_of(starts, 14 * HOUR) == 14 * HOUR
    assert length_of(starts, timedelta(0)) == 10 * MINUTE


def test_without_a_rhythm_a_week_is_needed() -> None:
    rng = random.Random(1)
    starts = [MONDAY]
    while len(starts) < 50:
        starts.append(starts[-1] + timedelta(minutes=rng.expovariate(1 / 60)))
    assert length_of(starts) is None
    slow = [MONDAY + 8 * (start - MONDAY) for start in starts]
    found = length_of(slow)
    assert found is not None
    assert found > 2 * 8 * HOUR


def test_what_runs_each_second_is_never_late_by_less_than_minutes() -> None:
    assert length_of([MONDAY + timedelta(seconds=number) for number in range(50)], timedelta(0)) == SHORTEST


def test_five_gaps_are_needed() -> None:
    starts = [MONDAY + number * 7 * DAY for number in range(6)]
    assert length_of(starts[:5]) is None
    assert length_of(starts) == 7 * DAY


@given(st.lists(st.integers(0, 40 * 1440), min_size=6, max_size=60), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(minutes: list[int], rng: random.Random) -> None:
    starts = [MONDAY + minute * MINUTE for minute in minutes]
    mixed = [*starts, *starts[:3]]
    rng.shuffle(mixed)
    assert usual_gap(mixed) == usual_gap(starts)
