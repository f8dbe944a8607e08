"""Cells of tables of words and figures: what a reader sees, and the value that an export has.

`templates/components/_cells.html` shows a table of them; the weekly review and the role pages are made of such tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from accounts import formats


@dataclass(frozen=True, slots=True)
class Column:
    """A column; numbers stand right. `metric` is the key of the definition of what it shows."""

    title: str
    is_number: bool = False
    metric: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, a smaller one under it, and where it leads. `raw` is what an export writes (None: nothing).

    `tone` is ok, fail, warn or empty; `is_code` is for names of nodes and the like; a `share` of 1 is drawn as a bar.
    """

    text: str
    sub: str = ""
    href: str = ""
    raw: Any = None
    tone: str = ""
    is_number: bool = False
    is_code: bool = False
    share: float | None = None


Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a table; `none` is said where there are none, `more` under those that are shown."""

    key: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    none: str
    more: str = ""

    @property
    def header(self) -> list[str]:
        """The titles of the columns, as an export writes them."""
        return [column.title for column in self.columns]

    @property
    def raw(self) -> list[list[Any]]:
        """The rows as an export writes them."""
        return [[cell.raw for cell in row] for row in self.rows]

    def first(self, count: int, *, of: int | None = None) -> "Rows":
        """The table with its first rows; what is left out is said. `of` is how many there are, where only the first
        were made."""
        left = (len(self.rows) if of is None else of) - count
        more = f"{formats.count(left)} more in the export" if left > 0 else ""
        return replace(self, rows=self.rows[:count], more=more)


def text(words: str, *, sub: str = "", href: str = "", tone: str = "") -> Cell:
    """A cell of words; an export has the words without what is under them."""
    return Cell(words, sub, href, words, tone)


def code(name: str, *, sub: str = "", href: str = "") -> Cell:
    """A name as programs write it."""
    return Cell(name, sub, href, name, is_code=True)


def number(words: str, raw: Any, *, sub: str = "", tone: str = "") -> Cell:
    """A figure in words, with its value."""
    return Cell(words, sub, "", raw, tone, is_number=True)
