"""How a finding lives: found, confirmed, gone, back, dismissed. Pure: what it is now and what was seen give what comes
next.

Found again it is open; not found twice in a row while there was enough data, it is gone: one look alone may miss what
stands at the edge of significance. A dismissed one stays dismissed while it lasts, and comes back when its worth is
more than twice what it was then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from monitoring import wording

GONE_AFTER = 2
BACK_FACTOR = 2.0
MAX_COURSE = 60
MAX_EVENTS = 100
OPEN, GONE, DISMISSED = "open", "gone", "dismissed"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the figures found of it."""

    worth: float
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Life:
    """Where a finding stands. `course` holds [day, worth], oldest first; `events` what happened, as plain JSON."""

    status: str
    worth: float
    since: datetime | None
    gone_at: datetime | None = None
    absent: int = 0
    dismissed_worth: float | None = None
    course: Sequence[tuple[str, float]] = ()
    events: Sequence[dict[str, Any]] = ()


def look(life: Life | None, seen: Seen | None, now: datetime, *, has_enough: bool = True) -> Life | None:
    """The finding after a look. None stays None without anything seen; `has_enough`: there was enough data
    to see it."""
    if seen is None:
        return life if life is None or not has_enough else _missed(life, now)
    if life is None:
        first = Life(OPEN, seen.worth, seen.since)
        return _with_course(_with_event(first, now, "found"), seen.worth, now)
    found = replace(_reopened(life, seen, now), worth=seen.worth, absent=0)
    return _with_course(found, seen.worth, now)


def dismiss(life: Life, now: datetime, *, by: str, why: str) -> Life:
    """A member's decision to leave it as it is."""
    dismissed = replace(life, status=DISMISSED, dismissed_worth=life.worth)
    return _with_event(dismissed, now, "dismissed", by=by, why=why)


def reopen(life: Life, now: datetime, *, by: str) -> Life:
    """The decision taken back."""
    return _with_event(replace(life, status=OPEN, dismissed_worth=None), now, "reopened", by=by)


def _missed(life: Life, now: datetime) -> Life:
    if life.status == GONE:
        return life
    absent = life.absent + 1
    if absent < GONE_AFTER:
        return replace(life, absent=absent)
    gone = replace(life, status=GONE, gone_at=now, absent=absent, dismissed_worth=None)
    return _with_event(gone, now, "gone")


def _reopened(life: Life, seen: Seen, now: datetime) -> Life:
    if life.status == GONE:
        back = replace(life, status=OPEN, gone_at=None, since=seen.since)
        return _with_event(back, now, "came back")
    known = [moment for moment in (life.since, seen.since) if moment is not None]
    life = replace(life, since=min(known, default=None))
    if life.status == DISMISSED and seen.worth > BACK_FACTOR * (life.dismissed_worth or 0.0):
        then, current = (wording.count(worth) for worth in (life.dismissed_worth or 0.0, seen.worth))
        why = f"worth {current} executions a week, more than twice the {then} when it was dismissed"
        return _with_event(replace(life, status=OPEN, dismissed_worth=None), now, "came back", why=why)
    return life


def _with_event(life: Life, now: datetime, what: str, **more: str) -> Life:
    event = {"at": now.isoformat(), "what": what, **more}
    return replace(life, events=[*life.events, event][-MAX_EVENTS:])


def _with_course(life: Life, worth: float, now: datetime) -> Life:
    """One point a day: the latest one of it."""
    day = now.date().isoformat()
    earlier = [(one, value) for one, value in life.course if one != day]
    return replace(life, course=[*earlier, (day, float(f"{worth:.6g}"))][-MAX_COURSE:])
