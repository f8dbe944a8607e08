"""What a period will have cost when it ends, with an interval, from costs by day.

The level of the last days is carried forward, times a weekday's usual share where four weeks or more show one. Model:
innovations form of simple exponential smoothing, y = f * level + e, level moves by alpha * f * e / mean(f^2). The
variance of a sum over the days ahead is that of lead-time demand in this form: Hyndman, Koehler, Ord, Snyder,
"Forecasting with Exponential Smoothing" (2008), chapter 6. The interval is wide where the level moves, as it should be.
Estimates are floats, in cents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from math import log, sqrt

from accounts.phrases import gettext as _
from billing.analysis.periods import DAY
from billing.analysis.sums import WIDE, add_up

# The share of months whose cost should end inside the interval.
COVERAGE = 0.8
_Z = 1.2815515655446004
MIN_DAYS = 7
LOOK_BACK = 56
# A weekday pattern needs each weekday this often.
WEEKS = 4
_ALPHAS = tuple(number / 20 for number in range(1, 19))
_FLAT = (1.0,) * 7
_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Point:
    """What will have been spent by the end of a day, with the interval."""

    day: date
    usd: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Forecast:
    """The end of a period. `usd` is None where `reason` says why; `known_days` is how many days it rests on."""

    usd: Decimal | None
    low: Decimal | None
    high: Decimal | None
    known_days: int
    has_weekdays: bool = False
    reason: str = ""
    course: Sequence[Point] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class _Fit:
    factors: Sequence[float]
    alpha: float
    level: float
    error: float
    freedom: int
    score: float


def forecast(
    by_day: Mapping[date, Decimal], start: date, end: date, today: date, *, spent: Decimal | None = None
) -> Forecast:
    """The cost of [start, end), of which `today` is the last day that has begun.

    `by_day`: US dollars by day, also of days before `start`; a day that is not there cost nothing. What was spent up to
    and on `today` counts as it is; the days after it, and the rest of today, are forecast.
    """
    known = [day for day in by_day if day < today and by_day[day] > 0]
    first = min(known, default=today)
    first = max(first, today - LOOK_BACK * DAY)
    days = [first + number * DAY for number in range((today - first).days)]
    if len(days) < MIN_DAYS:
        return Forecast(None, None, None, len(days), reason=_too_few(len(days)))
    values = [float(by_day.get(day, 0)) for day in days]
    fit = _fit(values, first.weekday())
    if spent is None:
        spent = add_up(usd for day, usd in by_day.items() if start <= day < today)
    course = _course(fit, spent, float(by_day.get(today, 0)), today, end)
    last = course[-1] if course else Point(today, spent, spent, spent)
    return Forecast(
        last.usd, last.low, last.high, len(days), has_weekdays=fit.factors is not _FLAT, course=tuple(course)
    )


def forecast_beside_fixed(
    by_day: Mapping[date, Decimal],
    fixed: Mapping[date, Decimal],
    start: date,
    end: date,
    today: date,
    *,
    spent: Decimal | None = None,
) -> Forecast:
    """As `forecast`, where `fixed` amounts of months, which stand whole on first days, are no part of the daily level.

    Those of months that have begun count as they are; each month of the period that is still to begin costs what the
    last one did.
    """
    varying = {day: WIDE.subtract(usd, fixed.get(day, _NONE)) for day, usd in by_day.items()}
    if spent is not None:
        spent = WIDE.subtract(spent, add_up(usd for day, usd in fixed.items() if start <= day < today))
    found = forecast(varying, start, end, today, spent=spent)
    begun = add_up(usd for day, usd in fixed.items() if start <= day <= today)
    a_month = next((fixed[day] for day in sorted(fixed, reverse=True) if day <= today), _NONE)
    if found.usd is None or found.low is None or found.high is None or not (begun or a_month):
        return found
    course = [_raised(point, begun + a_month * _months_between(today, point.day)) for point in found.course]
    last = course[-1] if course else _raised(Point(today, found.usd, found.low, found.high), begun)
    return replace(found, usd=last.usd, low=last.low, high=last.high, course=tuple(course))


def _raised(point: Point, usd: Decimal) -> Point:
    return Point(point.day, *(WIDE.add(one, usd) for one in (point.usd, point.low, point.high)))


def _months_between(today: date, day: date) -> int:
    """How many months begin after today, up to a day."""
    return (day.year - today.year) * 12 + day.month - today.month


def _too_few(days: int) -> str:
    words = _("Too few days to forecast: {days} of at least {least} whole days with costs.")
    return words.format(days=days, least=MIN_DAYS)


def _course(fit: _Fit, spent: Decimal, so_far: float, today: date, end: date) -> list[Point]:
    """Sums from today on. Today costs at least what it has cost; the low end is at least what was spent."""
    points: list[Point] = []
    ahead = [fit.factors[(today + number * DAY).weekday()] for number in range((end - today).days)]
    total, spread = 0.0, _quantile(fit.freedom) * fit.error
    moves = fit.alpha / (sum(factor * factor for factor in fit.factors) / 7)
    for number, factor in enumerate(ahead):
        expected = factor * fit.level
        total += max(expected, so_far) if number == 0 else expected
        # How the error of each day up to this one adds to the sum: itself, and through the level it moves.
        later, variance = 0.0, 0.0
        for share in reversed(ahead[: number + 1]):
            variance += (1 + moves * share * later) ** 2
            later += share
        half = spread * sqrt(variance)
        floor = max(so_far, 0.0)
        low, high = max(total - half, floor), total + half
        points.append(Point(today + number * DAY, *(spent + _cents(one) for one in (total, low, high))))
    return points


def _fit(values: Sequence[float], weekday: int) -> _Fit:
    """The better of flat and by weekday, by Akaike's criterion."""
    fits = [_best(values, weekday, _FLAT, 2)]
    if len(values) >= 7 * WEEKS and (factors := _factors(values, weekday)):
        fits.append(_best(values, weekday, factors, 8))
    return min(fits, key=lambda fit: fit.score)


