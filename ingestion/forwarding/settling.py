"""Writing down what became of a visit: what was taken goes, what was refused too often is dropped and counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts.retrying import MOST_TRIES, Result, Verdict, pause_after
from accounts.tenancy import team_context
from ingestion.models import Destination, OutboxEntry, OutboxSchedule

_DELETE = """
WITH gone AS (
    DELETE FROM outbox_entry WHERE team_id = %(team)s AND id = ANY(%(ids)s) RETURNING id, item_id
), unwanted AS (
    DELETE FROM outbox_item i WHERE i.team_id = %(team)s AND i.id IN (SELECT item_id FROM gone)
        AND NOT EXISTS (SELECT FROM outbox_entry e WHERE e.team_id = %(team)s AND e.item_id = i.id
            AND e.id <> ALL(%(ids)s))
) SELECT count(*) FROM gone
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of some entries."""

    ids: Sequence[int]
    result: Result


def settle(team_id: UUID, destination_id: UUID, failures: int, tries: Mapping[int, int], sent: Sequence[Sent]) -> None:
    """Writes down a visit and gives the claim back; `tries` says how often each entry was refused before."""
    now = timezone.now()
    taken = [id for one in sent if one.result.verdict is Verdict.TAKEN for id in one.ids]
    bad = [one for one in sent if one.result.verdict is not Verdict.TAKEN]
    refused = [id for one in bad if one.result.verdict is not Verdict.LATER for id in one.ids]
    dropped = [id for id in refused if tries.get(id, 0) + 1 >= MOST_TRIES]
    changes: dict[str, Any] = {}
    reason = next((one.result.reason for one in bad if one.result.reason), "")
    with team_context(team_id):
        if taken:
            changes["sent_count"] = F("sent_count") + _remove(team_id, taken)
            changes["last_success_at"] = now
        if dropped:
            changes["dropped_count"] = F("dropped_count") + _remove(team_id, dropped)
            reason = f"Dropped after {MOST_TRIES} tries. {reason}"
        if kept := set(refused).difference(dropped):
            OutboxEntry.objects.filter(team_id=team_id, id__in=kept).update(tries=F("tries") + 1)
        if reason:
            changes |= {"last_error": reason[:500], "last_error_at": now}
        elif taken:
            changes["last_error"] = ""
        if changes:
            Destination.objects.filter(id=destination_id).update(**changes)
        again = 0 if not bad else 1 if taken else min(failures + 1, 1_000)
        told = max((one.result.pause for one in bad if one.result.pause is not None), default=None)
        next_at = now + pause_after(again, told) if bad else now
        OutboxSchedule.objects.filter(destination_id=destination_id).update(
            claimed_until=None, failures=again, next_at=next_at
        )


def _remove(team_id: UUID, ids: Sequence[int]) -> int:
    """Removes entries, and the items that nobody waits for any more; how many."""
    with connection.cursor() as cursor:
        cursor.execute(_DELETE, {"team": team_id, "ids": list(ids)})
        return int(cursor.fetchone()[0])
