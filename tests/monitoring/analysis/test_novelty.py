"""How unlikely points of series are, and when the baseline rule opens incidents on them."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.analysis.expectation import expected_values
from monitoring.analysis.novelty import CHANCE, LEARN, Point, View, latest, series_of
from monitoring.analysis.rarity import MOST, rarity
from monitoring.analysis.watch import MEMORY, QUIET, Watch, openings

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HOUR, FIVE = timedelta(hours=1), timedelta(minutes=5)
A_DAY = 288


def at_steps(values: Sequence[float], step: timedelta = FIVE) -> list[Point]:
    return [(START + step * place, float(value)) for place, value in enumerate(values)]


def noise(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(50, 2, count).round(3)


def places(points: list[Point]) -> list[int]:
    order = [at for at, _ in sorted(points)]
    return [order.index(reading.at) for reading in openings(points)]


# -- what a person would see


def test_a_spike_opens_one_incident_and_says_what_is_usual() -> None:
    values = noise(1_500)
    values[1_200] = 90
    (found,) = (reading for reading in openings(at_steps(values)) if reading.at >= START + 1_100 * FIVE)
    assert (found.at, found.value, found.view) == (START + 1_200 * FIVE, 90, View.POINT)
    assert found.low is not None
    assert found.high is not None
    assert 45 < found.low < found.expected < found.high < 55
    words = found.words("{:.0f} %".format, since=found.at)
    assert words.startswith("90 %, usually 46 % to 55 % (expected 50 %); ")
    assert "since 2026-03-06 04:00 UTC: the value is far from what is expected" in words
    assert "; chance under 1 in 1,000,000, since" in words


def test_a_usual_point_says_so_and_an_early_one_that_nothing_is_known_yet() -> None:
    points = at_steps(noise(400))
    usual = latest(points)
    assert usual is not None
    assert not usual.is_unusual
    assert ": the" not in usual.words()
    early = latest([*points[:50], (START + 50 * FIVE, 1e6)])
    assert early is not None
    assert not early.is_unusual
    assert early.words() == "1e+06; what is usual is not known yet"
    assert latest([]) is None


def test_a_shift_is_told_once() -> None:
    values = noise(3_000)
    values[1_500:] += 20
    told = [place for place in places(at_steps(values)) if place >= 1_450]
    assert told[0] == 1_500
    assert all(place > 1_600 for place in told[1:])
    assert len(told) <= 3


def test_a_signal_that_stands_still_is_told() -> None:
    values = noise(1_500, 5)
    values[1_300:] = values[1_299]
    told = [reading for reading in openings(at_steps(values)) if reading.at >= START + 1_300 * FIVE]
    assert told[0].view is View.STILL
    assert told[0].at < START + 1_330 * FIVE
    assert len(told) == 1


def test_what_repeats_each_day_is_usual_and_what_is_missing_from_it_is_not() -> None:
    day = [100.0 if place % A_DAY in range(100, 112) else 10.0 for place in range(10 * A_DAY)]
    assert places(at_steps(day)) == []
    day[9 * A_DAY + 100 : 9 * A_DAY + 112] = [10.0] * 12
    assert places(at_steps(day)) == [9 * A_DAY + 100]


def test_weekends_are_compared_with_weekends_of_the_zone() -> None:
    values = [10.0 if (START + HOUR * hour).weekday() >= 5 else 100.0 for hour in range(24 * 28)]
    found = series_of(at_steps(values, HOUR))
    week_four = slice(24 * 21, 24 * 28)
    assert found.expected[week_four].tolist() == values[week_four]
    tokyo = ZoneInfo("Asia/Tokyo")
    moved = [10.0 if (START + HOUR * hour).astimezone(tokyo).weekday() >= 5 else 100.0 for hour in range(24 * 28)]
    assert series_of(at_steps(moved, HOUR), tokyo).expected[week_four].tolist() == moved[week_four]
    assert series_of(at_steps(moved, HOUR)).expected[week_four].tolist() != moved[week_four]


@pytest.mark.parametrize("values", [[5.0] * 1_000, [0.0, 7.0] * 500, [0.1, 0.2, 0.4] * 300])
def test_what_is_perfectly_regular_never_opens(values: list[float]) -> None:
    assert places(at_steps(values)) == []


def test_the_first_event_after_long_silence_is_told_and_rare_ones_are_soon_usual() -> None:
    values = [1.0 if place >= 400 and place % 57 == 0 else 0.0 for place in range(4_000)]
    told = places(at_steps(values))
    assert told[0] == 456
    assert len(told) < 6
    assert all(place < 2_400 for place in told)


def test_missing_points_and_repeated_times_are_no_news() -> None:
    values = noise(2_400, 3)
    points = at_steps(values)
    gapped = [point for place, point in enumerate(points) if not 1_000 <= place < 1_300]
    doubled = [*points, *points[1_500:1_512]]
    plain = set(places(points))
    assert len([place for place in places(gapped) if 990 < place < 1_010]) == 0
    assert len(set(places(doubled)) ^ plain) <= 4


# -- properties

VALUES = st.lists(st.integers(-50, 50), min_size=LEARN + 1, max_size=LEARN + 120)


def spiky(values: list[int]) -> list[Point]:
    return at_steps([*values, 10_000, *values[:40], -20_000], timedelta(minutes=25))


@settings(max_examples=12, deadline=None)
@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_of_points_does_not_matter(values: list[int], chance: random.Random) -> None:
    points = spiky(values)
    mixed = points[:]
    chance.shuffle(mixed)
    assert list(openings(mixed)) == list(openings(points))


@settings(max_examples=12, deadline=None)
@given(VALUES, st.integers(-1_000, 1_000), st.integers(-8, 8))
def test_unit_and_zero_of_a_series_do_not_matter(values: list[int], shift: int, power: int) -> None:
    points = spiky(values)
    other = [(at, (value + shift) * 2.0**power) for at, value in points]
    ours, theirs = list(openings(points)), list(openings(other))
    assert [(one.at, one.chance, one.view) for one in ours] == [(one.at, one.chance, one.view) for one in theirs]
    assert [(one.value + shift) * 2.0**power for one in ours] == [one.value for one in theirs]


@settings(max_examples=12, deadline=None)
@given(VALUES, st.integers(1, LEARN + 120))
def test_no_point_depends_on_a_later_one(values: list[int], cut: int) -> None:
    points = spiky(values)
    cut = min(cut, len(points))
    whole = series_of(points)
    assert series_of(points[:cut]).reading(cut - 1) == whole.reading(cut - 1)
    assert list(openings(points[:cut])) == [
        one for one in openings(points) if one.at < START + timedelta(minutes=25) * cut
    ]


@given(st.lists(st.sampled_from([1.0, 0.006, 0.002, 0.0001]), max_size=300))
def test_an_incident_begins_once_and_needs_more_each_time(chances: list[float]) -> None:
    watch = Watch()
    for place, chance in enumerate(chances):
        before, watch = watch, watch.step(START + FIVE * place, chance)
        if watch.has_opened:
            assert before.since is None
            assert chance <= CHANCE / 2 ** len(before.opened)
            assert watch.since == watch.until == START + FIVE * place
    assert watch.points == len(chances)


def test_an_incident_is_over_after_enough_usual_points_and_forgotten_later() -> None:
    watch = Watch().step(START, 0.001)
    assert watch.has_opened
    for place in range(1, QUIET):
        watch = watch.step(START + FIVE * place, 1.0)
    assert (watch.since, watch.calm) == (START, QUIET - 1)
    again = watch.step(START + FIVE * QUIET, CHANCE)
    assert (again.since, again.until, again.calm, again.has_opened) == (START, START + FIVE * QUIET, 0, False)
    over = watch.step(START + FIVE * QUIET, 1.0)
    assert (over.since, over.until, over.limit) == (None, None, CHANCE / 2)
    for place in range(QUIET + 1, MEMORY + 1):
        over = over.step(START + FIVE * place, 1.0)
    assert over.limit == CHANCE


# -- parts


def test_the_newest_points_are_enough() -> None:
    points = at_steps(noise(7_000))
    assert latest(points) == latest(points[-6_100:])


def test_rarity_is_a_rank_within_the_history_and_an_exponential_beyond() -> None:
    history = np.random.default_rng(5).exponential(3.0, 2_000)
    assert rarity(history, float(np.median(history))) == pytest.approx(0.301, abs=0.002)
    for times in (1e3, 1e4, 1e5):
        assert rarity(history, 3 * float(np.log(times))) == pytest.approx(np.log10(times), abs=0.6)
    assert rarity(history, 1e9) == MOST
    assert rarity(history[:19], 1e9) == 0
    assert rarity(history, float("nan")) == 0
    assert rarity(np.zeros(100), 0.0) == 0
    assert rarity(np.zeros(100), 1e-9) == MOST


def test_counts_have_no_finer_tail_than_one() -> None:
    history = np.array([0.0] * 1_900 + [1.0] * 100)
    assert rarity(history, 1.0) == pytest.approx(1.3, abs=0.01)
    assert 1.9 < rarity(history, 2.0) < 2.3


def test_what_is_expected_without_a_day_is_the_median_of_what_came_before() -> None:
    moments = [START + HOUR * hour for hour in range(6)]
    found = expected_values(moments, np.array([5.0, 1.0, 9.0, 100.0, 7.0, 0.0]), 3, ZoneInfo("UTC"))
    assert np.isnan(found[0])
    assert found[1:].tolist() == [5.0, 3.0, 5.0, 9.0, 9.0]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e101])
def test_a_value_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no finite number"):
        series_of([(START, 1.0), (START + HOUR, value)])
