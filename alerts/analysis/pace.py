"""When windows end and when they are evaluated: pure arithmetic of times. docs/alerts/semantics.md says it in words."""

from datetime import datetime, timedelta

from alerts.analysis.conditions import Condition
from monitoring.windows import MINUTE, floor_to

# A window is evaluated so long after its end at the earliest: what was on its way then has come, and is in the figures.
SETTLE = timedelta(seconds=5)
# Windows that ended so long ago at most are looked at again when their figures changed.
LATENESS = timedelta(minutes=15)
# An outage is made up for over so much time at most: figures by the minute are kept for twice as long.
MADE_UP = timedelta(hours=24)
# Windows of one rule that one visit evaluates at most; a longer outage takes several.
MAX_ENDS = 240
# Figures that wait so long to be computed do not hold an evaluation up any longer.
STUCK_AFTER = timedelta(minutes=2)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=400)
# The longer a window is, the less a minute of it says.
_STEPS = ((timedelta(hours=6), timedelta(minutes=1)), (timedelta(hours=24), timedelta(minutes=5)))
_LONG_STEP = timedelta(minutes=15)


def length_of(condition: Condition) -> timedelta:
    """How long a window is: whole minutes, within what figures can answer."""
    told = timedelta(seconds=min(condition.window_s, LONGEST.total_seconds()))
    return max(SHORTEST, floor_to_minutes(told))


def floor_to_minutes(length: timedelta) -> timedelta:
    """The whole minutes of a length."""
    return length // MINUTE * MINUTE


def step_of(condition: Condition) -> timedelta:
    """How far apart the ends of windows are: a minute up to six hours, 5 minutes up to a day, then a quarter hour."""
    length = length_of(condition)
    return next((step for limit, step in _STEPS if length <= limit), _LONG_STEP)


def delay_of(condition: Condition) -> timedelta:
    """How long after its end a window is evaluated."""
    return max(SETTLE, timedelta(seconds=condition.delay_s))


def newest_end(condition: Condition, now: datetime) -> datetime:
    """The end of the newest window that may be evaluated."""
    return floor_to(now - delay_of(condition), step_of(condition))


def next_due(condition: Condition, end: datetime) -> datetime:
    """When the window after the one that ended at `end` is evaluated."""
    return end + step_of(condition) + delay_of(condition)


def new_ends(condition: Condition, until: datetime | None, now: datetime) -> list[datetime]:
    """The ends of windows that are to be evaluated, oldest first: those after `until`; only the newest without it.

    At most `MAX_ENDS`, of the last `MADE_UP`.
    """
    step, newest = step_of(condition), newest_end(condition, now)
    if until is None:
        return [newest]
    first = max(floor_to(until, step) + step, newest - MADE_UP)
    count = max(0, (newest - first) // step + 1)
    return [first + place * step for place in range(min(count, MAX_ENDS))]


def late_ends(condition: Condition, changed: datetime, until: datetime, since: datetime) -> list[datetime]:
    """The ends of evaluated windows, up to `until`, whose figures changed: those that hold the minute `changed`, and as
    many before them as the condition must hold. Not before `since`, when the rule became what it is."""
    step = step_of(condition)
    before = min(timedelta(seconds=condition.for_s), LATENESS)
    first = max(floor_to(changed, step) + step - before, floor_to(since, step) + step)
    first = floor_to(first, step)
    count = max(0, (until - first) // step + 1)
    return [first + place * step for place in range(count)]
