"""CSV in two profiles: for people with a spreadsheet, and for programs.

The spreadsheet profile begins with a byte order mark, ends lines with CR LF, writes texts that look like formulas with
an apostrophe in front, and times as spreadsheets read them. The machine profile is plain RFC 4180 with LF: nothing is
changed, an empty field is NULL.
"""

import csv
import io
from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO

from billing.exports.columns import Cell, Column, Row, Rows, Shape
from monitoring.safe_cells import safe_cell

FLUSH = 500
KEPT = 2_000


def write_machine(columns: tuple[Column, ...], rows: Rows, out: BinaryIO) -> int:
    """Writes the table in the machine profile; how many rows."""
    return _write(columns, rows, out, "\n", start="")


def write_spreadsheet(columns: tuple[Column, ...], rows: Rows, out: BinaryIO) -> int:
    """Writes the table in the spreadsheet profile; how many rows."""
    return _write(columns, _safe_rows(columns, rows), out, "\r\n", start="\N{ZERO WIDTH NO-BREAK SPACE}")


def _write(columns: tuple[Column, ...], rows: Rows, out: BinaryIO, end: str, *, start: str) -> int:
    text = io.StringIO(newline="")
    text.write(start)
    writer = csv.writer(text, lineterminator=end)
    writer.writerow([column.name for column in columns])
    count, made = 0, iter(rows)
    while some := list(islice(made, FLUSH)):
        writer.writerows(some)
        out.write(text.getvalue().encode())
        text.seek(0)
        text.truncate()
        count += len(some)
    # The heads of a table without rows.
    out.write(text.getvalue().encode())
    return count


def _safe_rows(columns: tuple[Column, ...], rows: Rows) -> Iterator[Row]:
    """Rows whose texts are safe; what each text became is kept, as most come again."""
    places = [(at, _maker(column)) for at, column in enumerate(columns) if column.shape in (Shape.TEXT, Shape.MOMENT)]
    kept: list[dict[Cell, Cell]] = [{} for _ in places]
    for row in rows:
        safe = list(row)
        for (at, make), known in zip(places, kept, strict=True):
            cell = safe[at]
            if cell is None:
                continue
            if cell not in known:
                if len(known) > KEPT:
                    known.clear()
                known[cell] = make(cell)
            safe[at] = known[cell]
        yield safe


def _maker(column: Column) -> Callable[[Cell], Cell]:
    return _local_time if column.shape is Shape.MOMENT else safe_cell


def _local_time(cell: Cell) -> Cell:
    """`2026-08-12T10:00:00Z` as `2026-08-12 10:00:00`, which spreadsheets take for a time (still UTC)."""
    return str(cell).replace("T", " ").removesuffix("Z")
