"""Price changes that count backwards: what open months would cost at the prices as they are, applied and taken back.

The lines stay as they are; the fold adds what a change makes of them, and removes it when the change is taken back.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from billing.analysis.price_changes import Change, Preview, Situation, preview
from billing.analysis.pricing import Origin
from billing.models import ReRating
from billing.reads.price_use import hours_of_price, used_in_open_months
from billing.services.history import By, Subject, record, user_of
from billing.services.refusals import Refused
from billing.services.team_prices import WantedPrice
from billing.store import due
from billing.store.exchange import usd_of
from billing.store.price_book import as_prices, matching_pairs, prices_by_id, prices_of
from monitoring.identity import derive_number

LONGEST_REASON = 500


def preview_changes(team_id: UUID, now: datetime, *, wanted: WantedPrice | None = None) -> Preview:
    """What open months would cost at the prices as they are; with `wanted`, as if that one were saved."""
    used = used_in_open_months(team_id, now)
    pairs = {one.pair for one in used}
    candidates = prices_of(team_id, pairs)
    in_force = changes_in_force(team_id)
    prices = prices_by_id(
        team_id,
        {one.price_id for one in used} | {id for one in in_force for id in (one.old_price_id, one.new_price_id)},
    )
    if wanted is not None:
        row = wanted.as_row(team_id)
        row.id = derive_number("price that is not saved")
        (mine,) = as_prices([row])
        for pair in matching_pairs(pairs, row):
            own = [one for one in candidates[pair] if one.origin is Origin.ENTERED]
            candidates[pair] = [*own, mine, *candidates[pair][len(own) :]]
    situation = Situation(prices, candidates, in_force, lambda currency, day: usd_of(team_id, currency, day))
    return preview(used, situation)


def changes_in_force(team_id: UUID) -> list[Change]:
    """Changes that were applied and not taken back, the earliest first."""
    rows = ReRating.objects.filter(team_id=team_id, removed_at__isnull=True).order_by("created_at", "id")
    return [Change(one.old_price_id, one.starts_on, one.ends_on or date.max, one.new_price_id) for one in rows]


def digest_of(changes: Iterable[Change]) -> str:
    """Tells one list of changes from another: what is applied is what was seen."""
    text = ";".join(f"{c.old_price_id},{c.new_price_id},{c.starts_on},{c.ends_on}" for c in sorted(changes))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@transaction.atomic
def apply_changes(*, team_id: UUID, seen: str, reason: str, by: By, now: datetime) -> Preview:
    """Has open months count at the prices as they are now; `seen` is the digest of what was looked at.

    Raises `Refused` where that has changed, or nothing is to do.
    """
    told = reason.strip()
    if not told or len(told) > LONGEST_REASON:
        raise Refused({"reason": _("must be told, in at most {most} characters").format(most=LONGEST_REASON)})
    found = preview_changes(team_id, now)
    if not found.changes:
        raise Refused({"prices": _("change nothing of what open months count")})
    if digest_of(found.changes) != seen:
        raise Refused({"prices": _("have changed since you looked: look at the effect again")})
    for change in found.changes:
        _apply(team_id, change, told, by, now)
    return found


def _apply(team_id: UUID, change: Change, reason: str, by: By, now: datetime) -> None:
    _carve(team_id, change, now)
    if change.new_price_id != change.old_price_id:
        made = ReRating.objects.create(
            team_id=team_id,
            old_price_id=change.old_price_id,
            new_price_id=change.new_price_id,
            starts_on=change.starts_on,
            ends_on=change.ends_on,
            reason=reason,
            created_by=user_of(by),
            created_at=now,
        )
        about = {"old": str(change.old_price_id), "new": str(change.new_price_id), "reason": reason}
        days = {"starts_on": change.starts_on, "ends_on": change.ends_on}
        record(team_id, Subject.PRICE_CHANGE, made.id, "applied", by=by, now=now, **about, **days)
    _mark(team_id, change.old_price_id, change.starts_on, change.ends_on, now)


def _carve(team_id: UUID, change: Change, now: datetime) -> None:
    """Takes the days of the change out of those that are in force for the same price."""
    rows = ReRating.objects.select_for_update().filter(
        team_id=team_id, old_price_id=change.old_price_id, removed_at__isnull=True, starts_on__lt=change.ends_on
    )
    for one in rows.exclude(ends_on__lte=change.starts_on).order_by("id"):
        parts = [(one.starts_on, change.starts_on), (change.ends_on, one.ends_on)]
        for start, end in parts:
            if end is None or start < end:
                ReRating.objects.create(
                    team_id=team_id,
                    old_price_id=one.old_price_id,
                    new_price_id=one.new_price_id,
                    starts_on=start,
                    ends_on=end,
                    reason=one.reason,
                    created_by_id=one.created_by_id,
                    created_at=one.created_at,
                )
        one.removed_at = now
        one.save(update_fields=["removed_at"])


@transaction.atomic
def take_back(*, team_id: UUID, re_rating_id: UUID, now: datetime, by: By = None) -> bool:
    """Has the lines count at the price that made them again; whether there was such a change."""
    one = ReRating.objects.select_for_update().filter(team_id=team_id, id=re_rating_id, removed_at__isnull=True).first()
    if one is None:
        return False
    one.removed_at = now
    one.save(update_fields=["removed_at"])
    _mark(team_id, one.old_price_id, one.starts_on, one.ends_on, now)
    record(team_id, Subject.PRICE_CHANGE, one.id, "taken back", by=by, now=now, reason=one.reason)
    return True


def _mark(team_id: UUID, price_id: int, start: date, end: date | None, now: datetime) -> None:
    due.mark(team_id, hours_of_price(team_id, price_id, start, end, now), now, is_lines_only=True)
