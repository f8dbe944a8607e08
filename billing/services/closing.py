"""Closing a month: its checklist is settled or accepted, its rates and totals are kept, its lines never change again.

Opening it again needs two people. Everything is written down in the history of the month.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import ApiKey, User
from billing.analysis.checklist import MAX_REASON, MIN_REASON, kept, refusals
from billing.models import CostDimension, CostGrain, CostMonth, CostMonthEvent, CostRollup, MonthState
from billing.reads.checklist import checklist, moments, rates_of
from billing.reads.reporting import reporting_currency
from billing.services.history import By, Subject, record, user_of
from billing.store import due
from billing.store.allocation import allocate
from billing.store.cost_lock import lock_costs
from billing.store.price_book import bump_revision

_FIGURES = ("cost_usd", "told_usd", "priced_usd", "list_usd", "unpriced_tokens", "lines", "calls")


class ClosingRefused(Exception):
    """A month that cannot be closed or opened: `reasons` says why, by point of the checklist or field."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = dict(reasons)


# The SHA-256 of the machine export of a month's lines.
Digest = Callable[[UUID, date], str]


@transaction.atomic
def close_month(
    *, team_id: UUID, month: date, reasons: Mapping[str, str], by: By, now: datetime, digest: Digest
) -> CostMonth:
    """Closes a month (its first day); `reasons` accept open points of the checklist as they are.

    Raises `ClosingRefused` with what is open; then nothing changed.
    """
    # Nobody makes lines of the team meanwhile: what is closed is what was checked.
    lock_costs(team_id, wait=True)
    allocate(team_id, now)
    one = _locked(team_id, month)
    if one.state != MonthState.OPEN:
        raise ClosingRefused({"month": _("is closed already")})
    # What is kept of it stays English, whoever closes.
    with translation.override(None):
        points = checklist(team_id, month, now)
    if open_points := refusals(points, reasons):
        raise ClosingRefused(refusals(checklist(team_id, month, now), reasons) or open_points)
    one.state, one.closed_by, one.closed_at = MonthState.CLOSED, user_of(by), now
    one.checklist = kept(points, reasons)
    one.rates = rates_of(team_id, month)
    one.totals = totals_of(team_id, month)
    # First what the export reads of a closed month, then the export.
    one.save()
    one.digest = digest(team_id, month)
    one.save(update_fields=["digest"])
    _note(one, "closed", by, now, {"totals": one.totals, "digest": one.digest, "accepted": _accepted(one)})
    return one


@transaction.atomic
def ask_to_reopen(*, team_id: UUID, month: date, reason: str, by: By, now: datetime) -> CostMonth:
    """Asks for a closed month to be opened again; a second person agrees. Raises `ClosingRefused`."""
    one = _locked(team_id, month)
    reason = reason.strip()
    if one.state != MonthState.CLOSED:
        raise ClosingRefused({"month": _("is not closed, or somebody asked already")})
    if not MIN_REASON <= len(reason) <= MAX_REASON:
        raise ClosingRefused(
            {"reason": _("must have {least} to {most} letters").format(least=MIN_REASON, most=MAX_REASON)}
        )
    if CostMonth.objects.filter(team_id=team_id, month__gt=month).exclude(state=MonthState.OPEN).exists():
        raise ClosingRefused({"month": _("is followed by a closed month: open the latest one first")})
    one.state, one.reopening_by = MonthState.REOPENING, user_of(by)
    one.save(update_fields=["state", "reopening_by"])
    _note(one, "reopening asked", by, now, {"reason": reason})
    return one


@transaction.atomic
def reopen_month(*, team_id: UUID, month: date, by: User, now: datetime) -> CostMonth:
    """Opens a month again that somebody else asked for: its lines follow its records from now on.

    Raises `ClosingRefused` where nobody asked, or the same person did.
    """
    lock_costs(team_id, wait=True)
    one = _locked(team_id, month)
    if one.state != MonthState.REOPENING:
        raise ClosingRefused({"month": _("was not asked to be opened again")})
    if one.reopening_by_id == by.pk:
        raise ClosingRefused({"month": _("needs a second person: the one who asked cannot agree")})
    one.state, one.reopening_by, one.closed_by, one.closed_at, one.digest = MonthState.OPEN, None, None, None, ""
    one.save()
    due.mark_between(team_id, *moments(month), now)
    allocate(team_id, now)
    # Its days have the rates of now again.
    bump_revision(team_id)
    _note(one, "reopened", by, now, {})
    return one


@transaction.atomic
def withdraw_reopening(*, team_id: UUID, month: date, by: By, now: datetime) -> CostMonth:
    """Takes back, or turns down, that a month is opened again. Raises `ClosingRefused` where nobody asked."""
    one = _locked(team_id, month)
    if one.state != MonthState.REOPENING:
        raise ClosingRefused({"month": _("was not asked to be opened again")})
    one.state, one.reopening_by = MonthState.CLOSED, None
    one.save(update_fields=["state", "reopening_by"])
    _note(one, "reopening turned down", by, now, {})
    return one


def totals_of(team_id: UUID, month: date) -> dict[str, str | int | None]:
    """What the month adds up to; money as decimal text, None where nothing is known."""
    rows = CostRollup.objects.filter(
        team_id=team_id, grain=CostGrain.MONTH, dimension=CostDimension.NONE, bucket=month
    ).aggregate(**{name: Sum(name) for name in _FIGURES})
    told = {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in rows.items()}
    return {**told, "reporting_currency": reporting_currency(team_id)}


def _locked(team_id: UUID, month: date) -> CostMonth:
    CostMonth.objects.bulk_create([CostMonth(team_id=team_id, month=month)], ignore_conflicts=True)
    return CostMonth.objects.select_for_update().get(team_id=team_id, month=month)


def _accepted(one: CostMonth) -> dict[str, str]:
    return {check: point["reason"] for check, point in one.checklist.items() if point["reason"]}


def _note(one: CostMonth, what: str, by: By, now: datetime, detail: dict[str, object]) -> None:
    if isinstance(by, ApiKey):
        detail = {**detail, "key": by.name}
    CostMonthEvent.objects.create(team_id=one.team_id, month=one, at=now, by=user_of(by), what=what, detail=detail)
    record(one.team_id, Subject.MONTH, f"{one.month:%Y-%m}", what, by=by, now=now, **detail)
