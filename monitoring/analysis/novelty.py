"""How unlikely a point of a time series is, given what came before it, and between what it usually lies.

Three views of each point, all of the past alone: how far it is from what is expected, how far the last `RECENT` points
are from it (root mean square), and whether these vary more, or less, than usual (standard deviation). Each is compared
with its own history, up to `HISTORY` figures of before these points (`monitoring.analysis.rarity`); the chance of the
point is the geometric mean of the three, so one view alone has to be very sure. A spike shows in all three, a shift in
the first two, a burst in the last two, a signal that stands still in the last.

The history is the yardstick, and what was told becomes part of it: a shift is told once, a spike that comes every day
is soon usual. Averaging evidence over a window after A. Lavin and S. Ahmad, "Evaluating Real-Time Anomaly Detection
Algorithms", ICMLA 2015, and S. Ahmad et al., Neurocomputing 262 (2017). Pure; values have any one unit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop
from monitoring import wording
from monitoring.analysis.arrays import np
from monitoring.analysis.expectation import Array, expected_values
from monitoring.analysis.rarity import LEAST_HISTORY, rarity

HISTORY = 2_000
RECENT = 20
# Nothing is unusual before so many points.
LEARN = 200
# A point whose chance is below this is outside what is usual.
CHANCE = 1 / 150
# A chance is never told to be smaller: a history of two thousand figures knows no more.
LEAST_CHANCE = 1e-6
USUAL_SHARE = 0.95
LARGEST = 1e100
UTC_ZONE = ZoneInfo("UTC")

Point = tuple[datetime, float]


class View(StrEnum):
    """What is looked at; the value is how it is said."""

    POINT = gettext_noop("the value is far from what is expected")
    WINDOW = gettext_noop("the last {recent} values are far from what is expected")
    SPREAD = gettext_noop("the last {recent} values vary more than usual")
    STILL = gettext_noop("the last {recent} values vary less than usual")

    @property
    def words(self) -> str:
        """How it is said, in the reader's language."""
        return _(self.value).format(recent=RECENT)


@dataclass(frozen=True, slots=True)
class Reading:
    """One point: what was expected, between what 95 of 100 values would lie, and the chance of it (0.000001 to 1).

    `low` and `high` are None with too little history. `view` is the rarest one.
    """

    at: datetime
    value: float
    expected: float
    low: float | None
    high: float | None
    chance: float
    view: View
    is_learning: bool

    @property
    def is_unusual(self) -> bool:
        """Whether the point is outside what is usual."""
        return self.chance <= CHANCE

    def words(self, write: Callable[[float], str] = "{:.4g}".format, since: datetime | None = None) -> str:
        """`97.4, usually 22 to 48 (expected 31); chance 1 in 12,300, since 2026-11-02 06:00 UTC: the value is far ...`.

        `write` puts a value in its unit.
        """
        if self.low is None or self.high is None or self.is_learning:
            return _("{value}; what is usual is not known yet").format(value=write(self.value))
        if since:
            text = _("{value}, usually {low} to {high} (expected {expected}); chance {chance}, since {since} UTC")
        else:
            text = _("{value}, usually {low} to {high} (expected {expected}); chance {chance}")
        told = text.format(
            value=write(self.value),
            low=write(self.low),
            high=write(self.high),
            expected=write(self.expected),
            chance=_chance_words(self.chance),
            since=since.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if since else "",
        )
        return _("{told}: {view}").format(told=told, view=self.view.words) if self.is_unusual else told


def _chance_words(chance: float) -> str:
    if chance <= LEAST_CHANCE:
        return _("under 1 in {number}").format(number=wording.count(1 / LEAST_CHANCE))
    if chance < 0.5:
        return _("1 in {number}").format(number=wording.count(1 / chance))
    return wording.percent(chance, digits=0)


