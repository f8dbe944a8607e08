"""Arithmetic to be shown: figures with their unit and how each came about, as lines and as tables.

Pages, the API and exports write the same values; which words a unit has is decided where they are shown. Milliseconds,
shares from 0 to 1, US dollars.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from monitoring.analysis.intervals import Interval

Value = float | int | str | None


class Unit(StrEnum):
    """What a value is."""

    TEXT = "text"
    COUNT = "count"
    SHARE = "share"
    MS = "ms"
    USD = "usd"
    TIMES = "times"
    PER_WEEK = "per week"
    USD_PER_WEEK = "usd per week"


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: its name, value and unit, and how it came about (empty: as counted)."""

    name: str
    value: Value
    unit: Unit = Unit.COUNT
    how: str = ""

    def as_document(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"name": self.name, "value": rounded(self.value), "unit": self.unit.value, "how": self.how}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of figures under columns of a name and a unit."""

    title: str
    columns: Sequence[tuple[str, Unit]]
    rows: Sequence[Sequence[Value]]

    def as_document(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "title": self.title,
            "columns": [{"name": name, "unit": unit.value} for name, unit in self.columns],
            "rows": [[rounded(value) for value in row] for row in self.rows],
        }


def rounded(value: Value) -> Value:
    """Eight significant digits: what is shown needs no more, and the same figures make the same text."""
    return float(f"{value:.8g}") if isinstance(value, float) else value


def ends(interval: Interval | None) -> tuple[float | None, float | None]:
    """The ends of an interval of a share; None without one."""
    return (interval.low, interval.high) if interval else (None, None)
