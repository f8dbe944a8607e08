"""Statements of providers: an uploaded file becomes what it says by day and model, all of it or nothing."""

import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.csv_file import NOT_CSV, is_named_csv
from billing.analysis.statements import StatementRow, read_statement, refuse
from billing.models import ProviderStatement, StatementLine
from billing.services.bookings import take_back_all
from billing.services.history import By, Subject, record, user_of
from billing.services.refusals import Refused
from billing.store.exchange import rate_on, read_exchange

MOST_BYTES = 50_000_000
MAX_PROVIDER = 200
_BATCH = 2_000
# What stands for bytes that are no UTF-8. Decoding goes ahead of the lines: an error would not know its own.
_UNDECODED = re.compile("[\udc80-\udcff]")


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
            words = _("is larger than {most} MB: export one month only")
            raise refuse(words.format(most=MOST_BYTES // 1_000_000))
        self.digest.update(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)


def import_statement(
    *, team_id: UUID, provider: str, month: date, upload: Upload, by: By, now: datetime
) -> ProviderStatement:
    """Reads a provider's export of a month (its first day) and keeps it in place of an earlier one.

    What was booked of the earlier one goes with it. Raises `StatementRefused` naming line and column; then nothing of
    the file is kept, and the earlier one stays.
    """
    provider = provider.strip()
    if not provider or len(provider) > MAX_PROVIDER:
        raise refuse(_("the provider must have 1 to {most} letters").format(most=MAX_PROVIDER))
    if not is_named_csv(upload.filename):
        raise refuse(NOT_CSV)
    hashed = _Hashed(upload.content)
    format, rows = read_statement(_lines(hashed), provider=provider, month=month, mapping=upload.mapping)
    lines = _with_usd(team_id, add_up(rows))
    with transaction.atomic():
        earlier = ProviderStatement.objects.filter(team_id=team_id, provider=provider, month=month)
        for one in earlier.filter(removed_at__isnull=True).order_by("id"):
            _retire(one, by, now)
        made = ProviderStatement.objects.create(
            team_id=team_id,
            provider=provider,
            month=month,
            filename=upload.filename[-200:],
            format=format.key,
            sha256=hashed.digest.hexdigest(),
            row_count=len(rows),
            uploaded_by=user_of(by),
            uploaded_at=now,
        )
        for line in lines:
            line.team_id, line.statement = team_id, made
        StatementLine.objects.bulk_create(lines, batch_size=_BATCH)
        record(team_id, Subject.STATEMENT, made.id, "uploaded", by=by, now=now, **_about(made), sha256=made.sha256)
    return made


@transaction.atomic
def remove_statement(*, team_id: UUID, statement_id: UUID, now: datetime, by: By = None) -> bool:
    """Takes a statement away with what was booked of it; whether there was one.

    Raises `StatementRefused` where a difference is booked in a month that is closed by now.
    """
    found = ProviderStatement.objects.filter(team_id=team_id, id=statement_id, removed_at__isnull=True).first()
    if found is None:
        return False
    _retire(found, by, now)
    return True


def _retire(statement: ProviderStatement, by: By, now: datetime) -> None:
    try:
        count = take_back_all(statement, by, now)
    except Refused as refused:
        words = _("the statement {file} stays: its difference {reason}")
        raise refuse(words.format(file=statement.filename, reason=refused.reasons["booked"])) from None
    ProviderStatement.objects.filter(team_id=statement.team_id, id=statement.id).update(removed_at=now)
    about = {**_about(statement), "bookings": count or None}
    record(statement.team_id, Subject.STATEMENT, statement.id, "removed", by=by, now=now, **about)


def _about(statement: ProviderStatement) -> dict[str, object]:
    return {"provider": statement.provider, "month": f"{statement.month:%Y-%m}", "file": statement.filename}


def _lines(hashed: _Hashed) -> Iterator[str]:
    """The lines of the file; what is no UTF-8 is refused by its place."""
    text = io.TextIOWrapper(io.BufferedReader(hashed), encoding="utf-8", errors="surrogateescape", newline="")
    for number, line in enumerate(text, 1):
        if not line.isascii() and _UNDECODED.search(line):
            raise refuse(_("is not UTF-8: save the file as CSV in UTF-8"), line=number)
        yield line


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
    rates = read_exchange(team_id, {line.currency for line in lines if line.amount is not None})
    for line in lines:
        if line.amount is None:
            continue
        rate = Decimal(1) if line.currency == "USD" else rate_on(rates.get(line.currency, ()), line.day)
        if rate is None:
            words = _("amounts are in {currency}, and there is no exchange rate for it on {day}")
            raise refuse(words.format(currency=line.currency, day=line.day))
        line.usd = line.amount * rate
    return lines
