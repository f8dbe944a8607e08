"""The fold: computes marked rollups again, from records, so that folding twice gives the same rows.

Writers mark the minute at which an execution counts. A fold takes the marks of one team at a time (an advisory
lock keeps a second folder away from that team), computes the minutes from records while they are kept, the hours
from minutes or from records, and marks the days and months above, which are merged with a delay: reads use finer
rows where a coarser one is still marked, see `monitoring.reads.rollup_rows`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.statements import make_stages, run_for_any_team
from accounts.tenancy import team_context
from monitoring import ports
from monitoring.models import Grain
from monitoring.models.execution import DATED
from monitoring.store import baselines, finding_queue, rollup_sql
from monitoring.store.classes import classes_of
from monitoring.store.due_queue import Whose
from monitoring.store.fold_lock import lock_folding
from monitoring.store.labels import values_of_labels
from monitoring.store.seals import YOUNGEST, sealed_days
from monitoring.windows import minute_floor

# Marks that one transaction takes from one team; the newest minutes go first.
LIMIT = 20_000
# A day or month that exists already is merged again at most this often.
COARSE_DELAY = timedelta(seconds=60)
LENGTHS = {Grain.MINUTE: "1 minute", Grain.HOUR: "1 hour", Grain.DAY: "1 day", Grain.MONTH: "1 month"}

# One range of an index, however many are marked: chosen marks that are joined with all are compared each with each
# while statistics do not know of them yet. Nobody else takes marks of a team: see the lock of folders, `marked_teams`.
_MARKED = "team_id = %(team)s AND grain = %(grain)s AND marked_at <= %(before)s"
CLAIM = f"""
WITH oldest AS MATERIALIZED (
    SELECT minute, id FROM dirty_bucket WHERE {_MARKED} ORDER BY minute DESC, id DESC OFFSET %(limit)s - 1 LIMIT 1
), claimed AS (
    DELETE FROM dirty_bucket WHERE {_MARKED} AND (minute, id) >= (
        COALESCE((SELECT minute FROM oldest), '-infinity'), COALESCE((SELECT id FROM oldest), -9223372036854775808))
    RETURNING workflow_id, environment_id, minute
)
SELECT workflow_id, environment_id, minute, count(*) FROM claimed GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
# Days and months that are marked already, or not there yet, need no waiting. Two statements: in a cluster the queue is
# on one machine and the rollups are on others.
_THERE = """
SELECT b.workflow_id, b.environment_id, b.bucket
FROM unnest(%(workflows)s::uuid[], %(environments)s::bigint[], %(starts)s::timestamptz[])
    AS b(workflow_id, environment_id, bucket)
JOIN rollup r ON r.team_id = %(team)s AND r.grain = %(grain)s AND r.workflow_id = b.workflow_id
    AND r.environment_id = b.environment_id AND r.dimension = 0 AND r.bucket = b.bucket
"""
_MARK = """
INSERT INTO dirty_bucket (team_id, workflow_id, environment_id, minute, grain, marked_at)
SELECT %(team)s, b.workflow_id, b.environment_id, b.bucket, %(grain)s, b.marked_at
FROM unnest(%(workflows)s::uuid[], %(environments)s::bigint[], %(starts)s::timestamptz[], %(marked)s::timestamptz[])
    AS b(workflow_id, environment_id, bucket, marked_at)
WHERE NOT EXISTS (
    SELECT FROM dirty_bucket d WHERE d.team_id = %(team)s AND d.grain = %(grain)s AND d.minute = b.bucket
        AND d.workflow_id = b.workflow_id AND d.environment_id = b.environment_id)
"""
# Hash joins and sorts of a whole day stay in memory; compiling these statements costs more than running them.
_SETTINGS = "SET LOCAL work_mem = '64MB'; SET LOCAL jit = off"


@dataclass(frozen=True, slots=True, order=True)
class Bucket:
    """The key of the rollup rows that are computed together."""

    workflow_id: UUID
    environment_id: int
    start: datetime


def start_of(grain: Grain, moment: datetime) -> datetime:
    """The start (UTC) of the bucket that a moment is in."""
    moment = moment.replace(second=0, microsecond=0)
    if grain == Grain.MINUTE:
        return moment
    moment = moment.replace(minute=0)
    if grain == Grain.HOUR:
        return moment
    return moment.replace(hour=0, day=1 if grain == Grain.MONTH else moment.day)


def fold(now: datetime, limit: int = LIMIT) -> int:
    """Computes what is marked, at most `limit` marks a team, and says how many marks it took.

    Teams that another process is folding are left to it.
    """
    return sum(fold_team(team_id, now, limit) for team_id in marked_teams())


def fold_all(now: datetime | None = None, *, team_id: UUID | None = None, until: datetime | None = None) -> int:
    """Folds until nothing is marked, days and months included. Answers the marks taken.

    While others report there is always something marked: where they may, only what was marked `until` then is taken.
    """
    now = now or timezone.now()
    total = 0
    for team in [team_id] if team_id else marked_teams():
        while taken := fold_team(team, now, LIMIT, is_whole=True, until=until):
            total += taken
    return total


