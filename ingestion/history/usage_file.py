"""Importing usage files: the whole file is checked first, so that a bad one leaves nothing behind.

Then its rows go the one way that all reports go. Each row's id comes from the file's content and the row's line, so an
import that was interrupted is simply run again, and a file that is there already changes nothing.
"""

import csv
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Context, Decimal
from pathlib import Path
from uuid import UUID

from django.utils.translation import gettext as _

from accounts import formats
from billing.reads.reporting import Reporting, rates_of
from ingestion.acceptance import accept
from ingestion.adapters.refusals import Refused
from ingestion.adapters.rest import read_item
from ingestion.history.usage_mapping import TOKENS, Mapping, check_columns
from ingestion.history.usage_rows import BadCell, RowReader, Usage
from ingestion.records import ExecutionReport
from monitoring.store.classes import Classes, classes_of
from monitoring.store.seals import sealed_days

MAX_BYTES = 1024**3
MAX_LINE = 1024 * 1024
MAX_BAD = 20
BATCH = 500
_SAMPLE = 64 * 1024
# What stands for bytes that are no UTF-8. Decoding goes ahead of the lines: an error would not know its own.
_UNDECODED = re.compile("[\udc80-\udcff]")
_EXACT = Context(prec=200)
# Where the reports' own words for a field differ from the mapping's.
_FIELDS = {"steps[0].cost_usd": "cost", "started_at": "time", "finished_at": "time"}
Heard = Callable[[int], None]


class UnreadableFile(ValueError):
    """The file as a whole cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be imported: where it begins in the file, its column, and why."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.reason}"


@dataclass(slots=True)
class Checked:
    """What a look over the whole file found. It can be imported when `bad_count` is 0. `bad` holds the first ones.

    `silent` rows tell neither tokens nor a cost: runs whose usage is not known. A file of nothing else is refused.
    """

    rows: int = 0
    silent: int = 0
    bad_count: int = 0
    bad: list[BadRow] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)
    cost_usd: Decimal | None = None
    first: datetime | None = None
    last: datetime | None = None
    sample: list[Usage] = field(default_factory=list)
    places: dict[tuple[int, date], int] = field(default_factory=dict)

    def refuse(self, line: int, column: str, reason: str) -> None:
        """Counts a bad row."""
        self.bad_count += 1
        if len(self.bad) < MAX_BAD:
            self.bad.append(BadRow(line, column, reason))


@dataclass(frozen=True, slots=True)
class Stored:
    """What an import did: rows that were new, rows that were there already."""

    stored: int
    duplicate: int


def heads(path: Path) -> list[str]:
    """The names of a file's columns. Raises `UnreadableFile`."""
    found = next((list(row) for _line, row in _rows(path)), [])
    if not any(name.strip() for name in found):
        raise UnreadableFile(_("The file is empty: it must begin with a line of column names."))
    return found


