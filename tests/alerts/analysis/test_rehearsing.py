"""A rehearsal says what evaluation would have said, window for window; and finds the threshold of about one a week."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.analysis.conditions import Comparison, Condition, NoData
from alerts.analysis.judging import judge
from alerts.analysis.readings import Subject
from alerts.analysis.rehearsing import Stretch, Track, firings, rehearse, weekly_threshold
from alerts.analysis.states import Change, Memory, advance

START = datetime(2026, 10, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ME = Subject()


def stretch(values: list[float | None], samples: list[int] | int = 100, **told: object) -> Stretch:
    known = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    counts = np.full(len(known), samples) if isinstance(samples, int) else np.array(samples)
    return Stretch(told.pop("first", START), told.pop("step", MINUTE), known, counts.astype(np.int64), **told)


def opened_by_evaluation(condition: Condition, track: Track) -> list[tuple[datetime, datetime | None]]:
    """What all readings, one by one, give."""
    memory, found = Memory(), []
    for part in track.stretches:
        for index in range(len(part.values)):
            memory, changes = advance(condition, memory, [judge(condition, part.reading(ME, index))])
            for change in changes:
                if change.change is Change.FIRED:
                    found.append((change.at, None))
                elif change.change is Change.CLEARED:
                    found[-1] = (found[-1][0], change.at)
    return found


values = st.lists(st.none() | st.sampled_from([0.0, 0.01, 0.04, 0.05, 0.06, 0.5, 1.0]), max_size=150)
conditions = st.builds(
    Condition,
    metric=st.just("error_rate"),
    comparison=st.sampled_from(Comparison),
    threshold=st.sampled_from([0.0, 0.05, 0.3]),
    clear_threshold=st.none() | st.sampled_from([0.01, 0.05]),
    min_samples=st.sampled_from([0, 20]),
    for_s=st.sampled_from([0, 60, 90, 600]),
    keep_firing_s=st.sampled_from([0, 120, 1200]),
    no_data=st.sampled_from(NoData),
)


@settings(max_examples=60)
@given(conditions, values, values, st.data())
def test_what_is_skipped_changes_nothing(condition, first, second, data) -> None:
    parts = []
    for told, begin, step in ((first, START, HOUR), (second, START + 200 * HOUR, MINUTE)):
        samples = data.draw(st.lists(st.sampled_from([5, 20, 90]), min_size=len(told), max_size=len(told)))
        limits = np.full(len(told), 0.02), np.full(len(told), 0.055)
        low, high = limits if condition.comparison in (Comparison.UNUSUAL, Comparison.UNUSUAL_EITHER) else (None, None)
        parts.append(stretch(told, samples, first=begin, step=step, low=low, high=high))
    track = Track(ME, tuple(parts))
    found = [(one.opened_at, one.until) for one in firings(condition, track)]
    assert found == opened_by_evaluation(condition, track)


def test_a_firing_says_when_it_began_ended_and_how_bad_it_was() -> None:
    condition = Condition("error_rate", threshold=0.05, for_s=120)
    (one,) = firings(condition, Track(ME, (stretch([0, 0.06, 0.08, 0.2, 0.1, 0]),)))
    assert one.since == START + MINUTE
    assert one.opened_at == START + 3 * MINUTE
    assert one.until == START + 5 * MINUTE
    assert one.worst == 0.2
    assert one.length(START + DAY) == 2 * MINUTE


def test_what_fires_at_the_end_goes_on() -> None:
    (one,) = firings(Condition("error_rate", threshold=0.05), Track(ME, (stretch([0, 0.06]),)))
    assert one.until is None
    assert one.length(START + 31 * MINUTE) == 30 * MINUTE


def test_subjects_come_in_order_of_time() -> None:
    tracks = [
        Track(Subject(value="b"), (stretch([0, 0, 1, 0]),)),
        Track(Subject(value="a"), (stretch([0, 1, 0, 1]),)),
    ]
    found = rehearse(Condition("error_rate", threshold=0.5), tracks)
    assert [one.subject.value for one in found] == ["a", "b", "a"]


def spiky(peaks: list[float], *, quiet: float = 0.01) -> Track:
    """Thirty days by the hour with a peak of three hours for each of these."""
    told = np.full(720, quiet)
    for number, peak in enumerate(peaks):
        place = 10 + number * (700 // max(len(peaks), 1))
        told[place : place + 3] = [peak * 0.9, peak, peak * 0.95]
    return Track(ME, (stretch(list(told), step=HOUR),))


@pytest.mark.parametrize("comparison", [Comparison.ABOVE, Comparison.BELOW])
def test_the_threshold_of_about_one_a_week(comparison) -> None:
    peaks = [0.1 + 0.02 * number for number in range(20)]
    track = spiky(peaks)
    if comparison is Comparison.BELOW:
        track = Track(ME, (stretch([1 - value for value in track.stretches[0].values], step=HOUR),))
    condition = Condition("error_rate", comparison, threshold=0.5)
    advised = weekly_threshold(condition, [track], 30 * DAY)
    assert advised is not None
    assert advised.is_fitting
    assert advised.firings == 4
    tried = Condition("error_rate", comparison, threshold=advised.threshold)
    assert len(firings(tried, track)) == 4


def test_where_none_gives_one_a_week_the_nearest_is_said() -> None:
    advised = weekly_threshold(Condition("error_rate", threshold=0.5), [spiky([0.3])], 30 * DAY)
    assert advised is not None
    assert not advised.is_fitting
    assert advised.firings == 1


def test_a_past_without_a_value_has_no_threshold() -> None:
    assert (
        weekly_threshold(Condition("error_rate", threshold=0.5), [Track(ME, (stretch([None] * 9),))], 30 * DAY) is None
    )
    assert weekly_threshold(Condition("error_rate", Comparison.UNUSUAL), [spiky([0.3])], 30 * DAY) is None


@settings(max_examples=30)
@given(st.lists(st.floats(0.02, 1.0), max_size=30), st.sampled_from([0, 3600]))
def test_an_advised_threshold_fires_as_often_as_is_said(peaks, for_s) -> None:
    track, condition = spiky(peaks), Condition("error_rate", threshold=0.5, for_s=for_s)
    advised = weekly_threshold(condition, [track], 30 * DAY)
    if advised is None:
        return
    tried = Condition("error_rate", threshold=advised.threshold, for_s=for_s)
    assert len(firings(tried, track)) == advised.firings
    assert advised.is_fitting == (3 <= advised.firings <= 6)


def test_counts_get_whole_thresholds() -> None:
    told = [0.0] * 720
    for number in range(8):
        told[20 + number * 80] = float(number + 1)
    advised = weekly_threshold(Condition("failures", threshold=5), [Track(ME, (stretch(told, step=HOUR),))], 30 * DAY)
    assert advised is not None
    assert (advised.threshold, advised.firings) == (4.0, 4)
