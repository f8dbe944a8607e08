"""Baselines: which hours are put together, what an incident in the history does, order, scale, storage."""

import json
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.analysis.baseline import (
    Baseline,
    Point,
    build,
    from_document,
    hour_of_week,
    percentile_points,
    with_silent_hours,
)
from monitoring.analysis.histogram import bin_of
from monitoring.analysis.ranges import Metric, Pool, is_outside
from monitoring.analysis.robust import dispersion, robust_rate

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hours(weeks: int) -> list[datetime]:
    return [MONDAY + HOUR * hour for hour in range(weeks * 168)]


def built(metric: Metric, points: list[Point], zone: str = "UTC") -> Baseline:
    found = build(metric, points, zone=zone)
    assert found is not None
    return found


def durations(weeks: int, seed: int = 1) -> list[Point]:
    rng = random.Random(seed)
    return [
        Point(at, 1000 * (3 if at.hour == 14 else 1) * rng.lognormvariate(0, 0.1), rng.randint(5, 30))
        for at in hours(weeks)
    ]


def test_eight_weeks_give_each_hour_of_the_week_its_own_range() -> None:
    found = built(Metric.DURATION_P95, durations(8))
    busy, other = found.at(MONDAY + 14 * HOUR), found.at(MONDAY + 3 * HOUR)
    assert (busy.pool, busy.points) == (Pool.SAME_HOUR_OF_WEEK, 8)
    assert 2200 < busy.low < 3000 < busy.high < 4000
    assert is_outside(other, busy.middle, 20).is_outside
    assert not is_outside(busy, busy.middle, 20).is_outside


@pytest.mark.parametrize(
    ("days", "pool"),
    [
        (56, Pool.SAME_HOUR_OF_WEEK),
        (14, Pool.SAME_HOUR_OF_SUCH_DAYS),
        (2, Pool.NEAR_HOURS_OF_SUCH_DAYS),
        (0.2, Pool.ALL_HOURS),
    ],
)
def test_a_short_history_widens_the_pool_and_says_so(days: float, pool: Pool) -> None:
    found = built(Metric.DURATION_P50, [p for p in durations(8) if p.at < MONDAY + timedelta(days=days)])
    monday = found.at(MONDAY + 2 * HOUR)
    assert monday.pool is pool
    assert str(pool) in monday.words


def test_few_failures_are_no_rhythm_of_the_week() -> None:
    rng = random.Random(4)
    points = [Point(at, sum(rng.random() < 0.01 for _ in range(4)), 4) for at in hours(8)]
    found = built(Metric.ERROR_RATE, points)
    assert {one.pool for one in found.ranges} == {Pool.ALL_HOURS}
    assert found.ranges[0].middle == pytest.approx(0.01, abs=0.004)


def test_a_batch_that_fails_every_night_is_usual_at_night() -> None:
    points = [Point(at, 15 if at.hour == 2 else 0, 50) for at in hours(8)]
    found = built(Metric.ERROR_RATE, points)
    night, day = found.at(MONDAY + 2 * HOUR), found.at(MONDAY + 12 * HOUR)
    assert not is_outside(night, 0.3, 50).is_outside
    assert is_outside(day, 0.3, 50).is_outside


@pytest.mark.parametrize("metric", [Metric.ERROR_RATE, Metric.VOLUME, Metric.DURATION_P95])
def test_three_bad_days_in_the_history_change_little(metric: Metric) -> None:
    rng = random.Random(7)
    good = [
        Point(at, sum(rng.random() < 0.05 for _ in range(40)) if metric is not Metric.DURATION_P95 else 1000.0
              * rng.lognormvariate(0, 0.1), 1 if metric is Metric.VOLUME else 40)
        for at in hours(8)
    ]  # fmt: skip
    start = MONDAY + timedelta(days=20)
    bad = [Point(p.at, p.value * 8 + 20, p.samples) if start <= p.at < start + timedelta(days=3) else p for p in good]
    before, after = built(metric, good), built(metric, bad)
    one, two = before.at(start + 5 * HOUR), after.at(start + 5 * HOUR)
    assert two.middle == pytest.approx(one.middle, rel=0.25)
    assert two.high <= one.high * 1.5 + 0.02
    assert is_outside(two, bad[20 * 24 + 5].value / (40 if metric is Metric.ERROR_RATE else 1), 40).is_outside


def test_the_middle_of_a_rate_breaks_at_a_quarter_and_not_before() -> None:
    steady = [(2.0, 40)] * 100
    assert robust_rate(steady) == pytest.approx(0.05)
    assert robust_rate([(40.0, 40)] * 24 + steady[24:]) == pytest.approx(0.05, abs=0.02)
    assert robust_rate([(40.0, 40)] * 40 + steady[40:]) > 0.2
    assert robust_rate([]) == 0.0
    assert robust_rate([(0.0, 10)]) == 0.0


def test_dispersion_is_none_for_chance_and_some_for_more() -> None:
    rng = random.Random(3)
    chance = [(float(sum(rng.random() < 0.1 for _ in range(50))), 50, 0.1) for _ in range(400)]
    moving = []
    for _ in range(400):
        rate = rng.betavariate(1.9, 17.1)  # mean 0.1, correlation 1 / (1.9 + 17.1 + 1) = 0.05
        moving.append((float(sum(rng.random() < rate for _ in range(50))), 50, 0.1))
    assert dispersion(chance, is_rate=True) < 0.01
    assert dispersion(moving, is_rate=True) == pytest.approx(0.05, abs=0.02)
    assert dispersion(chance[:2], is_rate=True) == 0.0


