"""Entries as forms and the API tell them: each field is read, and refused with its reason and limit."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from billing.analysis.amounts import read_amount, read_currency, read_day
from billing.models import CostKind, CostLine, Entry
from billing.reads.choices import KIND_WORDS
from billing.reads.reporting import reporting_currency
from billing.services.entries import MAX_REASON, EntryRefused, Wanted, add_entry
from billing.services.history import By
from billing.services.refusals import Fields, Refused
from billing.store.exchange import rate_on, read_exchange
from monitoring.identity import NO_WORKFLOW
from monitoring.models import Workflow
from monitoring.reads.workflows import named

ENTRIES = {"adjustment": Entry.ADJUSTMENT, "credit": Entry.CREDIT, "commitment": Entry.COMMITMENT}
TEXTS = ("entry", "kind", "amount", "currency", "day", "provider", "model", "workflow", "environment", "tags", "reason")
MUST = ("entry", "amount", "day", "reason")
MAX_NAME, MAX_TAGS, MAX_TAG = 200, 10, 80
# What the arithmetic of entries calls the amount of a form.
_AMOUNTS = ("usd", "billed")


@transaction.atomic
def enter(*, team_id: UUID, told: Mapping[str, str], key: str, by: By, now: datetime) -> CostLine:
    """Books what the fields `TEXTS` tell; the same `key` again changes nothing. Raises `Refused` by field."""
    try:
        return add_entry(team_id, read_entry(team_id, told, key), now, by)
    except EntryRefused as refused:
        reasons = {"amount" if name in _AMOUNTS else name: reason for name, reason in refused.reasons.items()}
        raise Refused(reasons) from refused


def read_entry(team_id: UUID, told: Mapping[str, str], key: str) -> Wanted:
    """What is to be booked. Raises `Refused` by field."""
    fields = Fields(told)
    entry = fields.read("entry", _read_entry, empty=Entry.ADJUSTMENT)
    amount = fields.read("amount", _read_signed, empty=Decimal(0))
    currency = fields.read("currency", read_currency, empty="USD")
    day = fields.read("day", read_day, empty=date.max)
    kind = fields.read("kind", _read_kind, empty=CostKind.TOKENS)
    tags = fields.read("tags", read_tags, empty={})
    names = {name: fields.text(name, MAX_NAME) for name in ("provider", "model", "environment", "workflow")}
    reason = fields.text("reason", MAX_REASON)
    for name in MUST:
        if not told.get(name, "").strip():
            fields.reasons[name] = _("must be told")
    workflow = _find_workflow(team_id, names.pop("workflow"), fields)
    rate = _rate(team_id, currency, day, fields)
    fields.check()
    return Wanted(
        key=key,
        entry=entry,
        day=day,
        usd=amount if rate is None else amount * rate,
        reason=reason,
        kind=kind,
        workflow_id=workflow,
        tags=tags,
        billed=amount,
        currency=currency,
        rate=rate,
        **names,
    )


def _rate(team_id: UUID, currency: str, day: date, fields: Fields) -> Decimal | None:
    """US dollars for one unit on the day; None for US dollars, or where it is refused."""
    reported = reporting_currency(team_id)
    if currency == "USD" or fields.reasons.keys() & {"currency", "day"}:
        return None
    if currency != reported:
        is_usd = reported == "USD"
        words = _("must be USD") if is_usd else _("must be USD or {currency}, in which the team reports")
        fields.reasons["currency"] = words.format(currency=reported)
        return None
    found = rate_on(read_exchange(team_id, [currency]).get(currency, ()), day)
    if found is None:
        fields.reasons["currency"] = _("has no exchange rate on {day}: enter one first").format(day=day)
    return found


def _find_workflow(team_id: UUID, text: str, fields: Fields) -> UUID:
    found: Workflow | None = named(team_id, text) if text else None
    if text and found is None:
        fields.reasons["workflow"] = _("is not known: give its name or slug")
    return found.id if found else NO_WORKFLOW


def _read_entry(text: str) -> Entry:
    if text not in ENTRIES:
        raise ValueError(_("must be one of {words}").format(words=", ".join(ENTRIES)))
    return ENTRIES[text]


def _read_kind(text: str) -> CostKind:
    if text not in KIND_WORDS:
        raise ValueError(_("must be one of {words}").format(words=", ".join(KIND_WORDS)))
    return KIND_WORDS[text]


def _read_signed(text: str) -> Decimal:
    told = text.replace("\N{MINUS SIGN}", "-")
    found = read_amount(told.removeprefix("-").lstrip())
    if not found:
        raise ValueError(_("must not be 0"))
    return -found if told.startswith("-") else found


def read_tags(text: str) -> dict[str, str]:
    """Tags as `key=value`, one a line. Raises `ValueError` with the reason."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, sign, value = (part.strip() for part in line.partition("="))
        if not line.strip():
            continue
        if not (sign and name and value):
            raise ValueError(_("must be written as name=value, one a line"))
        if len(name) > MAX_TAG or len(value) > MAX_NAME:
            words = _("must have names of at most {name} and values of at most {value} characters")
            raise ValueError(words.format(name=MAX_TAG, value=MAX_NAME))
        if name in found:
            raise ValueError(_("must name {name} once").format(name=name))
        found[name] = value
    if len(found) > MAX_TAGS:
        raise ValueError(_("must be at most {most}").format(most=MAX_TAGS))
    return found
