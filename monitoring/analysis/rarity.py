"""How rare a figure is against its own history: ranks where there are some, an exponential tail beyond them.

The largest 2 % of the history are its tail. Up to where it begins, the chance of a figure is its rank; beyond, that of
the tail times exp(-(excess) / (mean excess)): peaks over threshold with the shape 0 of the generalised Pareto
distribution, as A. Siffer, P.-A. Fouque, A. Termier and C. Largouet, "Anomaly Detection in Streams with Extreme Value
Theory", KDD 2017. (Their fitted shape was tried and scored no better; two figures of a tail of 40 are much to ask.)
Nothing depends on the unit: doubling all figures doubles limit and excess.
"""

import math

from monitoring.analysis.arrays import np
from monitoring.analysis.expectation import Array

TAIL_SHARE = 0.02
LEAST_TAIL = 10
# With fewer figures than this nothing is rare.
LEAST_HISTORY = 20
# Beyond this all is equally rare: enough for one view to decide alone among three (`monitoring.analysis.novelty`).
MOST = 9.0
# Differences below this part of the limit are rounding.
ROUNDING = 1e-6


def rarity(history: Array, value: float) -> float:
    """Minus log10 of the chance of a figure as large as `value`, from 0 to `MOST`; 0 with too little history."""
    count = len(history)
    if count < LEAST_HISTORY or math.isnan(value):
        return 0.0
    size = max(LEAST_TAIL, int(TAIL_SHARE * count))
    ordered = np.partition(history, count - size - 1)
    limit = float(ordered[count - size - 1])
    if value <= limit:
        return math.log10((count + 1) / (int(np.count_nonzero(history >= value)) + 1))
    scale = max(float(ordered[count - size :].mean()) - limit, _step_below(ordered, limit), ROUNDING * abs(limit))
    beyond = (value - limit) / scale / math.log(10) if scale > 0 else MOST
    return min(MOST, math.log10((count + 1) / (size + 1)) + beyond)


def _step_below(history: Array, limit: float) -> float:
    """From the limit down to the next figure: counts are no finer than that, and so is their tail."""
    below = history[history < limit]
    return limit - float(below.max()) if len(below) else 0.0
