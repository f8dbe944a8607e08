"""Cost and usage exports of providers, read as they come: one row of a file to a day, a model, money and tokens."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from accounts import formats
from accounts.phrases import gettext as _
from billing.analysis.periods import month_words
from billing.analysis.statement_formats import FORMATS, StatementFormat, generic, recognise

MOST_FAULTS = 20
MOST_ROWS = 1_000_000
MOST_TOKENS = 10**15
_MOST_DIGITS = 40
# `Decimal` takes more: underscores, digits of other scripts.
_AMOUNT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One row: `amount` in `currency`, `tokens` of all kinds together; None where the file does not tell them."""

    line: int
    day: date
    model: str
    amount: Decimal | None
    currency: str
    tokens: int | None
    calls: int | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a cell; `column` is empty where it is the line or (line 0) the file."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        if self.line and self.column:
            words = _("line {line}, column {column}: {reason}")
        elif self.line:
            words = _("line {line}: {reason}")
        else:
            words = _("column {column}: {reason}") if self.column else "{reason}"
        return words.format(line=self.line, column=self.column, reason=self.reason)


class StatementRefused(Exception):
    """A file that is not read: nothing of it is kept. `faults` names line, column and reason, the first few of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def refuse(reason: str, *, line: int = 0, column: str = "") -> StatementRefused:
    """A refusal for one reason."""
    return StatementRefused([Fault(line, column, reason)])


def read_statement(
    lines: Iterable[str], *, provider: str, month: date, mapping: Mapping[str, str] | None = None
) -> tuple[StatementFormat, list[StatementRow]]:
    """The rows of a provider's file, all in `month` (its first day). With a `mapping` the file is read by that.

    Raises `StatementRefused` with line and column of what is wrong, at most `MOST_FAULTS`.
    """
    text = _Text(lines)
    reader = csv.reader(text, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise refuse(_("is no CSV: {error}").format(error=error), line=1) from None
    if not any(header):
        raise refuse(_("the file is empty: it must begin with a line of column names"))
    format = generic(mapping) if mapping else _format_of(header, provider)
    places = _places(format, header)
    rows, faults = _read_rows(text, reader, places, header, month)
    if faults:
        raise StatementRefused(faults)
    if not rows:
        raise refuse(_("has column names and no rows"))
    return format, rows


class _Text:
    """The lines of a file that is text; `number` is the line that was given last."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.number = 0
        self._lines = lines

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.number += 1
            text = line.removeprefix("\ufeff") if self.number == 1 else line
            if _CONTROL.search(text):
                raise refuse(_("has characters that no text has: is it a CSV file?"), line=self.number)
            yield text


def _format_of(header: Sequence[str], provider: str) -> StatementFormat:
    found = recognise(header)
    if found is None:
        words = _("is none of the exports that are known ({formats}): say which column is which")
        raise refuse(words.format(formats=", ".join(_(one.label) for one in FORMATS)), line=1)
    if provider.lower() in {one.provider for one in FORMATS} and found.provider != provider.lower():
        words = _("is an export of {format}, not of {provider}")
        raise refuse(words.format(format=_(found.label), provider=provider), line=1)
    return found


def _places(format: StatementFormat, header: Sequence[str]) -> dict[str, list[int]]:
    """The places of the columns of each field. Raises for one that is needed and is not there."""
    lowered = [name.lower() for name in header]
    told = {
        "day": format.day,
        "model": format.model,
        "amount": format.amount,
        "currency": format.currency,
        "calls": format.calls,
        "tokens": format.tokens,
    }
    found: dict[str, list[int]] = {}
    faults = []
    for field, names in told.items():
        places = [lowered.index(name.lower()) for name in names if name.lower() in lowered]
        missing = [name for name in names if name.lower() not in lowered]
        if missing and (format.key == "generic" or not places):
            faults.append(Fault(1, missing[0], _("there is no such column")))
        found[field] = places if field == "tokens" else places[:1]
    if not faults and not found["day"]:
        faults.append(Fault(1, "day", _("say which column holds the day")))
    if not faults and not (found["amount"] or found["tokens"]):
        faults.append(Fault(1, "amount", _("say which column holds the amount, or which hold tokens")))
    if faults:
        raise StatementRefused(faults)
    return found


