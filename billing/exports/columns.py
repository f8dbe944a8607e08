"""Columns of exported tables, and what their cells are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

# Text, also of money (plain digits), days and times (ISO 8601, UTC); whole numbers; None for what is not known.
Cell = str | int | None
Row = Sequence[Cell]
# Rows as a format writes them, without what ends a row.
Texts = Iterable[str]


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


class Encoder(Protocol):
    """How a format writes parts of rows: those that come again are made once, so that a row is mostly put together."""

    # Stands between parts.
    between: str

    def cells(self, columns: Sequence[Column], cells: Row) -> str:
        """Any cells, with the columns that they are of."""

    def numbers(self, text: str) -> str:
        """Counts and money, by commas; between two of them, nothing is what is not known."""

    def name(self, text: str) -> str:
        """A text of letters and digits alone, beginning with a letter, or an empty one: not known."""
