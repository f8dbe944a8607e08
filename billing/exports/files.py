"""Which tables can be exported, in which formats, and writing one into a file."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Team
from billing.exports import chargeback_table, csv_file, parquet_file, xlsx_file
from billing.exports.columns import Column, Encoder, Texts
from billing.exports.focus_table import FocusTable
from billing.exports.line_table import COLUMNS as LINE_COLUMNS
from billing.exports.line_texts import LineTexts
from billing.reads.cost_lines import Batch, Chosen, read, read_texts
from billing.reads.reporting import Reporting, reporting_between


class Table(StrEnum):
    """What is exported."""

    LINES = "lines"
    FOCUS = "focus"
    CHARGEBACK = "chargeback"


class Format(StrEnum):
    """How it is written."""

    SPREADSHEET = "csv"
    MACHINE = "csv-machine"
    XLSX = "xlsx"
    PARQUET = "parquet"


_TABLE_WORDS = {
    Table.LINES: gettext_noop("Cost lines"),
    Table.FOCUS: gettext_noop("FOCUS 1.2 cost and usage"),
    Table.CHARGEBACK: gettext_noop("Chargeback by tag"),
}
_FORMAT_WORDS = {
    Format.SPREADSHEET: gettext_noop("CSV for spreadsheets"),
    Format.MACHINE: gettext_noop("CSV for programs"),
    Format.XLSX: gettext_noop("Excel workbook (XLSX)"),
    Format.PARQUET: "Parquet",
}
ENDINGS = {Format.SPREADSHEET: "csv", Format.MACHINE: "csv", Format.XLSX: "xlsx", Format.PARQUET: "parquet"}
MEDIA_TYPES = {
    Format.SPREADSHEET: "text/csv; charset=utf-8",
    Format.MACHINE: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PARQUET: "application/vnd.apache.parquet",
}
_BLOCK = 1024 * 1024
# Hears how many lines were read so far, between two batches.
Heard = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Written:
    """A file: its rows without heads, bytes, SHA-256; how many lines and tokens have no known cost, and so no row."""

    rows: int
    size_bytes: int
    digest: str
    left_out: int = 0
    left_out_tokens: int = 0


def table_words(table: Table) -> str:
    """What a table is called."""
    return _(_TABLE_WORDS[table])


def format_words(format: Format) -> str:
    """What a format is called."""
    return _(_FORMAT_WORDS[format])


def file_name(table: Table, format: Format, chosen: Chosen) -> str:
    """The name that a download has."""
    span = "-".join(day.isoformat() for day in (chosen.first, chosen.end) if day)
    profile = "-machine" if format is Format.MACHINE else ""
    return f"{table.value}{profile}{f'-{span}' if span else ''}.{ENDINGS[format]}"


class _Source:
    """The rows of a table, made anew for each try of writing them."""

    def __init__(self, team: Team, table: Table, chosen: Chosen, encoder: Encoder, heard: Heard) -> None:
        self.team, self.table, self.chosen, self.encoder, self.heard = team, table, chosen, encoder, heard
        self.focus: FocusTable | None = None
        self.columns: tuple[Column, ...] = {
            Table.LINES: LINE_COLUMNS,
            Table.FOCUS: FocusTable.columns,
            Table.CHARGEBACK: chargeback_table.COLUMNS,
        }[table]

    def rows(self) -> Texts:
        """The rows, from the first one on."""
        if self.table is Table.CHARGEBACK:
            rows = chargeback_table.rows(self.team.id, self.chosen, self._reporting())
            return (self.encoder.cells(self.columns, row) for row in rows)
        if self.table is Table.FOCUS:
            self.focus = FocusTable(self.team, self.encoder)
            return self.focus.rows(self._told(read(self.team.id, self.chosen)))
        texts = LineTexts(self.team.id, self._reporting(), self.encoder)
        return texts.rows(self._told(read_texts(self.team.id, self.chosen)))

    def _reporting(self) -> Reporting:
        return reporting_between(self.team.id, self.chosen.first, self.chosen.end)

    def _told(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        count = 0
        for batch in batches:
            yield batch
            count += len(batch)
            self.heard(count)


def write(
    team: Team, table: Table, format: Format, chosen: Chosen, path: Path, heard: Heard = lambda _count: None
) -> Written:
    """Writes an export into a file, in constant memory. Outside a team's context: it opens its own.

    The same lines make the same bytes. Raises `billing.exports.parquet_file.ParquetFailed` and `OSError`.
    """
    source = _Source(team, table, chosen, _ENCODERS.get(format, csv_file.MACHINE), heard)
    if format is Format.PARQUET:
        rows = parquet_file.write(source.columns, source.rows, path)
    else:
        with path.open("wb") as out:
            rows = _WRITERS[format](source.columns, source.rows(), out)
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as written:
        while block := written.read(_BLOCK):
            digest.update(block)
            size += len(block)
    focus = source.focus
    return Written(
        rows, size, digest.hexdigest(), focus.left_out if focus else 0, focus.left_out_tokens if focus else 0
    )


_WRITERS: dict[Format, Callable[[tuple[Column, ...], Texts, BinaryIO], int]] = {
    Format.SPREADSHEET: csv_file.write_spreadsheet,
    Format.MACHINE: csv_file.write_machine,
    Format.XLSX: xlsx_file.write,
}
# Parquet is made from the machine profile.
_ENCODERS: dict[Format, Encoder] = {Format.SPREADSHEET: csv_file.SPREADSHEET, Format.XLSX: xlsx_file.CELLS}