def _read_rows(
    text: _Text,
    reader: Iterator[list[str]],
    places: Mapping[str, list[int]],
    header: Sequence[str],
    month: date,
) -> tuple[list[StatementRow], list[Fault]]:
    rows: list[StatementRow] = []
    faults: list[Fault] = []
    line = text.number + 1
    try:
        while len(faults) < MOST_FAULTS and (cells := next(reader, None)) is not None:
            if len(rows) == MOST_ROWS:
                return rows, [Fault(line, "", _("has more than {most} rows").format(most=formats.count(MOST_ROWS)))]
            try:
                if any(cell.strip() for cell in cells):
                    rows.append(_row(line, cells, places, header, month))
            except StatementRefused as refused:
                faults += refused.faults
            line = text.number + 1
    except csv.Error as error:
        faults.append(Fault(line, "", _("is no CSV: {error}").format(error=error)))
    return rows, faults[:MOST_FAULTS]


def _row(
    line: int, cells: Sequence[str], places: Mapping[str, list[int]], header: Sequence[str], month: date
) -> StatementRow:
    def cell(field: str) -> str | None:
        return _cell(line, cells, places[field][0]) if places[field] else None

    names = {field: header[at[0]] if at else "" for field, at in places.items()}
    day = read_day(cell("day") or "", line, names["day"])
    if (day.year, day.month) != (month.year, month.month):
        words = _("{day} is not in {month}").format(day=day, month=month_words(month))
        raise refuse(words, line=line, column=names["day"])
    amount = cell("amount")
    told = [(_cell(line, cells, place), header[place]) for place in places["tokens"]]
    tokens = [_count(text, line, column, MOST_TOKENS) for text, column in told if text]
    calls = cell("calls")
    currency = (cell("currency") or "USD").upper()
    if not re.fullmatch("[A-Z]{3}", currency):
        words = _("{text} is no currency: three letters, such as USD").format(text=repr(currency))
        raise refuse(words, line=line, column=names["currency"])
    return StatementRow(
        line,
        day,
        (cell("model") or "").partition(",")[0].strip()[:200],
        read_amount(amount, line, names["amount"]) if amount else None,
        currency,
        sum(tokens) if tokens else None,
        _count(calls, line, names["calls"], MOST_TOKENS) if calls else None,
    )


def _cell(line: int, cells: Sequence[str], place: int) -> str:
    if place >= len(cells):
        raise refuse(_("has fewer cells than the line of column names"), line=line)
    return cells[place].strip()


def read_day(text: str, line: int, column: str) -> date:
    """A day: ISO 8601 date or time, or seconds since 1970, in UTC."""
    try:
        if text.isascii() and text.isdigit() and len(text) <= 11:
            return datetime.fromtimestamp(int(text), UTC).date()
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        words = _("{text} is no day: write 2026-11-28").format(text=repr(text[:40]))
        raise refuse(words, line=line, column=column) from None
    return found.astimezone(UTC).date() if found.tzinfo else found.date()


def read_amount(text: str, line: int, column: str) -> Decimal:
    """Money as a plain decimal number; negative for credits."""
    if "," in text:
        raise refuse(_("{text} has a comma: write 1234.50").format(text=repr(text[:40])), line=line, column=column)
    if not _AMOUNT.fullmatch(text):
        raise refuse(_("{text} is no number").format(text=repr(text[:40])), line=line, column=column)
    found = Decimal(text)
    if len(text) > _MOST_DIGITS or abs(found) >= MOST_TOKENS:
        raise refuse(_("{text} is no amount of money").format(text=repr(text[:40])), line=line, column=column)
    return found


def _count(text: str, line: int, column: str, most: int) -> int:
    plain = text.removesuffix(".0")
    if not (plain.isascii() and plain.isdigit()) or len(plain) > 20 or int(plain) > most:
        words = _("{text} must be a whole number from 0 to {most}")
        words = words.format(text=repr(text[:40]), most=formats.count(most))
        raise refuse(words, line=line, column=column)
    return int(plain)
