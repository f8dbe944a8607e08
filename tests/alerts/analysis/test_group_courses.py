"""Failure groups over a past: a rehearsal fires where a rule that looks each minute would have."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.analysis.conditions import Condition, State
from alerts.analysis.group_courses import LEARNED_AFTER, QUIET, GroupPast, course_of_group
from alerts.analysis.judging import Judged, Verdict, judge
from alerts.analysis.readings import Reading, Subject
from alerts.analysis.rehearsing import Stretch, Track, firings
from alerts.analysis.states import Change, Memory, advance
from monitoring.analysis.triage import Event, EventKind, Standing, Terms, TriageStatus, apply

START = datetime(2026, 8, 1, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ME = Subject(value="00000000-0000-0000-0000-000000000001")
LOOKS = [START + place * MINUTE for place in range(8 * 60)]
Fired = list[tuple[datetime, datetime | None]]


def rehearsed(condition: Condition, past: GroupPast) -> Fired:
    instants = np.array([one.timestamp() for one in LOOKS])
    found = course_of_group(condition.metric, past, instants)
    part = Stretch(
        START, MINUTE, found.values, found.values.astype(np.int64), begins=found.begins, is_once=found.is_once
    )
    return [(one.opened_at, one.until) for one in firings(condition, Track(ME, (part,)))]


def looked_at(condition: Condition, past: GroupPast) -> Fired:
    """One look after the other, as `alerts.reads.groups` and the evaluation make it."""
    memory, is_told, fired = Memory(), False, Fired()
    for place, now in enumerate(LOOKS):
        since = LOOKS[max(place - 1, 0)] - QUIET
        where = next((one for one in reversed(past.standings) if one.at and one.at <= now), Standing())
        until = where.terms.until_at
        count = sum((now - QUIET).timestamp() < at <= now.timestamp() for at in past.failures.tolist())
        if condition.metric == "new_group":
            is_silent = where.status is TriageStatus.IGNORED and (until is None or until > now)
            is_seen = where.status is not TriageStatus.RESOLVED and not is_silent
            is_learned = past.known_since is None or past.known_since <= now - LEARNED_AFTER
            is_new = past.first_seen_at > since and is_learned and not is_told
        else:
            is_seen = where.status is TriageStatus.REOPENED
            is_new = where.at is not None and where.at > since
        is_standing = memory.state in (State.PENDING, State.FIRING)
        judged = Judged(Reading(ME, now, None), Verdict.GOOD)
        if count and is_seen and (is_new or is_standing):
            judged = judge(condition, Reading(ME, now, float(count), count))
        memory, changes = advance(condition, memory, [judged])
        # What was pending and never fired is forgotten at once.
        is_told |= any(change.change is Change.CLEARED for change in changes)
        for change in changes:
            if change.change is Change.FIRED:
                fired.append((change.at, None))
            elif change.change is Change.CLEARED:
                fired[-1] = (fired[-1][0], change.at)
    return fired


seconds = st.integers(-3600, 8 * 3600)
bursts = st.lists(st.tuples(seconds, st.integers(1, 3), st.integers(60, 5400)), min_size=1, max_size=5)
kinds = st.sampled_from([EventKind.RESOLVED, EventKind.REGRESSED, EventKind.IGNORED, EventKind.OPENED])
decided = st.lists(
    st.tuples(st.integers(0, 8 * 60).map(lambda at: at * 60), kinds, st.none() | st.integers(0, 8 * 3600)), max_size=5
)
conditions = st.builds(
    Condition,
    metric=st.sampled_from(["new_group", "returned_group"]),
    threshold=st.just(0.0),
    for_s=st.sampled_from([0, 600, 5400]),
    keep_firing_s=st.sampled_from([0, 1200]),
)


def standings(events: list[tuple[int, EventKind, int | None]]) -> list[Standing]:
    found: list[Standing] = []
    for number, (at, kind, until) in enumerate(sorted(events, key=lambda one: one[0])):
        before = found[-1] if found else Standing()
        terms = Terms() if until is None else Terms(START + timedelta(seconds=until))
        after = apply(before, Event(str(number), kind, START + timedelta(seconds=at), terms, about=before.at))
        if after is not before:
            found.append(after)
    return found


@settings(max_examples=150)
@given(conditions, bursts, decided, st.none() | st.integers(-86_400, 0), st.none() | st.integers(-90_000, -70_000))
def test_a_rehearsal_says_what_a_look_each_minute_says(condition, told, events, earlier, known) -> None:
    times = sorted(begin + place * gap for begin, count, gap in told for place in range(count))
    past = GroupPast(
        # Imported history may have told of a failure before the first one that counts.
        START + timedelta(seconds=min(times[0], times[0] if earlier is None else earlier)),
        None if known is None else START + timedelta(seconds=known),
        np.array([START.timestamp() + one for one in times], dtype=np.float64),
        standings(events),
    )
    assert rehearsed(condition, past) == looked_at(condition, past)


def failing(*minutes: float, **fields: object) -> GroupPast:
    """A group that was seen first with its first failure."""
    times = np.array([(START + minute * MINUTE).timestamp() for minute in minutes])
    return GroupPast(START + minutes[0] * MINUTE, None, times, **fields)


def test_a_new_group_is_told_of_once() -> None:
    found = rehearsed(Condition("new_group", threshold=0), failing(10.5, 50, 300))
    assert found == [(START + 11 * MINUTE, START + 110 * MINUTE)]


def test_a_group_is_told_of_each_time_that_it_is_back() -> None:
    returns = [
        Standing(status, START + minute * MINUTE)
        for minute, status in (
            (0, TriageStatus.RESOLVED),
            (31, TriageStatus.REOPENED),
            (60, TriageStatus.RESOLVED),
            (301, TriageStatus.REOPENED),
        )
    ]
    found = rehearsed(Condition("returned_group", threshold=0), failing(30.5, 300.5, standings=returns))
    assert found == [(START + 31 * MINUTE, START + 60 * MINUTE), (START + 301 * MINUTE, START + 361 * MINUTE)]
