"""Late, missed, duplicate and overlapping starts, and the findings and advice that they make."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.advice.answer import Answer
from monitoring.analysis.advice.trigger import advise_trigger
from monitoring.analysis.finding_triggers import badly_started
from monitoring.analysis.findings import Span
from monitoring.analysis.triggers import Start, read_triggers

FIRST = datetime(2026, 8, 5, 0, 0, tzinfo=UTC)
END = FIRST + timedelta(days=7)
HOUR = timedelta(hours=1)
SPAN = Span(FIRST, END, 28)


def hourly(hours: int = 168, late_s: float = 0.0, **fields: object) -> list[Start]:
    """Starts on the hour, the last one in the last hour of the week."""
    return [Start(FIRST + n * HOUR + timedelta(seconds=late_s * (n % 3)), **fields) for n in range(hours)]


def test_a_whole_week_misses_nothing() -> None:
    found = read_triggers(hourly(), END)
    assert (found.rhythm.interval, found.missed, found.expected) == (HOUR, 0, 168)
    assert badly_started(found, SPAN, None) == []
    advice = advise_trigger(found, hourly(), "Sync")
    assert advice.answer is Answer.KEEP
    assert "0 of 168 expected starts missed" in advice.sentence


def test_gaps_are_missed_starts() -> None:
    starts = [one for n, one in enumerate(hourly()) if n not in (10, 90, 91, 150)]
    found = read_triggers(starts, END)
    assert (found.missed, found.expected) == (4, 168)
    assert found.missed_at == [FIRST + 9 * HOUR, FIRST + 89 * HOUR, FIRST + 149 * HOUR]
    (finding,) = badly_started(found, SPAN, None)
    assert finding.title == "4 scheduled starts were missed"
    assert (finding.worth, finding.since) == (4, FIRST + 9 * HOUR)
    advice = advise_trigger(found, starts, "Sync")
    assert advice.answer is Answer.CHANGE
    assert advice.settings["grace_ms"] == 6 * 60_000
    assert advice.settings["catch_up"] == "yes"


def test_the_silence_after_the_last_start_counts() -> None:
    found = read_triggers(hourly(160), END)
    assert found.missed == 8
    assert found.missed_at == [FIRST + 159 * HOUR]


def test_a_short_silence_may_be_reports_that_come_late() -> None:
    starts = [Start(END - timedelta(minutes=minutes)) for minutes in range(9, 200)]
    assert read_triggers(starts, END).missed == 0
    assert read_triggers(starts, END + timedelta(minutes=5)).missed == 13


def test_a_start_in_another_environment_was_not_missed() -> None:
    starts = [one for n, one in enumerate(hourly()) if n not in (10, 90, 91, 150)]
    elsewhere = [FIRST + n * HOUR for n in (10, 90, 91)]
    assert read_triggers(starts, END, elsewhere).missed == 1


def test_a_pause_of_every_night_is_part_of_the_rhythm() -> None:
    starts = [Start(FIRST + day * 24 * HOUR + n * HOUR / 2) for day in range(7) for n in range(16, 45)]
    found = read_triggers(starts, END)
    assert found.rhythm.is_regular
    assert found.missed == 0


def test_a_standstill_that_is_over_is_no_finding() -> None:
    starts = [one for n, one in enumerate(hourly()) if not 20 <= n < 32]
    found = read_triggers(starts, END)
    assert found.missed == 12
    assert badly_started(found, SPAN, None) == []


def test_without_a_rhythm_nothing_is_missed() -> None:
    chance = random.Random(4)
    starts = [Start(FIRST + chance.random() * timedelta(days=7)) for _ in range(200)]
    found = read_triggers(starts, END)
    assert (found.missed, found.expected, found.lateness) == (None, None, None)
    assert badly_started(found, SPAN, None) == []


def test_lateness_is_measured_from_the_earliest_usual_place() -> None:
    found = read_triggers(hourly(late_s=60), END)
    assert found.lateness is not None
    assert found.lateness.p50_ms == pytest.approx(60_000, abs=1_000)
    assert found.lateness.most_ms == pytest.approx(120_000, abs=3_000)


def test_the_same_input_within_ten_seconds_is_a_duplicate() -> None:
    pairs = [
        Start(FIRST + n * HOUR + timedelta(seconds=3 * again), None, f"input {n}")
        for n in range(20)
        for again in (0, 1)
    ]
    others = [Start(FIRST + n * HOUR + timedelta(seconds=5), None, f"other {n}") for n in range(20)]
    untold = [Start(FIRST + n * HOUR) for n in range(20)]
    found = read_triggers([*pairs, *others, *untold], END)
    assert (found.duplicates, found.comparable, found.duplicate_gap_ms) == (20, 60, 3_000)
    (finding,) = badly_started(found, Span(FIRST, FIRST + 20 * HOUR, 28), 0.5)
    assert finding.title == "20 starts repeat one with the same input within 10 s"
    assert finding.cost_per_week_usd == pytest.approx(20 * 8.4 * 0.5)
    advice = advise_trigger(found, pairs, "Hook")
    assert advice.settings["drop_repeats_within_ms"] == 60_000


def test_the_same_input_later_is_none() -> None:
    starts = [Start(FIRST + n * timedelta(seconds=11), None, "same") for n in range(30)]
    assert read_triggers(starts, END).duplicates == 0


def test_overlaps_of_a_schedule_ask_for_one_run_at_a_time_or_a_longer_interval() -> None:
    starts = hourly(duration_ms=90 * 60_000.0)
    found = read_triggers(starts, END)
    assert (found.overlapping, found.timed, found.most_at_once) == (167, 168, 2)
    advice = advise_trigger(found, starts, "Sync")
    assert advice.settings["max_concurrent_runs"] == 1
    # p95 is 90 min, which may fill 80 % of the interval: 113 min.
    assert advice.settings["interval_ms"] == 113 * 60_000


def test_few_starts_cannot_tell() -> None:
    assert advise_trigger(read_triggers(hourly(5), END), hourly(5), "Sync").answer is Answer.CANNOT_TELL


@given(st.permutations(range(40)), st.integers(0, 3))
def test_the_order_of_starts_does_not_matter(order: list[int], gone: int) -> None:
    starts = [Start(FIRST + n * HOUR, 60_000.0 * (n % 90), f"key {n // 2}") for n in range(40) if n % 13 != gone]
    shuffled = [starts[n] for n in order if n < len(starts)]
    assert read_triggers(shuffled, END) == read_triggers(starts, END)
