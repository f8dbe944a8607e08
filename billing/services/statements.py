"""Statements of providers: an uploaded file becomes what it says by day and model, all of it or nothing."""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO
from uuid import UUID

from django.db import transaction

from accounts.audit import update_told
from accounts.models import User
from billing.analysis.statements import StatementRow, read_statement, refuse
from billing.models import ExchangeRate, ProviderStatement, StatementLine

MOST_BYTES = 50_000_000
MAX_PROVIDER = 200
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it comes: its name, its bytes, the columns of a file that no format knows."""

    filename: str
    content: BinaryIO
    mapping: Mapping[str, str] | None = None


class _Hashed(io.RawIOBase):
    """Reads bytes once, counts them against the limit and digests them on the way."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._count = 0
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]  # typeshed wants any buffer
        chunk = self._source.read(len(buffer))
        self._count += len(chunk)
        if self._count > MOST_BYTES:
            raise refuse(f"is larger than {MOST_BYTES // 1_000_000} MB: export one month only")
        self.digest.update(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)


def import_statement(
    *, team_id: UUID, provider: str, month: date, upload: Upload, by: User | None, now: datetime
) -> ProviderStatement:
    """Reads a provider's export of a month (its first day) and keeps it in place of an earlier one.

    Raises `StatementRefused` naming line and column; then nothing of the file is kept, and the earlier one stays.
    """
    provider = provider.strip()
    if not provider or len(provider) > MAX_PROVIDER:
        raise refuse(f"the provider must have 1 to {MAX_PROVIDER} letters")
    hashed = _Hashed(upload.content)
    format, rows = read_statement(_lines(hashed), provider=provider, month=month, mapping=upload.mapping)
    lines = _with_usd(team_id, add_up(rows))
    with transaction.atomic():
        earlier = ProviderStatement.objects.filter(team_id=team_id, provider=provider, month=month)
        update_told(earlier.filter(removed_at__isnull=True), removed_at=now)
        made = ProviderStatement.objects.create(
            team_id=team_id,
            provider=provider,
            month=month,
            filename=upload.filename[-200:],
            format=format.key,
            sha256=hashed.digest.hexdigest(),
            row_count=len(rows),
            uploaded_by=by,
            uploaded_at=now,
        )
        for line in lines:
            line.team_id, line.statement = team_id, made
        StatementLine.objects.bulk_create(lines, batch_size=_BATCH)
    return made


def remove_statement(*, team_id: UUID, statement_id: UUID, now: datetime) -> bool:
    """Takes a statement away; whether there was one."""
    found = ProviderStatement.objects.filter(team_id=team_id, id=statement_id, removed_at__isnull=True)
    return bool(update_told(found, removed_at=now))


def _lines(hashed: _Hashed) -> Iterator[str]:
    """The lines of the file; what is no UTF-8 is refused by its place."""
    read = 0
    try:
        for line in io.TextIOWrapper(io.BufferedReader(hashed), encoding="utf-8", newline=""):
            read += 1
            yield line
    except UnicodeDecodeError:
        raise refuse("is not UTF-8: save the file as CSV in UTF-8", line=read + 1) from None


def add_up(rows: Sequence[StatementRow]) -> list[StatementLine]:
    """One line for each day, model and currency."""
    found: dict[tuple[date, str, str], StatementLine] = {}
    for row in rows:
        key = (row.day, row.model, row.currency)
        line = found.setdefault(key, StatementLine(day=row.day, model=row.model, currency=row.currency))
        if row.amount is not None:
            line.amount = (line.amount or Decimal(0)) + row.amount
        if row.tokens is not None:
            line.tokens = (line.tokens or 0) + row.tokens
        if row.calls is not None:
            line.calls = (line.calls or 0) + row.calls
    return [found[key] for key in sorted(found)]


def _with_usd(team_id: UUID, lines: list[StatementLine]) -> list[StatementLine]:
    """Amounts in US dollars by the exchange rate of their day. Raises for a currency without one."""
    rates: dict[str, list[tuple[date, Decimal]]] = {}
    foreign = {line.currency for line in lines if line.amount is not None} - {"USD"}
    told = ExchangeRate.objects.filter(team_id=team_id, currency__in=foreign).order_by("currency", "starts_on")
    for currency, starts_on, usd in told.values_list("currency", "starts_on", "usd"):
        rates.setdefault(currency, []).append((starts_on, usd))
    for line in lines:
        if line.amount is None:
            continue
        known = [usd for starts_on, usd in rates.get(line.currency, ()) if starts_on <= line.day]
        if line.currency != "USD" and not known:
            raise refuse(f"amounts are in {line.currency}, and there is no exchange rate for it on {line.day}")
        line.usd = line.amount if line.currency == "USD" else line.amount * known[-1]
    return lines
