"""Exchange rates of a team: uploaded as a file or entered, dated, all or none; and the currency it reports in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.csv_file import NOT_CSV, is_named_csv
from billing.analysis.amounts import read_currency, read_day, read_positive
from billing.analysis.rate_files import Fault, FileRefused, RateRow, read_rate_file
from billing.models import CostMonth, CostSettings, ExchangeRate, MonthState
from billing.services.history import By, Subject, record, user_of
from billing.services.refusals import Fields, Refused
from billing.store.price_book import bump_revision

LONGEST_SOURCE = 200


def upload_rates(*, team_id: UUID, content: bytes, source: str, by: By, now: datetime) -> int:
    """Saves the rates of a file, and says how many; a rate of the same day is replaced. Raises `FileRefused`.

    `source` is the name of the file.
    """
    if not is_named_csv(source):
        raise FileRefused([Fault(0, "", NOT_CSV)])
    rows = read_rate_file(content)
    if faults := _closed(team_id, rows):
        raise FileRefused(faults)
    _save(team_id, rows, source, by, now)
    return len(rows)


def enter_rate(*, team_id: UUID, told: Mapping[str, str], by: By, now: datetime) -> None:
    """Saves one rate of `currency`, `date` and `usd`. Raises `Refused`."""
    fields = Fields(told)
    values = [
        fields.read(name, reader)
        for name, reader in (("currency", read_currency), ("date", read_day), ("usd", read_positive))
    ]
    for name in ("currency", "date", "usd"):
        if not told.get(name, "").strip():
            fields.reasons[name] = _("must be told")
    if values[0] == "USD":
        fields.reasons["currency"] = _("must be another than USD")
    fields.check()
    row = RateRow(0, *values)
    if faults := _closed(team_id, [row]):
        raise Refused({"date": faults[0].reason})
    _save(team_id, [row], "entered", by, now)


def _closed(team_id: UUID, rows: Sequence[RateRow]) -> list[Fault]:
    """Faults of rates in months that keep theirs."""
    closed = set(
        CostMonth.objects.filter(team_id=team_id).exclude(state=MonthState.OPEN).values_list("month", flat=True)
    )
    words = _("is in {month}, which is closed and keeps its rates")
    return [
        Fault(row.line, "date", words.format(month=f"{row.starts_on:%Y-%m}"))
        for row in rows
        if row.starts_on.replace(day=1) in closed
    ]


@transaction.atomic
def _save(team_id: UUID, rows: Sequence[RateRow], source: str, by: By, now: datetime) -> None:
    for currency in sorted({row.currency for row in rows}):
        days = [row.starts_on for row in rows if row.currency == currency]
        ExchangeRate.objects.filter(team_id=team_id, currency=currency, starts_on__in=days).delete()
    ExchangeRate.objects.bulk_create(
        [
            ExchangeRate(
                team_id=team_id,
                currency=row.currency,
                starts_on=row.starts_on,
                usd=row.usd,
                source=source[:LONGEST_SOURCE],
                created_by=user_of(by),
                created_at=now,
            )
            for row in rows
        ],
        batch_size=1000,
    )
    bump_revision(team_id)
    for row in rows:
        about = {"currency": row.currency, "date": row.starts_on, "usd": row.usd, "source": source}
        record(team_id, Subject.EXCHANGE_RATE, f"{row.currency} {row.starts_on}", "set", by=by, now=now, **about)


@transaction.atomic
def set_reporting_currency(*, team_id: UUID, currency: str, now: datetime, by: By = None) -> None:
    """Has pages and exports show amounts in this currency, too. Raises `Refused`."""
    try:
        told = read_currency(currency)
    except ValueError as error:
        raise Refused({"reporting_currency": str(error)}) from None
    if told != "USD" and not ExchangeRate.objects.filter(team_id=team_id, currency=told).exists():
        raise Refused({"reporting_currency": _("has no exchange rate yet: upload one first")})
    CostSettings.objects.update_or_create(team_id=team_id, defaults={"reporting_currency": told, "updated_at": now})
    record(team_id, Subject.CURRENCY, told, "chosen", by=by, now=now)
