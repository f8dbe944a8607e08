"""When to try again, and when to give up. Pure.

Passing faults (no answer, 408, 425, 429, 5xx) are tried for a day with growing pauses. What the receiver refuses for
good is tried a few times, because somebody may be about to correct a token, and is then dropped with its reason.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=5)
LONGEST_TOLD_PAUSE = timedelta(hours=1)
KEPT = timedelta(hours=24)
# Tries of one entry that is refused for good.
MOST_TRIES = 4
_PASSING = frozenset({408, 425, 429, *range(500, 600)})
_UNFIT = frozenset({400, 413, 422})


class Verdict(Enum):
    """What an answer means for what was sent: `UNFIT` is about this very content, `REFUSED` about the sender."""

    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"
    UNFIT = "unfit"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one request: `reason` in words; `pause` is what the receiver asked for."""

    verdict: Verdict
    reason: str = ""
    pause: timedelta | None = None


def verdict_of(status: int) -> Verdict:
    """What a status means. Redirects are refusals: they are not followed."""
    if 200 <= status < 300:
        return Verdict.TAKEN
    if status in _PASSING:
        return Verdict.LATER
    return Verdict.UNFIT if status in _UNFIT else Verdict.REFUSED


def pause_after(failures: int, told: timedelta | None = None, *, chance: float | None = None) -> timedelta:
    """How long to wait after so many failures in a row: doubled each time, with half of it left to chance.

    Never less than what the receiver asked for, up to an hour.
    """
    whole: timedelta = min(FIRST_PAUSE * int(2 ** min(max(failures - 1, 0), 30)), LONGEST_PAUSE)
    share = random.random() if chance is None else chance  # noqa: S311 - spreads tries, guards nothing
    pause = whole / 2 + whole / 2 * share
    return max(pause, min(told, LONGEST_TOLD_PAUSE)) if told is not None else pause


def told_pause(value: str | None, now: datetime) -> timedelta | None:
    """What `Retry-After` says: seconds or a date (RFC 9110). None when it says nothing that can be read."""
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return timedelta(seconds=min(int(value.strip()[:9]), 86_400))
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return max(at - now, timedelta(0))
