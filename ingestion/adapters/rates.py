"""Sampling rates as their senders write them: a share that is kept, a per cent, or one in how many.

All become "one in N", N at least 1. What is no rate says nothing: it never makes a figure.
"""

import math
from typing import Any

MAX_TEXT = 40
# Senders round shares (0.1 in 16 bits is one in 9.9994): what is this near to a whole number is that number.
NEARNESS = 0.005


def one_in(value: Any) -> float | None:
    """N, told as it is; 0 says that nothing was left out, as 1 does."""
    number = _number(value)
    return None if number is None or number < 0 else nearest(max(number, 1.0))


def of_share(value: Any) -> float | None:
    """N of the share of all that is kept, over 0 and at most 1."""
    number = _number(value)
    return nearest(1 / number) if number is not None and 0 < number <= 1 else None


def of_percent(value: Any) -> float | None:
    """N of the share in per cent."""
    number = _number(value)
    return None if number is None else of_share(number / 100)


def nearest(number: float) -> float | None:
    """N without what rounding on its way did to it: a whole number, else two digits. None for what is infinite."""
    if not math.isfinite(number):
        return None
    whole = float(round(number))
    return whole if abs(number - whole) <= NEARNESS * number else round(number, 2)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > MAX_TEXT:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
