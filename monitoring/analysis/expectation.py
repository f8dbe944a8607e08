"""What a point of a series is expected to be: the usual value at that time of day, on such days.

The median of the last seven values at the same time of day on days of the same kind (Monday to Friday, or Saturday and
Sunday), out of the last fourteen days. Where fewer than two are told, on days of any kind; where these are too few as
well (a young series, or one of minutes), the median of what came before. A seasonal naive forecast made robust: R. J.
Hyndman and G. Athanasopoulos, "Forecasting: Principles and Practice" (2021), 5.2. It looks back only.
"""

import bisect
import math
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from monitoring.analysis.arrays import Booleans, Integers, Reals, np

Array = Reals

DAY_SECONDS = 86_400.0
DAYS = 14
VALUES = 7
LEAST_VALUES = 2
# A value counts as one of the same time of day when it is the nearest one and no further away than this.
NEAR_SECONDS = 1_800.0


def expected_values(moments: Sequence[datetime], values: Array, past: int, zone: ZoneInfo) -> Array:
    """The expected value at each of the aware, sorted moments; NaN for the first one.

    `past`: of how many points before it the median is taken where the time of day says nothing.
    """
    at = np.array([moment.timestamp() for moment in moments])
    is_weekend = _weekends(at, zone)
    nearest, is_told = _same_time(at)
    alike = is_told & (is_weekend[nearest] == is_weekend)
    expected = _median_of_last(values[nearest], alike)
    missing = np.flatnonzero(np.isnan(expected))
    expected[missing] = _median_of_last(values[nearest[:, missing]], is_told[:, missing])
    missing = missing[np.isnan(expected[missing])]
    if len(missing):
        expected[missing] = _medians_before(values[: missing[-1] + 1].tolist(), past)[missing]
    return expected


def _weekends(at: Array, zone: ZoneInfo) -> Booleans:
    """Whether each moment is on a Saturday or Sunday, by the zone's offset at the start of its UTC day."""
    days, which = np.unique(at // DAY_SECONDS, return_inverse=True)
    starts = (datetime.fromtimestamp(day * DAY_SECONDS, zone).utcoffset() for day in days.tolist())
    offsets = np.array([start.total_seconds() if start else 0.0 for start in starts])
    # 1 January 1970 was a Thursday.
    return np.asarray(((at + offsets[which]) // DAY_SECONDS + 3) % 7 >= 5)


def _same_time(at: Array) -> tuple[Integers, Booleans]:
    """The place of the point nearest to each moment a day, two, ... before (shape days x points), and whether it is
    near enough."""
    days = min(DAYS, math.ceil((at[-1] - at[0]) / DAY_SECONDS))
    wanted = at - DAY_SECONDS * np.arange(1, days + 1)[:, None]
    nearest = np.searchsorted((at[1:] + at[:-1]) / 2, wanted)
    return nearest, np.abs(at[nearest] - wanted) <= NEAR_SECONDS


def _median_of_last(found: Array, mask: Booleans) -> Array:
    """The median of the first seven values that the mask keeps in each column; NaN where it keeps too few."""
    kept = mask & (np.cumsum(mask, axis=0) <= VALUES)
    counts = kept.sum(axis=0)
    medians = np.full(len(counts), np.nan)
    columns = np.flatnonzero(counts >= LEAST_VALUES)
    if len(columns):
        counts = counts[columns]
        ordered = np.sort(np.where(kept[:, columns], found[:, columns], np.inf).T)
        rows = np.arange(len(columns))
        medians[columns] = ordered[rows, (counts - 1) // 2] / 2 + ordered[rows, counts // 2] / 2
    return medians


def _medians_before(values: Sequence[float], past: int) -> Array:
    """The median of up to `past` values before each one; NaN for the first."""
    low, high, window = [np.nan], [np.nan], list[float]()
    for place, value in enumerate(values[:-1]):
        if place >= past:
            del window[bisect.bisect_left(window, values[place - past])]
        bisect.insort(window, value)
        count = len(window)
        low.append(window[(count - 1) // 2])
        high.append(window[count // 2])
    return np.array(low) / 2 + np.array(high) / 2