def test_new_hours_lie_inside_about_nineteen_times_of_twenty() -> None:
    found = built(Metric.DURATION_P95, durations(8))
    inside = [not is_outside(found.at(p.at), p.value, p.samples).is_outside for p in durations(8, seed=2)]
    assert 0.93 <= sum(inside) / len(inside) <= 0.995


def test_figures_that_never_change_allow_a_tenth() -> None:
    found = built(Metric.TOKENS, [Point(at, 500.0, 3) for at in hours(8)])
    assert not is_outside(found.at(MONDAY), 540.0, 3).is_outside
    assert is_outside(found.at(MONDAY), 700.0, 3).is_outside


def test_all_zero_stays_zero() -> None:
    found = built(Metric.COST, [Point(at, 0.0, 3) for at in hours(2)])
    assert (found.ranges[0].low, found.ranges[0].high) == (0.0, 0.0)
    assert is_outside(found.ranges[0], 0.01, 3).is_outside
    quiet = built(Metric.VOLUME, [Point(at, 0.0) for at in hours(8)])
    assert quiet.at(MONDAY).middle == 0.0


def test_nothing_usable_has_no_baseline() -> None:
    assert build(Metric.VOLUME, []) is None
    bad = [Point(MONDAY, float("nan")), Point(MONDAY, float("inf")), Point(MONDAY, -1.0), Point(MONDAY, 1.0, 0)]
    assert build(Metric.VOLUME, bad) is None


def test_one_point_is_a_range_of_all_hours() -> None:
    found = built(Metric.DURATION_P50, [Point(MONDAY, 100.0, 4)])
    assert [(one.pool, one.points, one.samples) for one in found.ranges] == [(Pool.ALL_HOURS, 1, 4)]


def test_what_is_older_than_eight_weeks_is_left_out() -> None:
    found = built(Metric.DURATION_P50, durations(12))
    assert found.points == 8 * 168
    assert found.since == MONDAY + timedelta(weeks=4)


def test_summer_time_keeps_the_hour_on_the_wall() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before, after = datetime(2026, 3, 27, 8, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert hour_of_week(before, berlin) % 24 == hour_of_week(after, berlin) % 24 == 9
    first, second = datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert hour_of_week(first, berlin) == hour_of_week(second, berlin) == 6 * 24 + 2
    points = [Point(datetime(2026, 10, 1, tzinfo=UTC) + HOUR * n, 5.0) for n in range(50 * 24)]
    assert len(built(Metric.VOLUME, points, "Europe/Berlin").places) == 168


def test_silent_hours_are_zeros_and_histograms_are_percentiles() -> None:
    filled = with_silent_hours([Point(MONDAY + HOUR, 4.0)], MONDAY, MONDAY + 3 * HOUR)
    assert sorted((p.at, p.value) for p in filled) == [(MONDAY, 0.0), (MONDAY + HOUR, 4.0), (MONDAY + 2 * HOUR, 0.0)]
    (point,) = percentile_points([(MONDAY, {bin_of(1000): 19, bin_of(9000): 1}), (MONDAY + HOUR, {})], 0.5)
    assert (point.value, point.samples) == (pytest.approx(1000, rel=0.02), 20)


def test_a_baseline_is_stored_as_small_json_and_read_back() -> None:
    found = built(Metric.DURATION_P95, durations(8), "Europe/Berlin")
    text = json.dumps(found.as_document())
    assert len(text) < 16_000
    again = from_document(json.loads(text))
    assert again.places == found.places
    assert again.at(MONDAY).high == pytest.approx(found.at(MONDAY).high, rel=1e-4)
    assert (again.zone, again.points, again.since) == (found.zone, found.points, found.since)
    with pytest.raises(ValueError, match="version"):
        from_document({"version": 99})


def test_a_window_has_the_range_of_its_hours() -> None:
    found = built(Metric.VOLUME, [Point(at, 100.0 if at.hour < 12 else 20.0) for at in hours(8)])
    assert found.over(MONDAY, MONDAY + timedelta(days=1)).middle == pytest.approx(60.0)
    assert found.over(MONDAY, MONDAY + HOUR / 2).middle == pytest.approx(100.0)


some_points = st.lists(
    st.tuples(st.integers(0, 1343), st.floats(0, 1e6), st.integers(1, 500)),
    min_size=1,
    max_size=60,
    unique_by=lambda t: t[0],
)


@settings(deadline=None)
@given(some_points, st.randoms(), st.sampled_from(list(Metric)))
def test_the_order_of_points_does_not_matter(raw, rng, metric) -> None:
    points = [
        Point(MONDAY + HOUR * hour, min(value, n) if metric is Metric.ERROR_RATE else value, n)
        for hour, value, n in raw
    ]
    shuffled = list(points)
    rng.shuffle(shuffled)
    assert build(metric, points) == build(metric, shuffled)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1343), st.floats(1, 1e6), st.integers(1, 500)), min_size=1, max_size=60),
    st.sampled_from([0.001, 0.5, 60.0, 1000.0]),
)
def test_scaling_durations_scales_their_ranges(raw, factor) -> None:
    points = [Point(MONDAY + HOUR * hour, value, n) for hour, value, n in raw]
    scaled = [Point(p.at, p.value * factor, p.samples) for p in points]
    one, two = built(Metric.DURATION_P50, points), built(Metric.DURATION_P50, scaled)
    assert one.places == two.places
    for a, b in zip(one.ranges, two.ranges, strict=True):
        assert (b.low, b.middle, b.high) == pytest.approx(
            (a.low * factor, a.middle * factor, a.high * factor), rel=1e-3
        )
