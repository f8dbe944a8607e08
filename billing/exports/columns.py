"""Columns of exported tables, and what their cells are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

# Text, also of money (plain digits), days and times (ISO 8601, UTC); whole numbers; None for what is not known.
Cell = str | int | None
Row = Sequence[Cell]
Rows = Iterable[Row]


class Shape(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    MOMENT = "moment"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the file, what its cells are, and what they mean."""

    name: str
    shape: Shape = Shape.TEXT
    help: str = ""


def columns(shape: Shape, *names: str) -> tuple[Column, ...]:
    """Columns of one shape."""
    return tuple(Column(name, shape) for name in names)
