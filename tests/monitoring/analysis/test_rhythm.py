"""Rhythm, streak and freshness: what a workflow with few runs still tells."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.rhythm import Run, freshness, rhythm, streak, usual_silence

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_daily_job_is_expected_a_day_after_its_last_run() -> None:
    found = rhythm(START + DAY * n + timedelta(seconds=n % 3) for n in range(14))
    assert found.is_regular
    assert found.expected_at is not None
    assert abs(found.expected_at - (START + DAY * 14)) < timedelta(minutes=1)
    assert found.words == "usually every 1 d (13 of 13 gaps within a quarter of 1 d)"


def test_a_job_of_working_days_is_late_only_after_a_weekend() -> None:
    starts = [START + DAY * n for n in range(21) if (START + DAY * n).weekday() < 5]
    found = rhythm(starts)
    assert found.is_regular
    assert found.late_at is not None
    assert found.late_at > starts[-1] + 3 * DAY


def test_without_a_rhythm_none_is_said() -> None:
    found = rhythm(START + HOUR * hour for hour in (0, 1, 7, 8, 20, 50, 51, 90))
    assert not found.is_regular
    assert found.expected_at is None
    assert found.words.startswith("no regular rhythm (")
    assert found.late_at is not None


def test_few_runs_have_no_rhythm_yet() -> None:
    assert rhythm([]).words == "no regular rhythm known (0 gaps between runs)"
    one = rhythm([START, START])
    assert (one.last_at, one.interval, one.expected_at) == (START, None, None)
    two = rhythm([START, START + HOUR])
    assert (two.interval, two.is_regular, two.late_at) == (HOUR, False, None)
    assert two.words == "no regular rhythm known (1 gap between runs)"


def test_streaks() -> None:
    runs = [Run(START + HOUR * n, n >= 3) for n in range(6)]
    found = streak(runs)
    assert (found.failures, found.last_success_at, found.began_at) == (3, START + 2 * HOUR, START + 3 * HOUR)
    assert found.words == "3 failures in a row"
    assert streak([]).words == "no run known"
    assert streak(runs[:2]).words == "the last run succeeded"
    only = streak(runs[5:])
    assert (only.words, only.last_success_at) == ("the last run failed", None)


def test_freshness_against_an_objective_and_against_what_is_usual() -> None:
    now = START + 26 * HOUR
    late = freshness(START, now, objective=DAY)
    assert late.is_stale
    assert late.words == "last success 1 d 2 h ago, objective 1 d"
    usual = freshness(START, now, objective=None, successes=[START - DAY * n for n in range(10)])
    assert (usual.is_stale, usual.is_objective) == (False, False)
    assert usual.words == "last success 1 d 2 h ago, usually at most 1 d 12 h"
    assert freshness(START, now, objective=None).is_stale is None
    assert freshness(None, now, objective=DAY).words == "no success known"


@given(st.lists(st.tuples(st.integers(0, 10_000), st.booleans()), max_size=40), st.randoms())
def test_the_order_of_runs_does_not_matter(raw, rng) -> None:
    runs = [Run(START + timedelta(minutes=minute), failed) for minute, failed in raw]
    shuffled = list(runs)
    rng.shuffle(shuffled)
    assert streak(runs) == streak(shuffled)
    assert rhythm(run.at for run in runs) == rhythm(run.at for run in shuffled)


def test_a_night_without_runs_is_usual_however_many_runs_the_day_has() -> None:
    gaps = [*[timedelta(minutes=5)] * 192, timedelta(hours=8)] * 14
    silence = usual_silence(gaps)
    assert silence is not None
    # 1 % of 24 h is about a quarter of an hour.
    assert timedelta(hours=8) - silence == timedelta(hours=24) * 0.01
    assert usual_silence([]) is None
    assert usual_silence([timedelta(hours=8)], of=timedelta(days=1000)) == timedelta(0)


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=40))
def test_a_silence_is_longer_for_one_hundredth_of_the_time(seconds: list[int]) -> None:
    gaps = [timedelta(seconds=one) for one in seconds]
    silence = usual_silence(gaps)
    assert silence is not None
    beyond = sum((gap - silence for gap in gaps if gap > silence), timedelta(0))
    assert abs(beyond - sum(gaps, timedelta(0)) * 0.01) < timedelta(milliseconds=1)
