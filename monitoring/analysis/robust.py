"""Rates and spreads that an incident in the history does not move, up to a stated share of it.

Trimming and quantile matching as in P. J. Huber and E. M. Ronchetti, "Robust Statistics" (2009), chapters 1 and 5; the
breakdown point is the greatest share of wrong data under which the answer stays bounded.
"""

import math
from collections.abc import Sequence

# A block of hours that is trimmed as one should have about so many events, else every event would be trimmed.
EVENTS_IN_BLOCK = 3
MIN_BLOCKS = 4
# This share of the runs is left out at each end: the breakdown point of a rate.
TRIMMED = 0.25
# Spreads are read where this share of the deviations lies within; one fifth may be wrong.
WITHIN = 0.8
# ... which is so many standard deviations of a normal distribution.
WITHIN_Z = 1.2815515655446004
# Squares of standard normal figures, capped at 4, have this mean.
CAP, CAPPED_MEAN = 4.0, 0.9205
MAX_DISPERSION = 4.0
_SMALLEST_VARIANCE = 1.0


def robust_rate(points: Sequence[tuple[float, int]]) -> float:
    """Events per sample of hours in order of time, each (events, samples): the mean of the middle half of the samples.

    Hours are put together to blocks of about three events first. Breakdown point: a quarter of the samples.
    """
    total = sum(samples for _events, samples in points)
    events = sum(count for count, _samples in points)
    if not total or not events:
        return 0.0
    blocks = min(len(points), max(MIN_BLOCKS, int(events // EVENTS_IN_BLOCK)))
    made = [(0.0, 0)] * blocks
    passed = 0.0
    for count, samples in points:
        place = min(blocks - 1, int((passed + samples / 2) / total * blocks))
        made[place] = (made[place][0] + count, made[place][1] + samples)
        passed += samples
    return _middle_half(sorted((count / samples, samples) for count, samples in made if samples))


def _middle_half(rates: Sequence[tuple[float, int]]) -> float:
    """The weighted mean of (rate, weight), sorted, without a quarter of the weight at each end."""
    total = sum(weight for _rate, weight in rates)
    low, high = TRIMMED * total, (1 - TRIMMED) * total
    passed = kept = weighted = 0.0
    for rate, weight in rates:
        part = max(0.0, min(passed + weight, high) - max(passed, low))
        passed, kept, weighted = passed + weight, kept + part, weighted + part * rate
    return weighted / kept if kept else rates[0][0]


def amount_spread(residuals: Sequence[float], fitted: float) -> float:
    """The standard deviation of residuals around medians of `fitted` points each; breakdown point one fifth."""
    found = _quantile(sorted(abs(residual) for residual in residuals), WITHIN) / WITHIN_Z
    return found * math.sqrt(fitted / (fitted - 1)) if fitted > 1 else found


def dispersion(points: Sequence[tuple[float, int, float]], *, is_rate: bool) -> float:
    """How much rates differ from hour to hour beyond chance, of hours (events, samples, expected rate).

    The theta with which the squares of (events - expected) / sqrt(V + theta E), each capped at 4, have the mean that
    those of normal figures have (Huber's proposal 2). For a rate p of n trials V = n p (1 - p) and E = V (n - 1); for
    a mean m, V = m and E = m^2. Hours that expect little are put together. 0 where chance alone is enough, or there is
    too little to say. Breakdown point: 0.92 / 4, over a fifth of the hours.
    """
    blocks = _blocks(points, is_rate)
    if len(blocks) < MIN_BLOCKS:
        return 0.0

    def mean_square(theta: float) -> float:
        return sum(min(gap**2 / (base + theta * extra), CAP) for gap, base, extra in blocks) / len(blocks)

    low, high = 0.0, 1.0 if is_rate else MAX_DISPERSION
    if mean_square(low) <= CAPPED_MEAN:
        return 0.0
    for _ in range(30):
        theta = (low + high) / 2
        low, high = (theta, high) if mean_square(theta) > CAPPED_MEAN else (low, theta)
    return high


def _blocks(points: Sequence[tuple[float, int, float]], is_rate: bool) -> list[tuple[float, float, float]]:
    """(|events - expected|, V, E) of hours put together until V is at least 1; what is left at the end is dropped."""
    made = []
    events = expected = base = 0.0
    trials = 0
    for count, samples, rate in points:
        mean = samples * rate
        events, expected, trials = events + count, expected + mean, trials + samples
        base += mean * max(1 - rate, 0.0) if is_rate else mean
        if base >= _SMALLEST_VARIANCE:
            made.append((abs(events - expected), base, base * (trials - 1) if is_rate else expected**2))
            events = expected = base = 0.0
            trials = 0
    return made


def _quantile(ordered: Sequence[float], share: float) -> float:
    if not ordered:
        return 0.0
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    part = place - low
    return ordered[low] if not part else ordered[low] * (1 - part) + ordered[low + 1] * part
