"""Files of exchange rates: CSV `currency,date,usd`. Read as a whole or refused, naming line and column."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from accounts import formats
from accounts.phrases import gettext as _
from billing.analysis.amounts import read_currency, read_day, read_positive

COLUMNS = ("currency", "date", "usd")
MOST_BYTES = 1_000_000
MOST_ROWS = 20_000
# Faults that are told at once; a file that has more is another file.
MOST_FAULTS = 20
_READERS: tuple[Callable[[str], Any], ...] = (read_currency, read_day, read_positive)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong where; `column` is empty where it is the line, `line` 0 where it is the file."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        if not self.line:
            words = _("the file: {reason}")
        elif self.column:
            words = _("line {line}, column {column}: {reason}")
        else:
            words = _("line {line}: {reason}")
        return words.format(line=self.line, column=self.column, reason=self.reason)


class FileRefused(Exception):
    """A file that cannot be read: `faults` says what is wrong where."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class RateRow:
    """One unit of `currency` is worth `usd` US dollars from `starts_on` on; `line` says where the file says it."""

    line: int
    currency: str
    starts_on: date
    usd: Decimal


def read_rate_file(content: bytes) -> list[RateRow]:
    """The rates of a file. Raises `FileRefused`."""
    if len(content) > MOST_BYTES:
        words = _("must have at most {most} bytes, has {count}")
        told = words.format(most=formats.count(MOST_BYTES), count=formats.count(len(content)))
        raise FileRefused([Fault(0, "", told)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileRefused([Fault(line, "", _("must be text in UTF-8"))]) from None
    rows, faults = _read(csv.reader(text.splitlines(), strict=True))
    if not rows and not faults:
        faults = [Fault(0, "", _("has no rates"))]
    if faults:
        raise FileRefused(faults[:MOST_FAULTS])
    return rows


def _read(lines: Iterator[list[str]]) -> tuple[list[RateRow], list[Fault]]:
    rows: dict[tuple[str, date], RateRow] = {}
    faults: list[Fault] = []
    number = 0
    try:
        for number, cells in enumerate(lines, 1):
            if number == 1:
                faults += _header_faults(cells)
                if faults:
                    break
            elif any(cell.strip() for cell in cells):
                _take(number, cells, rows, faults)
            if len(faults) >= MOST_FAULTS or len(rows) > MOST_ROWS:
                break
    except csv.Error as error:
        faults.append(Fault(number + 1, "", _("is no CSV: {error}").format(error=error)))
    if len(rows) > MOST_ROWS:
        faults.append(Fault(number, "", _("there must be at most {most} rates").format(most=formats.count(MOST_ROWS))))
    return list(rows.values()), faults


def _header_faults(cells: list[str]) -> list[Fault]:
    told = tuple(cell.strip().lower() for cell in cells)
    if told == COLUMNS:
        return []
    found, wanted = ",".join(told)[:100], ",".join(COLUMNS)
    words = _("must be the header {wanted}, is {found}") if found else _("must be the header {wanted}, is empty")
    return [Fault(1, "", words.format(wanted=wanted, found=found))]


def _take(number: int, cells: list[str], rows: dict[tuple[str, date], RateRow], faults: list[Fault]) -> None:
    if len(cells) != len(COLUMNS):
        words = _("must have {wanted} columns, has {found}").format(wanted=len(COLUMNS), found=len(cells))
        faults.append(Fault(number, "", words))
        return
    values = []
    for column, read, cell in zip(COLUMNS, _READERS, cells, strict=True):
        try:
            values.append(read(cell))
        except ValueError as error:
            found = cell.strip()[:40]
            words = _("{fault}, is {found}") if found else _("{fault}, is empty")
            faults.append(Fault(number, column, words.format(fault=error, found=found)))
    if len(values) < len(COLUMNS):
        return
    row = RateRow(number, *values)
    if row.currency == "USD":
        faults.append(Fault(number, "currency", _("must be another than USD")))
    elif (first := rows.get((row.currency, row.starts_on))) is not None:
        faults.append(Fault(number, "date", _("says again what line {line} says").format(line=first.line)))
    else:
        rows[row.currency, row.starts_on] = row
