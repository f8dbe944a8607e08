"""Cells of the weekly review: what a reader sees, and the value that an export has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """A column; numbers stand right."""

    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, a smaller one under it, and where it leads. `raw` is what an export writes (None: nothing).

    `tone` is ok, fail, warn or empty.
    """

    text: str
    sub: str = ""
    href: str = ""
    raw: Any = None
    tone: str = ""
    is_number: bool = False


Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a table; `none` is said where there are none."""

    key: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    none: str


def text(words: str, *, sub: str = "", href: str = "", tone: str = "") -> Cell:
    """A cell of words; an export has the words without what is under them."""
    return Cell(words, sub, href, words, tone)


def number(words: str, raw: Any, *, sub: str = "", tone: str = "") -> Cell:
    """A figure in words, with its value."""
    return Cell(words, sub, "", raw, tone, is_number=True)
