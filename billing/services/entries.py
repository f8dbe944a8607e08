"""Lines that are entered: adjustments, credits and commitments. Money alone, with a reason."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from accounts import formats
from billing.analysis.lines import Figures
from billing.analysis.periods import month_words
from billing.models import ENTERED, CostBasis, CostKind, CostLine, CostOutcome, Entry, StatementBooking
from billing.services.history import By, Subject, record
from billing.store.cost_lock import lock_costs
from billing.store.line_prices import read_months
from billing.store.rollups import fold_parts
from billing.store.tag_sets import save_tag_sets
from monitoring.identity import NO_WORKFLOW, LabelKind, derive_number
from monitoring.models import Workflow
from monitoring.store.labels import Names

MAX_REASON = 500
MAX_USD = Decimal(10) ** 15
MAX_DIGITS = 30
_LABELS = {"environment": LabelKind.ENVIRONMENT, "provider": LabelKind.PROVIDER, "model": LabelKind.MODEL}


class EntryRefused(Exception):
    """An entry that cannot be booked: `reasons` says why, by field."""

    def __init__(self, **reasons: str) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in reasons.items()))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be booked on `day`: `usd` counts, `billed` is the same amount in `currency` where that is not dollars.

    `key` tells entries apart: the same key again changes nothing. A credit is less than 0.
    """

    key: str
    entry: Entry
    day: date
    usd: Decimal
    reason: str
    kind: CostKind = CostKind.TOKENS
    workflow_id: UUID = NO_WORKFLOW
    environment: str = ""
    provider: str = ""
    model: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    billed: Decimal | None = None
    currency: str = "USD"
    # US dollars for one unit of the currency, where it is not dollars.
    rate: Decimal | None = None


def add_entry(team_id: UUID, wanted: Wanted, now: datetime, by: By = None, **about: object) -> CostLine:
    """Books an entry, and makes the rollups of its day, inside the team's context. Raises `EntryRefused`.

    `about` goes into the history beside the amounts.
    """
    lock_costs(team_id, wait=True)
    id = derive_number("entry", wanted.key)
    if known := CostLine.objects.filter(team_id=team_id, id=id).first():
        return known
    if reasons := _reasons(team_id, wanted):
        raise EntryRefused(**reasons)
    line = CostLine(team_id=team_id, id=id, folded_at=now, **_values(team_id, wanted))
    line.save(force_insert=True)
    fold_parts(team_id, [(line.workflow_id, line.environment_id, line.booked_on)], now)
    told = {name: getattr(wanted, name) or None for name in ("provider", "model", "environment", "tags", "rate")}
    _note(line, "added", by, now, **told, **about)
    return line


def remove_entry(team_id: UUID, line_id: int, now: datetime, by: By = None) -> None:
    """Takes an entry back while its month is open, also as one of a statement. Raises `EntryRefused`."""
    lock_costs(team_id, wait=True)
    line = CostLine.objects.filter(team_id=team_id, id=line_id, entry__in=ENTERED).first()
    if line is None:
        raise EntryRefused(entry=_("there is no such entry"))
    if reason := _closed(team_id, line.booked_on):
        raise EntryRefused(day=reason)
    CostLine.objects.filter(team_id=team_id, id=line_id).delete()
    StatementBooking.objects.filter(team_id=team_id, line_id=line_id).delete()
    fold_parts(team_id, [(line.workflow_id, line.environment_id, line.booked_on)], now)
    _note(line, "removed", by, now)


def _note(line: CostLine, what: str, by: By, now: datetime, **detail: object) -> None:
    told = {"entry": Entry(line.entry).label, "day": line.booked_on, "usd": line.cost_usd, "reason": line.reason}
    if line.currency != "USD":
        told |= {"billed": line.billed, "currency": line.currency}
    record(line.team_id, Subject.ENTRY, line.id, what, by=by, now=now, **told, **detail)


def _closed(team_id: UUID, day: date) -> str:
    is_closed = read_months(team_id).is_closed(day)
    return _("{month} is closed").format(month=month_words(day)) if is_closed else ""


def _reasons(team_id: UUID, wanted: Wanted) -> dict[str, str]:
    reason, words = wanted.reason.strip(), _("must have 1 to {most} characters")
    found = {
        "entry": "" if wanted.entry in ENTERED else _("must be an adjustment, a credit or a commitment"),
        "day": _closed(team_id, wanted.day),
        "usd": _amount(wanted.usd) or (_("a credit is less than 0") if _is_no_credit(wanted) else ""),
        "billed": _amount(wanted.billed) if wanted.billed is not None else "",
        "reason": "" if 0 < len(reason) <= MAX_REASON else words.format(most=MAX_REASON),
    }
    is_told = wanted.currency.isascii() and wanted.currency.isalpha() and wanted.currency.isupper()
    if len(wanted.currency) != 3 or not is_told:
        found["currency"] = _("must be three capital letters")
    elif wanted.currency != "USD" and wanted.billed is None:
        found["billed"] = _("must be told in {currency}").format(currency=wanted.currency)
    known = Workflow.objects.filter(team_id=team_id, id=wanted.workflow_id)
    if wanted.workflow_id != NO_WORKFLOW and not known.exists():
        found["workflow"] = _("there is no such workflow")
    return {name: why for name, why in found.items() if why}


def _is_no_credit(wanted: Wanted) -> bool:
    return wanted.entry == Entry.CREDIT and wanted.usd > 0


def _amount(amount: Decimal) -> str:
    if not amount.is_finite() or abs(amount) > MAX_USD:
        return _("must be a number of at most {most}").format(most=formats.count(MAX_USD))
    if amount == 0:
        return _("must not be 0")
    is_short = len(amount.as_tuple().digits) <= MAX_DIGITS
    return "" if is_short else _("must have at most {most} digits").format(most=MAX_DIGITS)


def _values(team_id: UUID, wanted: Wanted) -> dict[str, object]:
    names = Names(team_id)
    told = {name: getattr(wanted, name) for name in _LABELS}
    labels = {f"{name}_id": names.label(_LABELS[name], text) for name, text in told.items() if text}
    names.save()
    tags = json.dumps(wanted.tags) if wanted.tags else None
    billed = wanted.usd if wanted.billed is None else wanted.billed
    return {
        **labels,
        "entry": wanted.entry,
        "kind": wanted.kind,
        "basis": CostBasis.ENTERED,
        "outcome": CostOutcome.OPEN,
        "hour": datetime.combine(wanted.day, time(), UTC),
        "booked_on": wanted.day,
        "workflow_id": wanted.workflow_id,
        "tag_set_id": save_tag_sets(team_id, [tags])[tags],
        **Figures(cost_usd=wanted.usd, billed=billed)._asdict(),
        "currency": wanted.currency,
        "reason": wanted.reason.strip(),
    }