class UsageFile:
    """A usage file of one team, by a mapping. Raises `UnreadableFile` and `BadMapping` where it cannot be read."""

    def __init__(self, team_id: UUID, path: Path, mapping: Mapping, *, now: datetime, limit: int = MAX_BYTES) -> None:
        size = path.stat().st_size
        if size > limit:
            told = _("The file has {size} bytes; at most {most} are read. Split it.")
            raise UnreadableFile(told.format(size=formats.count(size), most=formats.count(limit)))
        self.team_id, self.path, self.mapping, self.now = team_id, path, mapping, now
        self.classes = classes_of(team_id)
        self.rates: dict[str, Reporting] = {}
        self.names = heads(path)
        check_columns(mapping, self.names)
        self.reader = RowReader(mapping, f"usage-{_digest(path)}", self._rate_on)

    def _rate_on(self, currency: str, day: date) -> Decimal | None:
        if currency not in self.rates:
            self.rates[currency] = rates_of(self.team_id, currency)
        return self.rates[currency].rate_on(day)

    def check(self, *, samples: int = 0) -> Checked:
        """Looks over the whole file; stores nothing."""
        found = Checked()
        for line, row in self._told_rows(found):
            usage = self._read(line, row, found)
            if usage is not None:
                _count(found, usage[0], line, self.classes)
                if len(found.sample) < samples:
                    found.sample.append(usage[0])
        gone = sealed_days(self.team_id, list(found.places), self.now) if found.places else set()
        for place in sorted(gone):
            told = _("is on {day}: the records of that day were removed by retention, its figures are final")
            reason = told.format(day=place[1])
            found.refuse(found.places[place], self.mapping.columns.get("time", "time"), reason)
        if not found.rows and not found.bad_count:
            found.refuse(1, "(file)", _("has no rows"))
        if found.rows and found.silent == found.rows:
            found.refuse(2, "(row)", _("tells neither tokens nor a cost, and neither does any other row"))
        return found

    def store(self, heard: Heard = lambda _line: None) -> Stored:
        """Imports a file that was checked. Raises `StorageUnavailable`; run it again to go on."""
        stored = duplicate = 0
        batch: list[tuple[int, ExecutionReport]] = []
        found = Checked()
        for line, row in self._told_rows(found):
            usage = self._read(line, row, found)
            if usage is not None:
                batch.append((line, usage[1]))
            if len(batch) >= BATCH:
                outcome = accept(self.team_id, batch, now=self.now)
                stored, duplicate, batch = stored + outcome.stored, duplicate + outcome.duplicate, []
                heard(line)
        if batch:
            outcome = accept(self.team_id, batch, now=self.now)
            stored, duplicate = stored + outcome.stored, duplicate + outcome.duplicate
        return Stored(stored, duplicate)

    def _told_rows(self, found: Checked) -> Iterator[tuple[int, dict[str, str]]]:
        """Rows behind the heads, by the names of columns."""
        width = len(self.names)
        for place, (line, row) in enumerate(_rows(self.path)):
            if place == 0 or not any(row):
                continue
            if len(row) != width:
                told = _("has {count} fields, the heads have {wanted}").format(count=len(row), wanted=width)
                found.refuse(line, "(row)", told)
                continue
            yield line, dict(zip(self.names, row, strict=True))

    def _read(self, line: int, row: dict[str, str], found: Checked) -> tuple[Usage, ExecutionReport] | None:
        try:
            usage = self.reader.read(line, row)
            report = read_item(dict(usage.item), self.now)
        except BadCell as bad:
            found.refuse(line, bad.column, bad.reason)
            return None
        except Refused as refused:
            target = _FIELDS.get(refused.field, refused.field.removeprefix("steps[0]."))
            found.refuse(line, self.mapping.columns.get(target, target), refused.reason)
            return None
        report.is_imported = True
        return usage, report


def _count(found: Checked, usage: Usage, line: int, classes: Classes) -> None:
    found.rows += 1
    found.silent += usage.is_silent
    for name in TOKENS:
        if name in usage.tokens:
            found.tokens[name] = found.tokens.get(name, 0) + usage.tokens[name]
    if usage.cost_usd is not None:
        found.cost_usd = _EXACT.add(found.cost_usd or Decimal(0), usage.cost_usd)
    found.first = usage.at if found.first is None else min(found.first, usage.at)
    found.last = usage.at if found.last is None else max(found.last, usage.at)
    kind = classes.of(str(usage.item.get("environment", "")))
    found.places.setdefault((int(kind), usage.at.date()), line)


def _digest(path: Path) -> str:
    """Tells files apart by all their bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def _decoded(lines: Iterable[str]) -> Iterator[str]:
    """Lines that are UTF-8. Raises `UnreadableFile` for the first that is not."""
    for number, line in enumerate(lines, 1):
        if not line.isascii() and _UNDECODED.search(line):
            raise UnreadableFile(_("Line {number} is not UTF-8 text. Is it a CSV file?").format(number=number))
        yield line


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line that it begins on. Commas, semicolons or tabs, whichever the heads have most of."""
    with path.open("rb") as raw:
        sample = raw.read(_SAMPLE).partition(b"\n")[0]
    delimiter = max((",", ";", "\t"), key=lambda one: (sample.count(one.encode()), one == ","))
    csv.field_size_limit(MAX_LINE)
    line = 1
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(_decoded(file), delimiter=delimiter, strict=True)
            for row in reader:
                yield line, row
                line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(_("Line {number}: {reason}.").format(number=line, reason=error)) from None
