"""Cells that are safe to open in a spreadsheet, for every table and file that we write. Pure."""

from typing import Any

# A cell that starts with one of these is taken for a formula by spreadsheets.
_FULL_WIDTH = (
    "\N{FULLWIDTH EQUALS SIGN}",
    "\N{FULLWIDTH PLUS SIGN}",
    "\N{FULLWIDTH HYPHEN-MINUS}",
    "\N{FULLWIDTH COMMERCIAL AT}",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", *_FULL_WIDTH)


def safe_cell(value: Any) -> Any:
    """The value as a cell: empty for None; a text that looks like a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
