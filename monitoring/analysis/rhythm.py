"""The rhythm of a workflow: streaks, the usual time between runs, and when the next one is expected."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from accounts.phrases import gettext as _
from accounts.phrases import ngettext
from monitoring import wording

# A rhythm is one when at least this share of the gaps is within this part of their median, from so many gaps.
MIN_GAPS = 5
REGULAR_SHARE = 0.75
REGULAR_PART = 0.25
# Starts jitter by seconds whatever the interval is.
JITTER = timedelta(seconds=30)
# A run is late once it has been out for so many times the longest usual gap (95 of 100 are shorter).
LATE_FACTOR = 1.5
USUAL_SHARE = 0.95
# A silence is usual that is exceeded for so small a share of the time only.
SILENT_SHARE = 0.01
_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How regularly a workflow runs. `interval` is None without two runs, `expected_at` without a regular rhythm.

    `late_at`: without a run until then, one is late; known from `MIN_GAPS` gaps on, also without a regular rhythm.
    `regular` of `gaps` gaps are within a quarter of the interval.
    """

    interval: timedelta | None
    is_regular: bool
    gaps: int
    regular: int
    longest_usual: timedelta | None
    last_at: datetime | None
    expected_at: datetime | None
    late_at: datetime | None

    @property
    def words(self) -> str:
        """`usually every 24 h (18 of 20 gaps within a quarter of that)` or `no regular rhythm (...)`."""
        if self.interval is None or self.gaps < MIN_GAPS:
            return ngettext(
                "no regular rhythm known ({gaps} gap between runs)",
                "no regular rhythm known ({gaps} gaps between runs)",
                self.gaps,
            ).format(gaps=self.gaps)
        if self.is_regular:
            text = _("usually every {interval} ({regular} of {gaps} gaps within a quarter of {interval})")
        else:
            text = _("no regular rhythm ({regular} of {gaps} gaps within a quarter of {interval})")
        interval = wording.duration_ms(self.interval / timedelta(milliseconds=1))
        return text.format(interval=interval, regular=self.regular, gaps=self.gaps)


def rhythm(starts: Iterable[datetime]) -> Rhythm:
    """The rhythm of the starts of runs, in any order; runs that start together count as one."""
    ordered = sorted(set(starts))
    gaps = sorted(later - earlier for earlier, later in pairwise(ordered))
    last = ordered[-1] if ordered else None
    if not gaps or last is None:
        return Rhythm(None, False, 0, 0, None, last, None, None)
    interval = (gaps[(len(gaps) - 1) // 2] + gaps[len(gaps) // 2]) / 2
    near = max(interval * REGULAR_PART, JITTER)
    regular = sum(abs(gap - interval) <= near for gap in gaps)
    is_known = len(gaps) >= MIN_GAPS
    is_regular = is_known and regular >= REGULAR_SHARE * len(gaps)
    longest = gaps[min(len(gaps) - 1, int(USUAL_SHARE * len(gaps)))]
    return Rhythm(
        interval=interval,
        is_regular=is_regular,
        gaps=len(gaps),
        regular=regular,
        longest_usual=longest,
        last_at=last,
        expected_at=last + interval if is_regular else None,
        late_at=last + longest * LATE_FACTOR if is_known else None,
    )


def usual_silence(
    gaps: Iterable[timedelta], *, of: timedelta | None = None, share: float = SILENT_SHARE
) -> timedelta | None:
    """The time since the last one of something that is longer only for `share` of all time; None without gaps.

    `of` is all time, the sum of the gaps where it is not told.
    Weighted by time, so that the one long gap of each night counts as the hours that it lasts, however many short gaps
    the day has: of gaps g, the time in which it is longer than x is the sum of what each g has beyond x.
    """
    ordered = sorted((gap for gap in gaps if gap > _ZERO), reverse=True)
    if not ordered:
        return None
    left = (sum(ordered, _ZERO) if of is None else of) * share
    # Lower x from the longest gap on: below the first n gaps, each unit of x costs n units of time.
    for place, gap in enumerate(ordered, start=1):
        following = ordered[place] if place < len(ordered) else _ZERO
        if (gap - following) * place >= left:
            return gap - left / place
        left -= (gap - following) * place
    return _ZERO


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run: when it counts, whether it failed (succeeded otherwise)."""

    at: datetime
    is_failure: bool


@dataclass(frozen=True, slots=True)
class Streak:
    """The last run, the last success, and the failures in a row since then with the time of the first of them."""

    last_at: datetime | None
    last_success_at: datetime | None
    failures: int
    began_at: datetime | None

    @property
    def words(self) -> str:
        """`3 failures in a row` or `the last run succeeded`."""
        if self.last_at is None:
            return _("no run known")
        if not self.failures:
            return _("the last run succeeded")
        if self.failures == 1:
            return _("the last run failed")
        return ngettext("{count} failure in a row", "{count} failures in a row", self.failures).format(
            count=wording.count(self.failures)
        )


def streak(runs: Iterable[Run]) -> Streak:
    """The streak that the newest runs are in, in any order; a failure and a success of one instant end in failure."""
    ordered = sorted(runs, key=lambda run: (run.at, run.is_failure), reverse=True)
    failing: list[Run] = []
    for run in ordered:
        if not run.is_failure:
            return Streak(ordered[0].at, run.at, len(failing), failing[-1].at if failing else None)
        failing.append(run)
    return Streak(ordered[0].at if ordered else None, None, len(failing), failing[-1].at if failing else None)


@dataclass(frozen=True, slots=True)
class Freshness:
    """The age of the last success against what it may be: an objective, else the longest usual gap times 1.5.

    `age` and `is_stale` are None where no success, or no limit, is known.
    """

    last_success_at: datetime | None
    age: timedelta | None
    limit: timedelta | None
    is_objective: bool
    is_stale: bool | None

    @property
    def words(self) -> str:
        """`last success 26 h ago, objective 24 h`."""
        if self.age is None:
            return _("no success known")
        if self.limit is None:
            return _("last success {age} ago; no usual interval known").format(age=_written(self.age))
        if self.is_objective:
            text = _("last success {age} ago, objective {limit}")
        else:
            text = _("last success {age} ago, usually at most {limit}")
        return text.format(age=_written(self.age), limit=_written(self.limit))


def freshness(
    last_success_at: datetime | None, now: datetime, *, objective: timedelta | None, successes: Sequence[datetime] = ()
) -> Freshness:
    """How fresh the last success is. Without an objective the gaps between earlier `successes` say what is usual."""
    longest = rhythm(successes) if objective is None else None
    usual = longest.longest_usual if longest and longest.gaps >= MIN_GAPS else None
    limit = objective if objective is not None else usual * LATE_FACTOR if usual is not None else None
    return freshness_within(last_success_at, now, limit, is_objective=objective is not None)


def freshness_within(
    last_success_at: datetime | None, now: datetime, limit: timedelta | None, *, is_objective: bool
) -> Freshness:
    """How fresh the last success is, against a limit that is known already."""
    age = max(now - last_success_at, _ZERO) if last_success_at is not None else None
    is_stale = age > limit if age is not None and limit is not None else None
    return Freshness(last_success_at, age, limit, is_objective, is_stale)


def _written(length: timedelta) -> str:
    return wording.duration_ms(length / timedelta(milliseconds=1))
