"""What is usual by a figure's own hours, where no usual range is kept of it: `monitoring.analysis.novelty`. Pure."""

from collections.abc import Sequence
from datetime import datetime
from statistics import median

from alerts.analysis.usual import WIDENED, Limits
from monitoring.analysis.novelty import LEARN, Point, series_of

# Less than a tenth is never outside: clocks, histograms and whole numbers are not finer than that.
LEAST = 0.1


def limits_of_series(points: Sequence[Point], at: datetime) -> Limits | None:
    """Between which values the figure of the hour at `at` is as usual, given those of earlier hours; None where these
    are too few. 95 of 100 values lie in the usual range; the limits are `WIDENED` times as far from what is expected.
    """
    if len(points) < LEARN:
        return None
    # What is said of a point depends on those before it alone: the value at `at` is not looked at.
    reading = series_of([*points, (at, median(value for _, value in points))]).reading(len(points))
    if reading.low is None or reading.high is None:
        return None
    expected = reading.expected
    below = max(WIDENED * (expected - reading.low), LEAST * abs(expected))
    above = max(WIDENED * (reading.high - expected), LEAST * abs(expected))
    return max(0.0, expected - below), expected + above