def marked_teams() -> list[UUID]:
    """Teams with marks, but for those that are being erased."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.id FROM accounts_team t"
            " WHERE (t.erased_from IS NULL OR t.erased_from > now())"
            " AND EXISTS (SELECT FROM dirty_bucket d WHERE d.team_id = t.id) ORDER BY t.id"
        )
        return [row[0] for row in cursor.fetchall()]


def fold_team(
    team_id: UUID, now: datetime, limit: int = LIMIT, *, is_whole: bool = False, until: datetime | None = None
) -> int:
    """Takes up to `limit` marks of a team in one transaction, those made `until` then where that is told.

    `is_whole` waits for other folders and delays nothing.
    """
    with team_context(team_id):
        with connection.cursor() as cursor:
            cursor.execute(_SETTINGS)
        if not lock_folding(team_id, wait=is_whole):
            return 0
        minutes, taken = _claim(team_id, Grain.MINUTE, until, limit)
        _fold_minutes(team_id, minutes, now)
        before = until if is_whole else now - COARSE_DELAY
        for grain, finer, above in ((Grain.DAY, Grain.HOUR, Grain.MONTH), (Grain.MONTH, Grain.DAY, None)):
            buckets, marks = _claim(team_id, grain, before, limit)
            _merge(team_id, grain, finer, buckets, now)
            if above:
                _mark(team_id, above, buckets, now)
            taken += marks
        return taken


def purge_minutes(team_id: UUID, now: datetime) -> int:
    """Removes the minute rows of a team that are kept no longer; the hours above them stay."""
    with team_context(team_id), connection.cursor() as cursor:
        # An hour later than needed: a fold that read its clock a little earlier still finds all it merges.
        limit = minute_floor(now) - timedelta(hours=1)
        cursor.execute("DELETE FROM rollup WHERE team_id = %s AND grain = 1 AND bucket < %s", [team_id, limit])
        return int(cursor.rowcount)


def _claim(team_id: UUID, grain: Grain, before: datetime | None, limit: int) -> tuple[list[Bucket], int]:
    """Takes marks off the queue; they come back if the transaction fails."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"team": team_id, "grain": grain, "before": before or "infinity", "limit": limit}
        cursor.execute(CLAIM, values)
        rows = cursor.fetchall()
    return [Bucket(*row[:3]) for row in rows], sum(row[3] for row in rows)


def _fold_minutes(team_id: UUID, marked: Sequence[Bucket], now: datetime) -> None:
    """Computes marked minutes, and the hours above them; what retention sealed stays as it is."""
    minutes = _unsealed(team_id, marked, now)
    floor = minute_floor(now)
    hours = _above(Grain.HOUR, minutes)
    _compute(team_id, Grain.MINUTE, [m for m in minutes if m.start >= floor], now)
    _merge(team_id, Grain.HOUR, Grain.MINUTE, [h for h in hours if h.start >= floor], now)
    _compute(team_id, Grain.HOUR, [h for h in hours if h.start < floor], now)
    _mark(team_id, Grain.DAY, hours, now)
    changed = {Whose(h.workflow_id, h.environment_id) for h in hours}
    baselines.mark(team_id, changed, now)
    finding_queue.mark(team_id, changed, now)
    ports.mark_costs(team_id, [(h.workflow_id, h.environment_id, h.start) for h in hours], now)


def _unsealed(team_id: UUID, buckets: Sequence[Bucket], now: datetime) -> Sequence[Bucket]:
    """Those of the buckets whose records are all there: of a sealed day, held executions alone may be left."""
    old = {b.start.date() for b in buckets if b.start.date() < (now - YOUNGEST).date()}
    if not old:
        return buckets
    sealed = sealed_days(team_id, [(int(class_), day) for class_ in DATED for day in old], now)
    if not sealed:
        return buckets
    names, classes = values_of_labels(team_id, {b.environment_id for b in buckets}), classes_of(team_id)
    return [
        b
        for b in buckets
        if (int(classes.of(names.get(b.environment_id, ""), b.workflow_id)), b.start.date()) not in sealed
    ]


def _above(grain: Grain, buckets: Iterable[Bucket]) -> list[Bucket]:
    return sorted({Bucket(b.workflow_id, b.environment_id, start_of(grain, b.start)) for b in buckets})


def _values(team_id: UUID, grain: Grain, buckets: Sequence[Bucket], now: datetime) -> dict[str, Any]:
    return {
        "team": team_id,
        "grain": grain.value,
        "length": LENGTHS[grain],
        "now": now,
        "workflows": [b.workflow_id for b in buckets],
        "environments": [b.environment_id for b in buckets],
        "starts": [b.start for b in buckets],
    }


def _compute(team_id: UUID, grain: Grain, buckets: Sequence[Bucket], now: datetime) -> None:
    """Computes rows from records."""
    if not buckets:
        return
    values = _values(team_id, grain, buckets, now)
    make_stages(rollup_sql.MAKE_STAGES)
    run_for_any_team(rollup_sql.STAGE_RUNS, values)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE fold_run")
        cursor.execute(rollup_sql.DAYS)
        if days := cursor.fetchall():
            ranges = " OR ".join([rollup_sql.DAY_RANGE] * len(days))
            cursor.execute(rollup_sql.STAGE_VISITS.format(days=ranges), [team_id, *chain.from_iterable(days)])
            cursor.execute("ANALYZE fold_visit")
        cursor.execute(rollup_sql.FROM_RECORDS, values)


def _merge(team_id: UUID, grain: Grain, finer: Grain, buckets: Sequence[Bucket], now: datetime) -> None:
    """Computes rows from those of the finer grain."""
    if not buckets:
        return
    with connection.cursor() as cursor:
        cursor.execute(rollup_sql.FROM_FINER, {**_values(team_id, grain, buckets, now), "finer": finer.value})


def _mark(team_id: UUID, grain: Grain, finer: Sequence[Bucket], now: datetime) -> None:
    """Marks the coarser buckets above these."""
    buckets = _above(grain, finer)
    if not buckets:
        return
    with connection.cursor() as cursor:
        values = _values(team_id, grain, buckets, now)
        cursor.execute(_THERE, values)
        there = {Bucket(*row) for row in cursor.fetchall()}
        marked = [now if bucket in there else now - COARSE_DELAY for bucket in buckets]
        cursor.execute(_MARK, {**values, "marked": marked})
