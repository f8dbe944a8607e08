"""Says of one reading whether the condition of a rule holds: the one place where values meet limits.

A condition with hysteresis has three answers: beyond its threshold (`BAD`), past its clear threshold (`GOOD`), and
`BETWEEN` the two, where what fires goes on and what does not stays calm.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.analysis.catalogue import METRICS, Family
from alerts.analysis.conditions import Comparison, Condition
from alerts.analysis.readings import Reading


class Verdict(StrEnum):
    """What one reading says about a condition."""

    BAD = "bad"
    BETWEEN = "between"
    GOOD = "good"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class Judged:
    """A reading and what it says. `limit` is what the value was held against, in the metric's unit (None: nothing
    could be said). `excess` is how far beyond the limit the value is: the greater, the worse; 0 at the limit.
    """

    reading: Reading
    verdict: Verdict
    limit: float | None = None
    excess: float = 0.0

    @property
    def at(self) -> datetime:
        """The end of the window, or the time of the look."""
        return self.reading.at


def judge(condition: Condition, reading: Reading) -> Judged:
    """What a reading says about a condition. Nothing can be said without a finite value, with too few samples, and
    without what it is to be compared with."""
    value = reading.value
    if value is None or not math.isfinite(value) or reading.samples < condition.min_samples:
        return Judged(reading, Verdict.NO_DATA)
    metric = METRICS.get(condition.metric)
    if metric is None:
        return Judged(reading, Verdict.NO_DATA)
    if metric.family is Family.BURN:
        return _burning(condition, reading, value)
    if metric.family is Family.COST_BUDGET and condition.threshold is None:
        return _of_own_threshold(reading, value)
    if condition.comparison in (Comparison.UNUSUAL, Comparison.UNUSUAL_EITHER):
        return _unusual(reading, value, metric.worse, is_either=condition.comparison is Comparison.UNUSUAL_EITHER)
    return _beyond(condition, reading, value)


def _beyond(condition: Condition, reading: Reading, value: float) -> Judged:
    """Strictly above (below) the threshold is bad; at the clear threshold it is good again."""
    limit = condition.threshold
    if limit is None or not math.isfinite(limit):
        return Judged(reading, Verdict.NO_DATA)
    sign = 1 if condition.comparison is Comparison.ABOVE else -1
    clear = limit if condition.clear_threshold is None else condition.clear_threshold
    excess = sign * (value - limit)
    if excess > 0:
        return Judged(reading, Verdict.BAD, limit, excess)
    # A clear threshold on the wrong side of the threshold is none.
    is_clear = sign * (value - clear) <= 0 or sign * (clear - limit) > 0
    return Judged(reading, Verdict.GOOD if is_clear else Verdict.BETWEEN, limit, excess)


def _unusual(reading: Reading, value: float, worse: int, *, is_either: bool) -> Judged:
    """Outside the usual range, on the side on which the metric gets worse or on both."""
    low, high = reading.low, reading.high
    if low is None or high is None:
        return Judged(reading, Verdict.NO_DATA)
    above, below = value - high, low - value
    use_high = above >= below if is_either else worse > 0
    excess, limit = (above, high) if use_high else (below, low)
    return Judged(reading, Verdict.BAD if excess > 0 else Verdict.GOOD, limit, excess)


def _burning(condition: Condition, reading: Reading, value: float) -> Judged:
    """The reader sets `high` to the factor of the alarm that both of its windows reached, and leaves it out where none
    did (`monitoring.analysis.objectives.burn`). A threshold leaves out alarms of slower burns."""
    least = condition.threshold or 0.0
    if reading.high is None or reading.high < least:
        return Judged(reading, Verdict.GOOD, least or None, min(0.0, value - least) if least else 0.0)
    return Judged(reading, Verdict.BAD, reading.high, value - reading.high)


def _of_own_threshold(reading: Reading, value: float) -> Judged:
    """A budget at or above its own lowest threshold, which the reader sets `high` to. Without one it is never bad."""
    limit = reading.high
    if limit is None:
        return Judged(reading, Verdict.GOOD)
    return Judged(reading, Verdict.BAD if value >= limit else Verdict.GOOD, limit, value - limit)
