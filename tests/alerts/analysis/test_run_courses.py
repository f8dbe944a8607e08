"""Single runs at instants of the past: what readers would have said then."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.analysis.conditions import Condition
from alerts.analysis.run_courses import Runs, at_instants
from alerts.analysis.schedules import missed, read_schedule

START = datetime(2026, 10, 1, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def runs_at(ends: list[tuple[int, bool]]) -> Runs:
    """Runs that ended so many minutes after the start, and whether they failed."""
    ordered = sorted(ends, key=lambda one: one[0])
    times = np.array([(START + at * MINUTE).timestamp() for at, _ in ordered])
    return Runs(times, np.array([int(failed) for _, failed in ordered], dtype=np.int64), times)


def instants(*minutes: float) -> np.ndarray:
    return np.array([(START + at * MINUTE).timestamp() for at in minutes])


def told(metric: str, runs: Runs, *minutes: float, **more: object) -> list[float | None]:
    parameters = more.pop("parameters", {})
    found = at_instants(Condition(metric, parameters=parameters), runs, instants(*minutes), **more)
    return [None if np.isnan(value) else float(value) for value in found.values]


def test_the_last_run() -> None:
    runs = runs_at([(10, True), (200, False), (400, True)])
    assert told("last_run_failed", runs, 9, 10, 199, 200, 399, 400) == [None, 1, 1, 0, 0, 1]


def test_at_an_hourly_run_and_more_one_failure_is_a_rate() -> None:
    runs = runs_at([(minute, True) for minute in range(0, 48 * 60, 30)])
    assert told("last_run_failed", runs, 60, 24 * 60) == [1, None]


def test_failures_in_a_row() -> None:
    runs = runs_at([(10, True), (20, True), (30, False), (40, True)])
    assert told("failed_in_a_row", runs, 5, 15, 25, 35, 45) == [None, 1, 2, 0, 1]
    assert told("failed_in_a_row", runs, 45, parameters={"min_runs_per_hour": 1}) == [None]
    assert told("failed_in_a_row", runs, 45, parameters={"max_runs_per_hour": 1}) == [1]


def test_time_since_the_last_success() -> None:
    runs = runs_at([(10, False), (20, True)])
    assert told("last_success", runs, 5, 10, 70) == [None, 0, 3_600_000]


def test_lateness() -> None:
    runs = runs_at([(0, False), (60, False)])
    assert told("late", runs, 30, 60, 180, gap_s=3600) == [0.5, 0, 2]
    assert told("late", runs, 180) == [None]


def test_without_runs_nothing_is_said() -> None:
    for metric in ("last_run_failed", "failed_in_a_row", "last_success", "late"):
        assert told(metric, runs_at([]), 0, 10, gap_s=60) == [None, None]


SCHEDULES = [
    {"cron": "*/30 * * * *", "grace_s": 120},
    {"cron": "15 3 * * *", "zone": "Europe/Berlin", "grace_s": 600},
    {"period_s": 3600, "grace_s": 300},
]


@pytest.mark.parametrize("parameters", SCHEDULES)
@settings(max_examples=25)
@given(st.lists(st.integers(0, 60 * 24 * 4), max_size=40))
def test_what_is_missed_is_what_evaluation_says(parameters, minutes) -> None:
    schedule = read_schedule(parameters)
    runs = runs_at([(minute, False) for minute in minutes])
    looked = [7 + 61 * number for number in range(90)]
    found = told("missed_schedule", runs, 0, *looked, schedule=schedule)[1:]
    for at, value in zip(looked, found, strict=True):
        now = START + at * MINUTE
        before = [START + minute * MINUTE for minute in minutes if minute <= at]
        expected = missed(schedule, max(before, default=None), START, now)
        assert (value or 0) > 0 if expected.count else value == 0, (at, value, expected)
