"""The rules of triage: what an event does to a failure group, when ignoring ends, and when a resolved group is back.

Published source of the model: the issue states of error trackers (Sentry's "Issue States and Triage", Bugsnag's
"snooze" rules), where a group is open, reviewed, ignored until a condition holds, or resolved in a release, and a later
failure makes a regression. Here the state is a fold over the events in the order of their times, so neither the order
in which events come nor their repetition matters.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import reduce


class TriageStatus(StrEnum):
    """Where a failure group stands. Reopened: it was resolved and failed again."""

    OPEN = "open"
    REVIEWED = "reviewed"
    IGNORED = "ignored"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class EventKind(StrEnum):
    """What happens to a group. Expired and regressed are found by Steadyrun, the others are decided."""

    REVIEWED = "reviewed"
    IGNORED = "ignored"
    RESOLVED = "resolved"
    OPENED = "opened"
    EXPIRED = "expired"
    REGRESSED = "regressed"
    ASSIGNED = "assigned"
    MERGED = "merged"
    SPLIT = "split"


# What still asks for somebody, and what does not.
TO_DO = (TriageStatus.OPEN, TriageStatus.REOPENED, TriageStatus.REVIEWED)
_DECIDED = {
    EventKind.IGNORED: TriageStatus.IGNORED,
    EventKind.RESOLVED: TriageStatus.RESOLVED,
    EventKind.OPENED: TriageStatus.OPEN,
}
_FOUND = {
    EventKind.EXPIRED: (TriageStatus.IGNORED, TriageStatus.OPEN),
    EventKind.REGRESSED: (TriageStatus.RESOLVED, TriageStatus.REOPENED),
}
_ORDER = list(EventKind)


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a group is ignored, or in which release it is resolved. Nothing told: for good, or from now on.

    `count` further failures end ignoring (with `within`: so many in a stretch of that length); `until_at` is a time.
    A release is the next one that goes live, or a named one.
    """

    until_at: datetime | None = None
    count: int | None = None
    within: timedelta | None = None
    release: str = ""
    is_next_release: bool = False

    @property
    def names_release(self) -> bool:
        """Whether they depend on a release."""
        return bool(self.release) or self.is_next_release


NO_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Standing:
    """The status, since when, and on which terms."""

    status: TriageStatus = TriageStatus.OPEN
    at: datetime | None = None
    terms: Terms = NO_TERMS


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `about` is when the decision was made that an expiry or a regression ends."""

    id: str
    kind: EventKind
    at: datetime
    terms: Terms = field(default=NO_TERMS)
    about: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Failures of a group in one release after it was resolved.

    `release` is None where no release was live when they happened and none was told; `live_at` is when it went live.
    """

    release: str | None
    live_at: datetime | None
    first_at: datetime
    failures: int = 1


class IgnoreEnd(StrEnum):
    """Why ignoring ended."""

    TIME = "time"
    COUNT = "count"
    RELEASE = "release"


def apply(standing: Standing, event: Event) -> Standing:
    """The standing after an event.

    Ignoring, resolving and opening always count; reviewing only while the group is open or reopened (an ignored or
    resolved one is decided about already); expiry and regression only end the very decision that they are about.
    """
    if event.kind in _DECIDED:
        return Standing(_DECIDED[event.kind], event.at, event.terms)
    if event.kind is EventKind.REVIEWED:
        is_waiting = standing.status in (TriageStatus.OPEN, TriageStatus.REOPENED)
        return Standing(TriageStatus.REVIEWED, event.at) if is_waiting else standing
    if event.kind in _FOUND:
        before, after = _FOUND[event.kind]
        is_meant = standing.status is before and standing.at == event.about
        return Standing(after, event.at) if is_meant else standing
    return standing


def standing_after(events: Iterable[Event]) -> Standing:
    """The standing after all of these events: each counts once, in the order of their times."""
    known = {event.id: event for event in events}
    ordered = sorted(known.values(), key=lambda event: (event.at, _ORDER.index(event.kind), event.id))
    return reduce(apply, ordered, Standing())


def ignore_end(
    terms: Terms, now: datetime, *, reached_at: datetime | None, live_at: datetime | None
) -> IgnoreEnd | None:
    """Why ignoring has ended; None while it lasts. The first condition that holds ends it.

    `reached_at` is when the number of further failures was reached, `live_at` when the release of the terms went live;
    None: not yet.
    """
    if terms.until_at is not None and terms.until_at <= now:
        return IgnoreEnd.TIME
    if terms.count is not None and reached_at is not None:
        return IgnoreEnd.COUNT
    if terms.names_release and live_at is not None and live_at <= now:
        return IgnoreEnd.RELEASE
    return None


def regression(terms: Terms, live_at: datetime | None, seen: Iterable[Seen]) -> Seen | None:
    """The failures that brought a resolved group back, those of the earliest; None while it stays resolved.

    Resolved without a release, any later failure counts. Resolved in a release that went live at `live_at` (None: not
    yet), failures in that release or one that went live later count, however long older releases go on failing.
    """
    counted = [one for one in seen if one.failures and _counts(terms, live_at, one)]
    return min(counted, key=lambda one: (one.first_at, one.release or ""), default=None)


def _counts(terms: Terms, live_at: datetime | None, seen: Seen) -> bool:
    if not terms.names_release:
        return True
    return live_at is not None and seen.live_at is not None and seen.live_at >= live_at