@dataclass(frozen=True)
class Series:
    """A series made ready: points in order of time, what was expected, and the views (shape 4 x points)."""

    moments: tuple[datetime, ...]
    values: Array
    zone: ZoneInfo = UTC_ZONE

    @cached_property
    def expected(self) -> Array:
        """The expected value of each point; NaN for the first."""
        return expected_values(self.moments, self.values, HISTORY, self.zone)

    @cached_property
    def views(self) -> Array:
        """A figure of each view (in the order of `View`) of each point; NaN until there are `RECENT` points."""
        residuals = np.nan_to_num(self.values - self.expected)
        found = np.full((len(View), len(self.values)), np.nan)
        if len(self.values) >= RECENT:
            recent = np.lib.stride_tricks.sliding_window_view(self.values, RECENT)
            # Less their first value, so that equal values vary by exactly nothing.
            spread = (recent - recent[:, :1]).std(axis=1)
            squares = np.lib.stride_tricks.sliding_window_view(residuals**2, RECENT)
            found[:, RECENT - 1 :] = np.abs(residuals[RECENT - 1 :]), np.sqrt(squares.mean(axis=1)), spread, -spread
        return found

    def rarities(self, place: int) -> list[float]:
        """How rare each view of one point is, given those before it that share no point with its last `RECENT`."""
        end = max(RECENT - 1, place - RECENT + 1)
        past, now = self.views[:, max(RECENT - 1, end - HISTORY) : end], self.views[:, place]
        return [rarity(history, float(value)) for history, value in zip(past, now, strict=True)]

    def chance(self, place: int) -> float:
        """The chance of one point, 0.000001 to 1; 1 while what is usual is being learned."""
        return _mean_chance(self.rarities(place)) if place >= LEARN else 1.0

    def reading(self, place: int) -> Reading:
        """All that is said of one point."""
        rarities = self.rarities(place)
        low, high = self._usual(place)
        value = float(self.values[place])
        return Reading(
            at=self.moments[place],
            value=value,
            expected=float(self.expected[place]) if place else value,
            low=low,
            high=high,
            chance=self.chance(place),
            view=list(View)[rarities.index(max(rarities))],
            is_learning=place < LEARN,
        )

    def _usual(self, place: int) -> tuple[float | None, float | None]:
        """The range of 95 of 100 values there, by how far values were from what was expected; never beyond any seen."""
        start = max(1, place - HISTORY)
        if place - start < LEAST_HISTORY:
            return None, None
        seen, expected = self.values[start:place], float(self.expected[place])
        shares = (1 - USUAL_SHARE) / 2, (1 + USUAL_SHARE) / 2
        limits = expected + np.quantile(seen - self.expected[start:place], shares)
        low, high = np.clip(limits, seen.min(), seen.max())
        return float(low), float(high)


def _mean_chance(rarities: list[float]) -> float:
    """The geometric mean of the chances of point, window and spread, of which one side counts."""
    point, window, spread, still = rarities
    return max(LEAST_CHANCE, float(10.0 ** -((point + window + max(spread, still)) / 3)))


def series_of(points: Iterable[Point], zone: ZoneInfo = UTC_ZONE) -> Series:
    """A series of finite values at aware times, in any order; `zone` says which days are weekends.

    ValueError for a value that is no number, or beyond 10^100 (its square would be none).
    """
    ordered = sorted(points)
    values = np.array([value for _at, value in ordered], dtype=np.float64)
    wrong = np.flatnonzero(~(np.abs(values) <= LARGEST))
    if len(wrong):
        raise ValueError(f"the value at {ordered[wrong[0]][0]} is no finite number, or beyond {LARGEST:g}")
    return Series(tuple(moment for moment, _value in ordered), values, zone)


def latest(points: Iterable[Point], zone: ZoneInfo = UTC_ZONE) -> Reading | None:
    """What is said of the newest point; None without points. `HISTORY` points and a fortnight are all that matters."""
    series = series_of(points, zone)
    return series.reading(len(series.moments) - 1) if series.moments else None
