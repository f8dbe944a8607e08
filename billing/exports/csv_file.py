"""CSV in two profiles: for people with a spreadsheet, and for programs.

The spreadsheet profile begins with a byte order mark, ends lines with CR LF, writes texts that look like formulas with
an apostrophe in front, and times as spreadsheets read them. The machine profile is plain RFC 4180 with LF: nothing is
changed, an empty field is NULL.
"""

import csv
import io
from collections.abc import Sequence
from itertools import islice
from typing import BinaryIO

from billing.exports.columns import Cell, Column, Row, Shape, Texts
from monitoring.safe_cells import safe_cell

FLUSH = 500
MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class MachineCells:
    """Parts of rows in the machine profile."""

    between = ","
    end = "\n"

    def cells(self, columns: Sequence[Column], cells: Row) -> str:
        """The cells as they are, quoted where they must be."""
        return self._quoted(cells)

    def numbers(self, text: str) -> str:
        """As they are."""
        return text

    def name(self, text: str) -> str:
        """As it is."""
        return text

    def _quoted(self, cells: Row) -> str:
        text = io.StringIO(newline="")
        # A last cell that is cut off again: a row of one empty cell would be written as a pair of quotes.
        csv.writer(text, lineterminator=self.end).writerow((*cells, None))
        return text.getvalue()[: -len(self.end) - 1]


class SpreadsheetCells(MachineCells):
    """Parts of rows in the spreadsheet profile."""

    end = "\r\n"

    def cells(self, columns: Sequence[Column], cells: Row) -> str:
        """Texts are safe; times are as spreadsheets read them."""
        return self._quoted([_shown(column, cell) for column, cell in zip(columns, cells, strict=True)])


MACHINE, SPREADSHEET = MachineCells(), SpreadsheetCells()


def write_machine(columns: tuple[Column, ...], rows: Texts, out: BinaryIO) -> int:
    """Writes the table in the machine profile; how many rows."""
    return _write(MACHINE, columns, rows, out, start="")


def write_spreadsheet(columns: tuple[Column, ...], rows: Texts, out: BinaryIO) -> int:
    """Writes the table in the spreadsheet profile; how many rows."""
    return _write(SPREADSHEET, columns, rows, out, start=MARK)


def _write(encoder: MachineCells, columns: tuple[Column, ...], rows: Texts, out: BinaryIO, *, start: str) -> int:
    heads = encoder.between.join(column.name for column in columns)
    out.write(f"{start}{heads}{encoder.end}".encode())
    count, made = 0, iter(rows)
    while some := list(islice(made, FLUSH)):
        some.append("")
        out.write(encoder.end.join(some).encode())
        count += len(some) - 1
    return count


def _shown(column: Column, cell: Cell) -> Cell:
    if cell is None or column.shape not in (Shape.TEXT, Shape.MOMENT):
        return cell
    return _local_time(cell) if column.shape is Shape.MOMENT else safe_cell(cell)


def _local_time(cell: Cell) -> Cell:
    """`2026-08-12T10:00:00Z` as `2026-08-12 10:00:00`, which spreadsheets take for a time (still UTC)."""
    return str(cell).replace("T", " ").removesuffix("Z")
