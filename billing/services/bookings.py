"""Booking what a statement says more or less than is counted here: one adjustment line for a difference, once."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from billing.analysis.allocation import next_month
from billing.analysis.reconciliation import NONE_BOOKED, Key, Measure
from billing.models import CostLine, Entry, ProviderStatement, StatementBooking
from billing.reads.reconciliation import Month, month_of
from billing.services.entries import EntryRefused, Wanted, add_entry, remove_entry
from billing.services.history import By
from billing.services.refusals import Refused
from billing.store.cost_lock import lock_costs
from billing.store.line_prices import read_months

_MODEL_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Proposal:
    """The adjustment line that booking would make: of a day and model (`key`), or of all that is left."""

    statement: ProviderStatement
    key: Key | None
    model: str
    usd: Decimal
    # What the statement says, what is counted here, and what was booked of it before.
    theirs: Decimal
    ours: Decimal
    booked: Decimal
    # The day that the line counts on, and whether that is in another month because its own is closed.
    day: date
    is_later: bool
    reason: str

    @property
    def seen(self) -> str:
        """What somebody looked at before booking it."""
        return f"{self.usd:f} {self.day}"


def propose(team_id: UUID, provider: str, month: date, key: Key | None) -> Proposal:
    """What booking would make. Raises `Refused` where there is nothing to book, `LookupError` without such a row."""
    found = month_of(team_id, provider, month)
    if found.statement is None:
        raise Refused({"statement": _("is missing: upload one first")})
    row = found.result.whole if key is None else found.result.rows[key]
    if reason := _why_not(found, key):
        raise Refused({"statement": reason})
    if not row.left:
        raise Refused({"statement": _("agrees: there is no difference to book")})
    own_day = next_month(month) - timedelta(days=1) if key is None else key[0]
    months = read_months(team_id)
    is_later = months.is_closed(own_day)
    model = "" if key is None else found.names[key[1]]
    # The reason is stored, and so stays English.
    about = "the whole month" if key is None else f"{key[0]:%-d %b}, {model[:_MODEL_SHOWN] or 'model not told'}"
    return Proposal(
        statement=found.statement,
        key=key,
        model=model,
        usd=row.left,
        theirs=row.theirs.usd or NONE_BOOKED,
        ours=row.ours.usd or NONE_BOOKED,
        booked=row.booked,
        day=months.first_open(own_day) if is_later else own_day,
        is_later=is_later,
        reason=f"Statement {found.statement.filename} of {provider[:100]}, {month:%B %Y}: difference of {about}",
    )


def _why_not(found: Month, key: Key | None) -> str:
    if found.result.whole.by is Measure.TOKENS:
        return _("tells tokens and no money: there is no amount to book")
    if found.booked_whole is not None:
        return _("is booked already, with the whole month")
    return _("is booked already, of this day and model") if key in found.booked else ""


@transaction.atomic
def book(team_id: UUID, provider: str, month: date, key: Key | None, *, seen: str, by: By, now: datetime) -> CostLine:
    """Books the difference that somebody `seen`. Raises `Refused` and `LookupError` as `propose` does."""
    # Nobody books, or makes lines of the team, meanwhile.
    lock_costs(team_id, wait=True)
    found = propose(team_id, provider, month, key)
    if found.seen != seen:
        raise Refused({"seen": _("is not the difference as it is now: look at it again")})
    day, model = key if key is not None else (None, "")
    wanted = Wanted(
        key=f"statement {found.statement.id} {day or 'whole'} {model}",
        entry=Entry.ADJUSTMENT,
        day=found.day,
        usd=found.usd,
        reason=found.reason,
        provider=provider,
        model=found.model,
    )
    try:
        line = add_entry(team_id, wanted, now, by, statement=found.statement.id)
    except EntryRefused as refused:
        raise Refused(refused.reasons) from refused
    StatementBooking.objects.create(team_id=team_id, statement=found.statement, day=day, model=model, line_id=line.id)
    return line


def take_back_all(statement: ProviderStatement, by: By, now: datetime) -> int:
    """Removes what was booked of a statement; how many lines. Raises `Refused` where one is in a closed month."""
    rows = StatementBooking.objects.filter(team_id=statement.team_id, statement=statement).order_by("id")
    lines = list(rows.values_list("line_id", flat=True))
    for line in lines:
        try:
            remove_entry(statement.team_id, line, now, by)
        except EntryRefused as refused:
            words = _("is booked in a month that is closed: {reason}").format(reason=refused)
            raise Refused({"booked": words}) from refused
    return len(lines)
