"""Writing a source's ledger: one receipt a request, in the transaction of what it brought; folded into hours later.

Receipts are only ever added and removed, so requests of one source never wait for each other. Accepted is stored and
known already together, always.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.models import SourceAttribute, SourceReceipt, SourceRejection
from ingestion.records import Rejection
from ingestion.sources import SourceInfo
from monitoring.store.statements import run

MAX_REASONS = 20
# Reasons quote what was sent, so a broken sender makes a new one with each item.
MAX_REASONS_A_DAY = 200
OTHER_REASONS = ("(other)", "other reasons, not kept one by one")
MAX_ATTRIBUTES = 1_000
MAX_SAMPLE = 2_000
# Unknown attributes that this process has written: (source, name).
_known_attributes: set[tuple[UUID, str]] = set()

_INSERT_RECEIPT = (
    "INSERT INTO source_receipt (team_id, source_id, received_at, request_count, stored_count, duplicate_count, "
    "rejected_count, ignored_count, refused_count, byte_count, lag_ms, execution_id) "
    "VALUES (%s::uuid, %s::uuid, %s::timestamptz, 1, %s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint, "
    "%s::bigint, %s::bigint, %s::uuid)"
)
_INSERT_REJECTION = (
    "INSERT INTO source_rejection (team_id, id, source_id, day, field, reason, item_count, last_at, sample) "
    "VALUES (%s::uuid, gen_random_uuid(), %s::uuid, %s::date, %s::text, %s::text, %s::bigint, %s::timestamptz, "
    "%s::text) "
    "ON CONFLICT (team_id, source_id, day, field, reason) DO UPDATE "
    "SET item_count = source_rejection.item_count + EXCLUDED.item_count, last_at = EXCLUDED.last_at, "
    "sample = COALESCE(EXCLUDED.sample, source_rejection.sample)"
)
_FOLD = """
WITH taken AS (
    DELETE FROM source_receipt WHERE team_id = %(team)s AND id = ANY(
        SELECT id FROM source_receipt WHERE team_id = %(team)s ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING *
), hours AS (
    INSERT INTO source_hour AS h (team_id, id, source_id, hour, request_count, stored_count, duplicate_count,
        rejected_count, ignored_count, refused_count, byte_count, lag_sum_ms, lag_max_ms, lag_count)
    SELECT %(team)s, gen_random_uuid(), source_id, date_trunc('hour', received_at, 'UTC'), sum(request_count),
        sum(stored_count), sum(duplicate_count), sum(rejected_count), sum(ignored_count), sum(refused_count),
        sum(byte_count), COALESCE(sum(lag_ms), 0), max(lag_ms), count(lag_ms)
    FROM taken GROUP BY 3, 4 ORDER BY 3, 4
    ON CONFLICT (team_id, source_id, hour) DO UPDATE SET
        request_count = h.request_count + EXCLUDED.request_count, stored_count = h.stored_count + EXCLUDED.stored_count,
        duplicate_count = h.duplicate_count + EXCLUDED.duplicate_count,
        rejected_count = h.rejected_count + EXCLUDED.rejected_count,
        ignored_count = h.ignored_count + EXCLUDED.ignored_count,
        refused_count = h.refused_count + EXCLUDED.refused_count, byte_count = h.byte_count + EXCLUDED.byte_count,
        lag_sum_ms = h.lag_sum_ms + EXCLUDED.lag_sum_ms, lag_max_ms = GREATEST(h.lag_max_ms, EXCLUDED.lag_max_ms),
        lag_count = h.lag_count + EXCLUDED.lag_count
), seen AS (
    SELECT source_id, min(received_at) AS first_at, max(received_at) AS last_at,
        (array_agg(execution_id ORDER BY id) FILTER (WHERE execution_id IS NOT NULL))[1] AS execution_id
    FROM taken WHERE refused_count = 0 GROUP BY source_id
), updated AS (
    UPDATE source s SET first_report_at = LEAST(s.first_report_at, seen.first_at),
        last_report_at = GREATEST(s.last_report_at, seen.last_at),
        first_execution_id = COALESCE(s.first_execution_id, seen.execution_id)
    FROM seen WHERE s.team_id = %(team)s AND s.id = seen.source_id
)
SELECT count(*) FROM taken
"""


@dataclass(slots=True)
class Receipt:
    """What one request brought, in items; `lag_ms` is the age of its newest record."""

    source: SourceInfo
    received_at: datetime
    byte_count: int
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    ignored: int = 0
    refused: int = 0
    lag_ms: int | None = None
    execution_id: UUID | None = None


def record(receipt: Receipt) -> None:
    """Adds a receipt to the transaction that is open."""
    source, one = receipt.source, receipt
    counts = one.stored, one.duplicate, one.rejected, one.ignored, one.refused, one.byte_count
    lag = None if one.lag_ms is None else str(one.lag_ms)
    # As texts: the driver has three types of numbers, and each mixture would be a statement of its own.
    run(_INSERT_RECEIPT, [source.team_id, source.id, one.received_at, *map(str, counts), lag, one.execution_id])


def record_rejections(source: SourceInfo, rejections: Iterable[Rejection], now: datetime) -> None:
    """Counts the most frequent reasons of a request, with a sample each, in the transaction that is open."""
    counted: Counter[tuple[str, str]] = Counter()
    samples: dict[tuple[str, str], str] = {}
    for one in rejections:
        about = _storable(one.field)[:200], _storable(one.reason)[:500]
        counted[about] += 1
        if one.sample:
            samples[about] = _storable(one.sample)[:MAX_SAMPLE]
    today = SourceRejection.objects.filter(source_id=source.id, day=now.date())
    for (field, reason), count in sorted(_bounded(counted, today.count()).items()):
        sample = samples.get((field, reason))
        run(_INSERT_REJECTION, [source.team_id, source.id, now.date(), field, reason, count, now, sample])


def _bounded(counted: Counter[tuple[str, str]], known: int) -> Counter[tuple[str, str]]:
    """The most frequent reasons of a request, the rest as one; all as one where the day has too many already."""
    if known >= MAX_REASONS_A_DAY:
        return Counter({OTHER_REASONS: counted.total()})
    first = Counter(dict(counted.most_common(MAX_REASONS)))
    if rest := counted.total() - first.total():
        first[OTHER_REASONS] += rest
    return first


def _storable(text: str) -> str:
    """The text without what PostgreSQL does not take: it may quote the very item that was refused for it."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()


def record_attributes(source: SourceInfo, unknown: dict[str, str], now: datetime) -> None:
    """Keeps names of attributes that nothing understood, in the transaction that is open; at most 1,000 a source."""
    fresh = {name: told for name, told in unknown.items() if (source.id, name) not in _known_attributes}
    if not fresh:
        return
    free = MAX_ATTRIBUTES - SourceAttribute.objects.filter(source_id=source.id).count()
    rows = [
        SourceAttribute(
            team_id=source.team_id,
            source_id=source.id,
            name=_storable(name)[:200],
            example_type=told[:40],
            first_seen_at=now,
        )
        for name, told in sorted(fresh.items())[: max(free, 0)]
    ]
    SourceAttribute.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(lambda: _remember(source.id, fresh))


def _remember(source_id: UUID, names: Iterable[str]) -> None:
    if len(_known_attributes) > 100_000:
        _known_attributes.clear()
    _known_attributes.update((source_id, name) for name in names)


def fold(limit: int = 10_000) -> int:
    """Adds waiting receipts to their hours, at most `limit` a team; how many were taken."""
    return sum(fold_team(team_id, limit) for team_id in _waiting_teams())


def fold_team(team_id: UUID, limit: int = 10_000) -> int:
    """Adds the waiting receipts of one team to their hours."""
    about: dict[str, Any] = {"team": team_id, "limit": limit}
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(_FOLD, about)
        return int(cursor.fetchone()[0])


def _waiting_teams() -> list[UUID]:
    waiting = SourceReceipt.objects.filter(team_id=OuterRef("id"))
    return list(Team.objects.filter(Exists(waiting)).order_by("id").values_list("id", flat=True))
