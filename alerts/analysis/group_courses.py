"""Failure groups that are new or back, at each of many instants of the past: for rehearsals. Pure (numpy).

At each instant they say what `alerts.reads.groups` would have said then, with one difference: mergers are those of
today. `tests/alerts/services/test_rehearsal_of_groups.py` compares both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.analysis.sliding import Floats
from monitoring.analysis.arrays import Booleans, np
from monitoring.analysis.triage import Standing, TriageStatus

# A failure may be told so long after it happened, and a group is over after so long without one.
QUIET = timedelta(hours=1)
# In its first day each failure of a workflow is new: its rules about failures tell of them.
LEARNED_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GroupPast:
    """What is known of one failure group.

    `first_seen_at` is its first failure, `known_since` when its workflow was seen first (None: not told). `failures`
    are the times (seconds since 1970, in order) of those that count. `standings` are where it stood, in order of time;
    before the first of them it was open.
    """

    first_seen_at: datetime
    known_since: datetime | None
    failures: Floats
    standings: Sequence[Standing] = ()


@dataclass(frozen=True, slots=True)
class GroupCourse:
    """Failures of the last hour at each instant, 0 where a rule does not look at the group; `begins` are the instants
    at which it may begin to. `is_once`: what was told and is over is not new a second time."""

    values: Floats
    begins: Booleans
    is_once: bool = False


def course_of_group(metric: str, past: GroupPast, instants: Floats) -> GroupCourse:
    """The course of `new_group` or `returned_group` for a rule that looks at each of these instants."""
    counts = (np.searchsorted(past.failures, moments, side="right") for moments in (instants, instants - _s(QUIET)))
    newest, before = counts
    failures = (newest - before).astype(np.float64)
    # What was told between two looks, and an hour late at most, is news.
    since = np.maximum(instants - 60.0, instants[0]) - _s(QUIET)
    if metric == "returned_group":
        is_seen, decided = _returned(past, instants)
        values = np.where(is_seen, failures, 0.0)
        return GroupCourse(values, (values > 0) & (decided > since))
    values = np.where(_is_open(past, instants), failures, 0.0)
    is_new = (values > 0) & (past.first_seen_at.timestamp() > since)
    if past.known_since is not None:
        is_new &= past.known_since.timestamp() <= instants - _s(LEARNED_AFTER)
    return GroupCourse(values, is_new, is_once=True)


def _s(length: timedelta) -> float:
    return length.total_seconds()


def _is_open(past: GroupPast, instants: Floats) -> Booleans:
    """Where it is neither resolved nor ignored. A time that has passed ends ignoring at once."""
    found = np.ones(len(instants), dtype=np.bool_)
    for standing, place, end in _stretches(past, instants):
        if standing.status is TriageStatus.IGNORED:
            until = standing.terms.until_at
            found[place:end] = False if until is None else instants[place:end] >= until.timestamp()
        else:
            found[place:end] = standing.status is not TriageStatus.RESOLVED
    return found


def _returned(past: GroupPast, instants: Floats) -> tuple[Booleans, Floats]:
    """Where it is back after it was resolved, and since when (seconds since 1970)."""
    found, decided = np.zeros(len(instants), dtype=np.bool_), np.full(len(instants), -np.inf)
    for standing, place, end in _stretches(past, instants):
        found[place:end] = standing.status is TriageStatus.REOPENED
        decided[place:end] = -np.inf if standing.at is None else standing.at.timestamp()
    return found, decided


def _stretches(past: GroupPast, instants: Floats) -> list[tuple[Standing, int, int]]:
    """Each standing with the places of the instants at which it held: from one to before another."""
    told = [one for one in past.standings if one.at is not None]
    starts = [int(np.searchsorted(instants, one.at.timestamp())) for one in told if one.at is not None]
    return list(zip(told, starts, [*starts[1:], len(instants)], strict=True)) if told else []
