"""The rules of triage: order and repetition of events, ends of ignoring, and regressions."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.triage import (
    NO_TERMS,
    Event,
    EventKind,
    IgnoreEnd,
    Seen,
    Standing,
    Terms,
    TriageStatus,
    apply,
    ignore_end,
    regression,
    standing_after,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
moments = st.integers(0, 20).map(lambda hours: NOON + hours * HOUR)
events = st.builds(
    Event,
    id=st.integers(0, 6).map(str),
    kind=st.sampled_from(EventKind),
    at=moments,
    terms=st.sampled_from([NO_TERMS, Terms(count=3), Terms(is_next_release=True)]),
    about=st.none() | moments,
)
histories = st.lists(events, max_size=8, unique_by=lambda event: event.id)
seen_lists = st.lists(
    st.builds(
        Seen,
        release=st.none() | st.sampled_from("abc"),
        live_at=st.none() | moments,
        first_at=moments,
        failures=st.integers(0, 3),
    ),
    max_size=6,
)


def event(kind: EventKind, hours: int, **fields: object) -> Event:
    return Event(f"{kind}-{hours}", kind, NOON + hours * HOUR, **fields)  # type: ignore[arg-type]


@given(histories, st.data())
def test_neither_the_order_in_which_events_come_nor_repeating_them_matters(history, data) -> None:
    shuffled = data.draw(st.permutations(history + history[:3]))
    assert standing_after(shuffled) == standing_after(history)


@given(histories)
def test_looking_twice_finds_the_same(history) -> None:
    standing = standing_after(history)
    for kind in (EventKind.EXPIRED, EventKind.REGRESSED):
        found = Event("found", kind, NOON + 30 * HOUR, about=standing.at)
        once = apply(standing, found)
        assert apply(once, found) == once


@given(histories, moments)
def test_what_was_found_never_undoes_a_newer_decision(history, about) -> None:
    standing = standing_after(history)
    for kind in (EventKind.EXPIRED, EventKind.REGRESSED):
        after = apply(standing, Event("late", kind, NOON + 30 * HOUR, about=about))
        assert after == standing or standing.at == about


@given(histories)
def test_assigning_merging_and_splitting_leave_the_status_alone(history) -> None:
    others = (EventKind.ASSIGNED, EventKind.MERGED, EventKind.SPLIT)
    assert standing_after(history) == standing_after([one for one in history if one.kind not in others])


@given(st.sampled_from([NO_TERMS, Terms(release="b"), Terms(is_next_release=True)]), moments, seen_lists, st.data())
def test_the_order_of_failures_does_not_matter_and_more_never_take_a_regression_back(terms, live, seen, data) -> None:
    found = regression(terms, live, seen)
    again = regression(terms, live, data.draw(st.permutations(seen + seen)))
    assert (again and again.first_at) == (found and found.first_at)
    more = Seen("z", NOON, NOON + 40 * HOUR)
    assert found is None or regression(terms, live, [*seen, more]) == found


@pytest.mark.parametrize(
    ("history", "status"),
    [
        ([], TriageStatus.OPEN),
        ([event(EventKind.REVIEWED, 1)], TriageStatus.REVIEWED),
        ([event(EventKind.IGNORED, 1), event(EventKind.REVIEWED, 2)], TriageStatus.IGNORED),
        ([event(EventKind.IGNORED, 1), event(EventKind.EXPIRED, 2, about=NOON + HOUR)], TriageStatus.OPEN),
        ([event(EventKind.RESOLVED, 1), event(EventKind.REGRESSED, 2, about=NOON + HOUR)], TriageStatus.REOPENED),
        (
            [
                event(EventKind.RESOLVED, 1),
                event(EventKind.RESOLVED, 2),
                event(EventKind.REGRESSED, 3, about=NOON + HOUR),
            ],
            TriageStatus.RESOLVED,
        ),
        ([event(EventKind.RESOLVED, 1), event(EventKind.OPENED, 2)], TriageStatus.OPEN),
    ],
)
def test_a_history_has_one_status(history, status) -> None:
    assert standing_after(history).status is status


def test_ignoring_keeps_its_terms_until_it_ends() -> None:
    terms = Terms(count=20)
    standing = standing_after([event(EventKind.IGNORED, 1, terms=terms)])
    assert standing == Standing(TriageStatus.IGNORED, NOON + HOUR, terms)
    assert apply(standing, event(EventKind.EXPIRED, 2, about=standing.at)).terms == NO_TERMS


@pytest.mark.parametrize(
    ("terms", "reached", "live", "end"),
    [
        (NO_TERMS, NOON, NOON, None),
        (Terms(until_at=NOON), None, None, IgnoreEnd.TIME),
        (Terms(until_at=NOON + HOUR), None, None, None),
        (Terms(count=3), None, None, None),
        (Terms(count=3), NOON - HOUR, None, IgnoreEnd.COUNT),
        (Terms(release="7"), None, None, None),
        (Terms(release="7"), None, NOON + HOUR, None),
        (Terms(is_next_release=True), None, NOON, IgnoreEnd.RELEASE),
        (Terms(until_at=NOON + HOUR, count=3), NOON, None, IgnoreEnd.COUNT),
    ],
)
def test_ignoring_ends_with_the_first_condition_that_holds(terms, reached, live, end) -> None:
    assert ignore_end(terms, NOON, reached_at=reached, live_at=live) is end


OLD = Seen("6", NOON - 5 * HOUR, NOON + HOUR)
FIXED = Seen("7", NOON, NOON + 3 * HOUR)
LATER = Seen("8", NOON + 2 * HOUR, NOON + 2 * HOUR)
NOT_TOLD = Seen(None, None, NOON + HOUR)


@pytest.mark.parametrize(
    ("terms", "live", "seen", "release"),
    [
        (NO_TERMS, None, [OLD, FIXED], "6"),
        (NO_TERMS, None, [], None),
        (Terms(release="7"), NOON, [OLD], None),
        (Terms(release="7"), NOON, [OLD, FIXED, LATER], "8"),
        (Terms(release="7"), None, [OLD, FIXED], None),
        (Terms(is_next_release=True), NOON, [NOT_TOLD], None),
        (Terms(is_next_release=True), NOON, [Seen("7", NOON, NOON, failures=0)], None),
    ],
)
def test_a_resolved_group_is_back_in_its_release_or_a_later_one(terms, live, seen, release) -> None:
    found = regression(terms, live, seen)
    assert (found.release if found else None) == release