def _factors(values: Sequence[float], weekday: int) -> Sequence[float]:
    """The usual share of each weekday (Monday first), 1 on average, from whole weeks; empty where nothing was spent."""
    whole = len(values) // 7 * 7
    kept, first = values[-whole:], weekday + len(values) - whole
    mean = sum(kept) / whole
    if mean <= 0:
        return ()
    sums = [0.0] * 7
    for number, value in enumerate(kept):
        sums[(first + number) % 7] += value
    return tuple(one / (whole / 7) / mean for one in sums)


def _best(values: Sequence[float], weekday: int, factors: Sequence[float], parameters: int) -> _Fit:
    return min((_run(values, weekday, factors, alpha, parameters) for alpha in _ALPHAS), key=lambda fit: fit.score)


def _run(values: Sequence[float], weekday: int, factors: Sequence[float], alpha: float, parameters: int) -> _Fit:
    """One pass through the days with this alpha; errors of the first week only teach the level."""
    square = sum(factor * factor for factor in factors) / 7
    head = min(len(values), 14)
    shares = [factors[(weekday + number) % 7] for number in range(len(values))]
    weight = sum(share * share for share in shares[:head])
    level = sum(share * value for share, value in zip(shares[:head], values[:head], strict=True)) / (weight or 1)
    skipped = 7 if len(values) >= 21 else 0
    squares = 0.0
    for number, (share, value) in enumerate(zip(shares, values, strict=True)):
        error = value - share * level
        level += alpha * share * error / square
        squares += error * error if number >= skipped else 0
    counted = len(values) - skipped
    freedom = max(counted - parameters, 1)
    score = counted * log(max(squares / counted, 1e-18)) + 2 * parameters
    return _Fit(factors, alpha, max(level, 0.0), sqrt(squares / freedom), freedom, score)


def _quantile(freedom: int) -> float:
    """Student's t at the coverage: the Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5)."""
    z = _Z
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def _cents(value: float) -> Decimal:
    return Decimal(str(round(value, 2)))
