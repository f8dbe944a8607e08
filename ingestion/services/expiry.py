"""What sources keep goes after its time: loose lines and metrics, reasons of refusals, hours of the ledger, what
reports said about sampling.

Short transactions of bounded size, so that nothing waits for them; running it twice removes nothing more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.tenancy import team_context
from ingestion.models import Source
from ingestion.sampling import KEPT_DAYS, refresh_detected

BATCH = 5_000


@dataclass(frozen=True, slots=True)
class _Kept:
    """A table, the column by which it ages, and for how many days its rows stay."""

    table: str
    column: str
    days: int
    # A row that came late is kept as long as others, counted from its receipt.
    received: str | None = None


# Lines and metrics are working material, as debug records are; reasons stay as long as records of production, and the
# ledger as long as figures do (see product.md's promises on retention and `monitoring.store.retention`).
KEPT: Sequence[_Kept] = (
    _Kept("source_line", "logged_at", 30, "received_at"),
    _Kept("source_metric", "measured_at", 90),
    _Kept("source_rejection", "day", 90),
    _Kept("source_hour", "hour", 366),
    _Kept("source_sampling", "day", KEPT_DAYS),
)


def remove_old(team_id: UUID, now: datetime, *, batch: int = BATCH) -> int:
    """Removes what a team's sources keep no longer; how many rows."""
    with team_context(team_id):
        sources = list(Source.objects.order_by("id").values_list("id", flat=True))
    removed = sum(_remove(team_id, source_id, kept, now, batch) for source_id in sources for kept in KEPT)
    refresh_detected(team_id)
    return removed


def _remove(team_id: UUID, source_id: UUID, kept: _Kept, now: datetime, batch: int) -> int:
    before = now - timedelta(days=kept.days)
    late = f"AND {kept.received} < %(before)s" if kept.received else ""
    statement = (
        f"DELETE FROM {kept.table} WHERE team_id = %(team)s AND id = ANY(ARRAY("
        f"SELECT id FROM {kept.table} WHERE team_id = %(team)s AND source_id = %(source)s "
        f"AND {kept.column} < %(before)s {late} LIMIT %(batch)s))"
    )
    about: dict[str, Any] = {"team": team_id, "source": source_id, "before": before, "batch": batch}
    total = 0
    while True:
        with team_context(team_id), connection.cursor() as cursor:
            cursor.execute(statement, about)
            removed = int(cursor.rowcount)
            total += removed
            if removed < batch:
                return total
