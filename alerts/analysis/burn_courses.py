"""How fast an error budget burned at each minute: `monitoring.analysis.objectives.burn` over arrays. Pure."""

from dataclasses import dataclass

from alerts.analysis.sliding import Buckets, Floats, Ints, sums_of
from monitoring.analysis.arrays import np
from monitoring.analysis.intervals import Z_95
from monitoring.analysis.objectives import ALARMS

LONGEST_MINUTES = round(max(alarm.long_hours for alarm in ALARMS) * 60)


@dataclass(frozen=True, slots=True)
class Burned:
    """Burn rates at the ends of minutes, with the rated runs behind them; `high` is the factor of the alarm that both
    of its windows reached, NaN where none did."""

    values: Floats
    samples: Ints
    high: Floats


def burned(buckets: Buckets, objective: float) -> Burned:
    """At the end of each minute from the `LONGEST_MINUTES`-th on; columns `rated` and `failing`, by the minute."""
    count, budget = buckets.count - LONGEST_MINUTES + 1, round(1 - objective, 12)
    values, high = np.full(count, np.nan), np.full(count, np.nan)
    samples = np.zeros(count, dtype=np.int64)
    if budget <= 0:
        return Burned(values, samples, high)
    # The longest window says it where none decides, the fastest alarm where several do: it is written last.
    for alarm in reversed(ALARMS):
        long = _window(buckets, alarm.long_hours, count)
        short = _window(buckets, alarm.short_hours, count)
        is_fast = (long[1] > 0) & (_surely(*long) >= alarm.factor * budget)
        is_fast &= (short[1] == 0) | (_rate(*short) >= alarm.factor * budget)
        decides = is_fast | ((long[1] > 0) & np.isnan(values))
        values[decides] = _rate(*long)[decides] / budget
        samples[decides] = long[1][decides].astype(np.int64)
        high[is_fast] = alarm.factor
    return Burned(values, samples, high)


def _window(buckets: Buckets, hours: float, count: int) -> tuple[Floats, Floats]:
    """Failures and rated runs of the windows of so many hours, one for each end."""
    length = round(hours * 60)
    failing, rated = (sums_of(buckets.columns[name], length)[-count:] for name in ("failing", "rated"))
    return failing, rated


def _rate(failing: Floats, rated: Floats) -> Floats:
    return failing / np.maximum(rated, 1)


def _surely(failing: Floats, rated: Floats) -> Floats:
    """The low end of the Wilson interval, as `monitoring.analysis.intervals.wilson` has it."""
    total, rate = np.maximum(rated, 1), _rate(failing, rated)
    centre = (rate + Z_95**2 / (2 * total)) / (1 + Z_95**2 / total)
    half = Z_95 * np.sqrt(rate * (1 - rate) / total + Z_95**2 / (4 * total**2)) / (1 + Z_95**2 / total)
    return np.maximum(0.0, centre - half)
