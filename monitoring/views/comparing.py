"""How figures of a list are compared: with the period before, in words and colours, and with each other, in order."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from monitoring import wording
from monitoring.analysis.intervals import Interval
from monitoring.windows import Window

_PERIODS = {
    timedelta(hours=1): gettext_noop("the hour before"),
    timedelta(days=1): gettext_noop("the day before"),
    timedelta(days=7): gettext_noop("the week before"),
    timedelta(days=30): gettext_noop("the 30 days before"),
    timedelta(days=90): gettext_noop("the 90 days before"),
}
# Windows are aligned outwards, so a day may be an hour longer than it says.
ALIGNED = 0.05
# Smaller relative changes of a count or a percentile are everyday noise and stay without a colour.
NOTABLE = 0.1


def previous_words(window: Window) -> str:
    """What the window is compared with: `the week before`."""
    near = (words for length, words in _PERIODS.items() if abs(window.length / length - 1) <= ALIGNED)
    return _(next(near, gettext_noop("the period before")))


def relative_change(now: float | Decimal | None, before: float | Decimal | None) -> float | None:
    """1.42 for 142 % more; None where either is missing or there was nothing before."""
    return float(now) / float(before) - 1 if now is not None and before else None


def rate_tone(now: Interval | None, before: Interval | None) -> str:
    """`fail` or `ok` where the intervals of two rates do not overlap, else no colour."""
    if now is None or before is None:
        return ""
    return "fail" if now.high < before.low else "ok" if now.low > before.high else ""


def growth_tone(change: float | None) -> str:
    """The colour of a change where more is worse: `fail`, `ok`, or none for a small one."""
    if change is None or abs(change) < NOTABLE:
        return ""
    return "fail" if change > 0 else "ok"


def interval_words(interval: Interval | None) -> str:
    """A 95 % interval in words: `93.5% to 94.6%`."""
    if interval is None:
        return wording.not_told()
    return _("{low} to {high}").format(low=wording.percent(interval.low), high=wording.percent(interval.high))


class Named(Protocol):
    """A row of a list with a name."""

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


def sort_rows(rows: Sequence[N], sort: str, keys: Mapping[str, Callable[[N], Any]]) -> list[N]:
    """The rows in the order that the address asks for; worst first, as they come, when it asks for none.

    Rows without the value asked for come last.
    """
    key = keys.get(sort.removeprefix("-"))
    if key is None:
        return list(rows)
    told = sorted((row for row in rows if key(row) is not None), key=lambda row: row.name.lower())
    told.sort(key=key, reverse=sort.startswith("-"))
    return [*told, *(row for row in rows if key(row) is None)]
