"""Objectives: what a workflow's own history proposes until somebody sets one, and how fast the error budget burns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from accounts.phrases import gettext as _
from monitoring import wording
from monitoring.analysis.histogram import Histogram, percentile
from monitoring.analysis.intervals import wilson
from monitoring.analysis.rhythm import LATE_FACTOR, Rhythm

# An objective is proposed that the workflow kept in at least this share of the weeks that had enough runs.
KEPT_SHARE = 0.75
MIN_WEEKS = 2
MIN_RUNS = 50
P95_SHARE = 0.95
RATES = (0.999, 0.995, 0.99, 0.98, 0.97, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5)
_NICE = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
_SECOND, _MINUTE, _HOUR = 1_000.0, 60_000.0, 3_600_000.0
_NICE_MS = (
    *(part * unit for unit in (1.0, 10.0, 100.0) for part in _NICE[:-1]),
    *(part * _SECOND for part in (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45)),
    *(part * _MINUTE for part in (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45)),
    *(part * _HOUR for part in (1, 1.5, 2, 3, 4, 6, 8, 12)),
    *(part * 24 * _HOUR for part in (1, 1.5, 2, 3, 4, 5, 7, 10, 14, 21, 28, 42, 60, 90)),
)


@dataclass(frozen=True, slots=True)
class Week:
    """One week of history: rated runs, how many of them succeeded, the durations of the finished ones."""

    rated: int
    succeeded: int
    histogram: Histogram


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed objective (share of 1, or ms) and the arithmetic behind it; `value` None says why there is none.

    Proposals are kept, with their words, which stay English.
    """

    value: float | None
    words: str


def propose_success_rate(weeks: Sequence[Week]) -> Proposal:
    """The highest rate of `RATES` that was reached in at least three of four weeks with 50 runs or more."""
    rates = [week.succeeded / week.rated for week in weeks if week.rated >= MIN_RUNS]
    if len(rates) < MIN_WEEKS:
        return _too_short(len(rates), "runs")
    for rate in RATES:
        kept = sum(one >= rate for one in rates)
        if kept >= KEPT_SHARE * len(rates):
            text = f"{wording.plain_percent(rate)} or more succeeded in {kept} of {len(rates)} weeks"
            return Proposal(rate, f"Proposed: {text}, the highest step that holds in three of four")
    return Proposal(None, "No proposal: under half of the runs succeed in more than one of four weeks")


def propose_p95_ms(weeks: Sequence[Week]) -> Proposal:
    """The least round duration (ms) that p95 kept in at least three of four weeks with 50 timed runs or more."""
    slow = [percentile(week.histogram, P95_SHARE) for week in weeks if sum(week.histogram.values()) >= MIN_RUNS]
    p95 = [value for value in slow if value is not None]
    if len(p95) < MIN_WEEKS:
        return _too_short(len(p95), "runs with a duration")
    for limit in _NICE_MS:
        kept = sum(value <= limit for value in p95)
        if kept >= KEPT_SHARE * len(p95):
            text = f"p95 was at most {wording.plain_duration_ms(limit)} in {kept} of {len(p95)} weeks"
            return Proposal(limit, f"Proposed: {text}, the least round figure that holds in three of four")
    return Proposal(None, "No proposal: runs take over 90 days")


def propose_freshness_ms(successes: Rhythm) -> Proposal:
    """The least round duration (ms) from 1.5 times the longest usual gap between successes (95 of 100 are shorter)."""
    if successes.longest_usual is None or successes.late_at is None:
        return Proposal(None, f"No proposal: {successes.gaps} gaps between successes are too few")
    longest = successes.longest_usual / timedelta(milliseconds=1)
    limit = next((nice for nice in _NICE_MS if nice >= max(longest * LATE_FACTOR, _MINUTE)), None)
    gap = wording.duration_ms(longest)
    if limit is None:
        return Proposal(None, f"No proposal: gaps of {gap} between successes are usual")
    text = f"95 of 100 gaps between {successes.gaps + 1} successes are at most {gap}"
    return Proposal(limit, f"Proposed: {text}; 1.5 times that, rounded up to {wording.plain_duration_ms(limit)}")


def _too_short(weeks: int, what: str) -> Proposal:
    return Proposal(None, f"No proposal: {weeks} weeks with {MIN_RUNS} {what} or more, {MIN_WEEKS} are needed")


@dataclass(frozen=True, slots=True)
class Recent:
    """Runs of the last `hours` hours up to now: rated ones and failures among them."""

    hours: float
    rated: int
    failures: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """A pair of windows (hours) and the burn rate that is too fast when both have it."""

    long_hours: float
    short_hours: float
    factor: float


# Of a budget of 30 days: 2 % in an hour, 5 % in six, 10 % in three days. B. Beyer and others (editors), "The Site
# Reliability Workbook" (2018), chapter 5, "Multiwindow, multi-burn-rate alerts".
ALARMS = (Alarm(1, 1 / 12, 14.4), Alarm(6, 0.5, 6.0), Alarm(72, 6, 1.0))


@dataclass(frozen=True, slots=True)
class Burn:
    """How fast the error budget burns: 1 uses it up exactly at the end of its period. `is_too_fast` by `ALARMS`.

    `rate` is that of the window which decided, the longest one where none did; None without runs or without a budget.
    """

    rate: float | None
    hours: float | None
    budget: float
    is_too_fast: bool
    words: str


def burn(objective_success_rate: float, recent: Sequence[Recent]) -> Burn:
    """The burn of the error budget, 1 - objective. An objective of 100 % leaves no budget to burn.

    Too fast when the long window of an alarm surely burns that fast (the low end of the Wilson interval of its failure
    rate) and the short one, if it had runs, still does: so one failure among few runs raises none.
    """
    budget = round(1 - objective_success_rate, 12)
    if budget <= 0:
        words = _("An objective of {rate} leaves no error budget").format(rate=wording.plain_percent(1))
        return Burn(None, None, 0.0, False, words)
    known = {round(one.hours, 6): one for one in recent if one.rated > 0}
    if not known:
        return Burn(None, None, budget, False, _("No runs, so no error budget is used"))
    for alarm in ALARMS:
        long = known.get(round(alarm.long_hours, 6))
        short = known.get(round(alarm.short_hours, 6))
        surely = wilson(long.failures, long.rated) if long else None
        if long is None or surely is None or surely.low < alarm.factor * budget:
            continue
        if short is None or short.failures / short.rated >= alarm.factor * budget:
            return _burn(long, budget, True)
    return _burn(max(known.values(), key=lambda one: one.hours), budget, False)


def _burn(window: Recent, budget: float, is_too_fast: bool) -> Burn:
    rate = window.failures / window.rated / budget
    words = _(
        "{failures} of {runs} runs failed in {time}: {times} the rate that the error budget of {budget} allows"
    ).format(
        failures=wording.count(window.failures),
        runs=wording.count(window.rated),
        time=wording.duration_ms(window.hours * _HOUR),
        times=wording.times(rate),
        budget=wording.plain_percent(budget),
    )
    return Burn(rate, window.hours, budget, is_too_fast, words)
