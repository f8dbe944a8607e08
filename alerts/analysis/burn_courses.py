"""How fast an error budget burned at each minute or hour: `monitoring.analysis.objectives.burn` over arrays. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from alerts.analysis.sliding import Buckets, Floats, Ints
from monitoring.analysis.arrays import np
from monitoring.analysis.intervals import Z_95
from monitoring.analysis.objectives import ALARMS
from monitoring.windows import HOUR, MINUTE

LONGEST = timedelta(hours=max(alarm.long_hours for alarm in ALARMS))


@dataclass(frozen=True, slots=True)
class Burned:
    """Burn rates at the ends of buckets, with the rated runs behind them; `high` is the factor of the alarm that both
    of its windows reached, NaN where none did."""

    values: Floats
    samples: Ints
    high: Floats


def burned(buckets: Buckets, objective: float, bucket: timedelta = MINUTE) -> Burned:
    """At the end of each bucket that `LONGEST` lies before; columns `rated` and `failing`, from a whole hour on.

    A bucket is a minute or an hour. By the hour, windows that are shorter are the last whole hour.
    """
    count, budget = buckets.count - LONGEST // bucket + 1, round(1 - objective, 12)
    values, high = np.full(count, np.nan), np.full(count, np.nan)
    samples = np.zeros(count, dtype=np.int64)
    if budget <= 0:
        return Burned(values, samples, high)
    # The longest window says it where none decides, the fastest alarm where several do: it is written last.
    for alarm in reversed(ALARMS):
        long = _window(buckets, timedelta(hours=alarm.long_hours), bucket)
        short = _window(buckets, timedelta(hours=alarm.short_hours), bucket)
        is_fast = (long[1] > 0) & (_surely(*long) >= alarm.factor * budget)
        is_fast &= (short[1] == 0) | (_rate(*short) >= alarm.factor * budget)
        decides = is_fast | ((long[1] > 0) & np.isnan(values))
        values[decides] = _rate(*long)[decides] / budget
        samples[decides] = long[1][decides].astype(np.int64)
        high[is_fast] = alarm.factor
    return Burned(values, samples, high)


def _window(buckets: Buckets, length: timedelta, bucket: timedelta) -> tuple[Floats, Floats]:
    """Failures and rated runs of the windows of this length, one for each end; the longest begin with a whole hour, as
    `monitoring.reads.recency.recents` reads them."""
    ends = np.arange(LONGEST // bucket, buckets.count + 1)
    hour = HOUR // bucket
    starts = ends // hour * hour - LONGEST // bucket if length == LONGEST else ends - max(round(length / bucket), 1)
    added = (np.concatenate(([0.0], np.cumsum(buckets.columns[name]))) for name in ("failing", "rated"))
    failing, rated = (one[ends] - one[starts] for one in added)
    return failing, rated


def _rate(failing: Floats, rated: Floats) -> Floats:
    return failing / np.maximum(rated, 1)


def _surely(failing: Floats, rated: Floats) -> Floats:
    """The low end of the Wilson interval, as `monitoring.analysis.intervals.wilson` has it."""
    total, rate = np.maximum(rated, 1), _rate(failing, rated)
    centre = (rate + Z_95**2 / (2 * total)) / (1 + Z_95**2 / total)
    half = Z_95 * np.sqrt(rate * (1 - rate) / total + Z_95**2 / (4 * total**2)) / (1 + Z_95**2 / total)
    return np.maximum(0.0, centre - half)
