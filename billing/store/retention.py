"""What is kept ten years: cost lines, their rollups, months, and what a team paid. A class of retention of its own.

Records go after months, lines stay. Then whole months go: lines and rollups of a month with its closing, in one
transaction. The price book is the same for all teams and stays.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.models import Team
from accounts.tenancy import team_context
from billing.store.cost_lock import lock_costs

KEPT_YEARS = 10

_OLDEST = "SELECT min(booked_on) FROM cost_line WHERE team_id = %(team)s AND booked_on < %(before)s"
# Of a month, or (rollups and months without a line) of all before it.
_MONTH = (
    "DELETE FROM cost_line WHERE team_id = %(team)s AND booked_on < %(end)s",
    "DELETE FROM cost_rollup WHERE team_id = %(team)s AND bucket < %(end)s",
    "DELETE FROM cost_month WHERE team_id = %(team)s AND month < %(end)s",
)
# Who changed what; prices, changes and discounts that ended or were taken back before, and rates that later ones
# replaced before.
_PRICES = (
    "DELETE FROM cost_event WHERE team_id = %(team)s AND at < %(instant)s",
    "DELETE FROM re_rating WHERE team_id = %(team)s AND (removed_at < %(instant)s OR ends_on < %(before)s)",
    "DELETE FROM team_price WHERE team_id = %(team)s AND (removed_at < %(instant)s OR ends_on < %(before)s)",
    "DELETE FROM resource_rate WHERE team_id = %(team)s AND (removed_at < %(instant)s OR ends_on < %(before)s)",
    """DELETE FROM discount d WHERE team_id = %(team)s AND (removed_at < %(instant)s OR ends_on < %(before)s)
        AND NOT EXISTS (SELECT FROM team_price p WHERE p.team_id = %(team)s AND p.discount_id = d.id)""",
    """DELETE FROM exchange_rate r WHERE team_id = %(team)s AND EXISTS (
        SELECT FROM exchange_rate later WHERE later.team_id = %(team)s AND later.currency = r.currency
            AND later.starts_on > r.starts_on AND later.starts_on <= %(before)s)""",
)


@dataclass(slots=True)
class Dropped:
    """How much was removed."""

    months: int = 0
    lines: int = 0


def first_kept(now: datetime) -> date:
    """The first day whose costs are kept: of the month ten years ago."""
    return now.date().replace(year=now.year - KEPT_YEARS, day=1)


def drop_expired(now: datetime) -> Dropped:
    """Removes what is too old, in every team, month by month. Running it twice removes nothing more."""
    dropped, before = Dropped(), first_kept(now)
    # A day is no instant: comparing the two depends on the session, which a cluster refuses in a statement that writes.
    instant = datetime(before.year, before.month, before.day, tzinfo=UTC)
    for team_id in Team.objects.order_by("id").values_list("id", flat=True):
        while lines := _drop_month(team_id, before):
            dropped.months += 1
            dropped.lines += lines
        with team_context(team_id), connection.cursor() as cursor:
            for statement in _PRICES:
                cursor.execute(statement, {"team": team_id, "before": before, "instant": instant})
    return dropped


def _drop_month(team_id: UUID, before: date) -> int:
    """Removes the oldest month that is kept no longer; how many lines. A team that others are at is left for later."""
    with team_context(team_id), connection.cursor() as cursor:
        if not lock_costs(team_id, wait=False):
            return 0
        values: dict[str, Any] = {"team": team_id, "before": before}
        cursor.execute(_OLDEST, values)
        (oldest,) = cursor.fetchone()
        if oldest is None:
            return 0
        values["end"] = oldest.replace(year=oldest.year + oldest.month // 12, month=oldest.month % 12 + 1, day=1)
        cursor.execute(_MONTH[0], values)
        lines = int(cursor.rowcount)
        for statement in _MONTH[1:]:
            cursor.execute(statement, values)
        return lines
