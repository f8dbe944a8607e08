"""How rows go: whole partitions by functions of the owner, else batches in short transactions with pauses."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts.cluster import is_cluster
from accounts.tenancy import team_context
from monitoring.models.execution import RetentionClass
from monitoring.store.expiry_days import Partition
from monitoring.store.seals import seal

BATCH = 5_000
# Rows of larger partitions (16 MB without their indexes) are estimated: nobody waits for all of them to be read.
COUNTED_PAGES = 2_048
FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast batches follow each other: rows of one, and how long to pause after it, as a multiple of its time.

    What is copied in a partition takes more of the machine and pauses longer.
    """

    batch: int = BATCH
    pause: float = 3.0
    copy_pause: float = 6.0

    def wait(self, seconds: float) -> None:
        """Pauses after a batch that took so long."""
        if self.pause:
            time.sleep(seconds * self.pause)


# Keeps executions (ids with their days) elsewhere.
Archive = Callable[[Sequence[tuple[UUID, date]]], None]

# Those of production are found by when they count, which is on their day or later; an execution that ran for days goes
# when its finish is past the limit. Debug ones have an index of their own.
_DUE = {
    RetentionClass.PRODUCTION: """SELECT ctid AS place, id, anchor_day FROM execution WHERE team_id = %(team)s
        AND counted_at >= %(at)s AND counted_at < %(end)s AND anchor_day < %(before)s
        AND retention_class = 0 {imports} ORDER BY counted_at, id LIMIT %(batch)s""",
    RetentionClass.DEBUG: """SELECT ctid AS place, id, anchor_day FROM execution WHERE team_id = %(team)s
        AND anchor_day < %(before)s AND retention_class = 1 {imports} LIMIT %(batch)s""",
}
_TOLD = "SELECT ctid AS place, id, anchor_day FROM execution WHERE team_id = %(team)s AND id = ANY(%(ids)s)"
# By their places in the file, in one statement: their ids need not travel, nor be looked up again.
_REMOVED = """WITH due AS MATERIALIZED ({due}),
    gone AS (DELETE FROM execution e USING due WHERE e.team_id = %(team)s AND e.ctid = due.place
        RETURNING e.id, e.anchor_day, e.counted_at),
    diagnosed AS (DELETE FROM diagnosis d USING gone WHERE d.team_id = %(team)s AND d.id = gone.id),
    examined AS (DELETE FROM examination x USING gone WHERE x.team_id = %(team)s AND x.id = gone.id)
SELECT anchor_day, count(*), max(counted_at) FROM gone GROUP BY 1"""


def remove_executions(
    team_id: UUID,
    class_: int,
    before: date,
    *,
    now: datetime,
    pace: Pace,
    keeps_imports: bool,
    archive: Archive | None = None,
) -> Iterator[Counter[date]]:
    """Removes the expired executions of a team with their diagnoses, and seals the days; how many by day, per batch.

    `archive` gets each batch before it goes; what it raises ends the removal.
    """
    due = _DUE[RetentionClass(class_)].format(imports="AND NOT is_imported" if keeps_imports else "")
    end = datetime.combine(before, datetime.min.time(), now.tzinfo)
    about: dict[str, Any] = {"team": team_id, "before": before, "end": end, "batch": pace.batch}
    about["at"] = datetime.min.replace(tzinfo=now.tzinfo) + timedelta(days=1)
    while True:
        began = time.monotonic()
        if archive is not None:
            about["ids"] = _archived(team_id, due, about, archive)
        with team_context(team_id), connection.cursor() as cursor:
            cursor.execute(_REMOVED.format(due=due if archive is None else _TOLD), about)
            gone = cursor.fetchall()
            if gone:
                seal(team_id, class_, (day for day, _, _ in gone), now)
        if gone:
            about["at"] = max(at for _, _, at in gone)
            yield Counter({day: count for day, count, _ in gone})
        if sum(count for _, count, _ in gone) < pace.batch:
            return
        pace.wait(time.monotonic() - began)


def _archived(team_id: UUID, due: str, about: dict[str, Any], archive: Archive) -> list[UUID]:
    """The ids of a batch that was given to the archive."""
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(due, about)
        found = [(id, day) for _, id, day in cursor.fetchall()]
    if found:
        archive(found)
    return [id for id, _ in found]


def execution_bytes() -> float:
    """Bytes of a row of executions on the disk, without indexes, as the planner knows them; 0 before it does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN reltuples > 0 THEN pg_relation_size(oid) / reltuples ELSE 0 END FROM pg_class "
            "WHERE oid = 'public.execution'::regclass"
        )
        return float(cursor.fetchone()[0])


def has_kept_imports(team_id: UUID, class_: int, day: date) -> bool:
    """Whether the team has imported executions on the day."""
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM execution WHERE team_id = %s AND is_imported AND anchor_day = %s "
            "AND retention_class = %s)",
            [team_id, day, class_],
        )
        return bool(cursor.fetchone()[0])


def clear(part: Partition, teams: Sequence[UUID], *, keeps: bool) -> dict[UUID, tuple[int, int]]:
    """Drops a partition, or empties it where it `keeps` its place; rows and bytes that went, by team."""
    found = rows_by_team(part) if teams else {}
    counts = {team_id: max(found.get(team_id, 0), 1) for team_id in teams}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT steadyrun_clear_days(%s, %s::smallint, %s::date[], %s)",
            [part.table, part.class_, [part.day], keeps],
        )
    total = sum(counts.values())
    return {team_id: (rows, int(part.bytes * rows / total)) for team_id, rows in counts.items()}


def rows_by_team(part: Partition) -> dict[UUID, int]:
    """How many rows each team has in a partition; estimated from `COUNTED_PAGES` of them where it is larger."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT team, row_count FROM steadyrun_rows_of_day(%s, %s::smallint, %s, %s)",
            [part.table, part.class_, part.day, COUNTED_PAGES],
        )
        return dict(cursor.fetchall())


def remove_records(team_id: UUID, part: Partition, *, pace: Pace, keeps_imports: bool = False) -> int:
    """Removes a team's rows of one partition in the order of their executions; how many."""
    place = f"{part.table} WHERE team_id = %(team)s AND retention_class = %(class)s::smallint AND anchor_day = %(day)s"
    about: dict[str, Any] = {"team": team_id, "class": part.class_, "day": part.day, "batch": pace.batch}
    kept = (
        " AND NOT EXISTS (SELECT FROM execution e WHERE e.team_id = %(team)s AND e.id = execution_id AND e.is_imported)"
        if keeps_imports
        else ""
    )
    after: UUID | None = FIRST
    total = 0
    while after is not None:
        began = time.monotonic()
        with team_context(team_id), connection.cursor() as cursor:
            cursor.execute(
                f"SELECT execution_id FROM {place} AND execution_id > %(after)s "
                "ORDER BY execution_id OFFSET %(batch)s LIMIT 1",
                {**about, "after": after},
            )
            found = cursor.fetchone()
            until = found[0] if found else None
            limit = " AND execution_id <= %(until)s" if found else ""
            cursor.execute(
                f"DELETE FROM {place} AND execution_id > %(after)s{limit}{kept}",
                {**about, "after": after, "until": until},
            )
            total += cursor.rowcount
        after = until
        if after is not None:
            pace.wait(time.monotonic() - began)
    return total


def rewrite(part: Partition, without: Sequence[UUID], *, pace: Pace) -> int:
    """Writes a partition anew without the rows of some teams, and without what is dead; the bytes that came free.

    Not in a cluster: the owner's function reads one file of one machine. Raises `RuntimeError` there.
    """
    if is_cluster():
        raise RuntimeError("a partition of a cluster is not written anew: its rows are removed")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT steadyrun_rewrite_day(%s, %s::smallint, %s, %s::uuid[], %s)",
            [part.table, part.class_, part.day, list(without), pace.copy_pause],
        )
        return int(cursor.fetchone()[0])


def remove_figures(team_id: UUID, before: date, *, pace: Pace) -> int:
    """Removes rollups of hours, days and months before a day; how many. Those of minutes have a limit of their own."""
    total, key = 0, "workflow_id, environment_id, dimension, bucket, value_id, grain"
    while True:
        began = time.monotonic()
        with team_context(team_id), connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM rollup WHERE team_id = %(team)s AND ({key}) IN (SELECT {key} FROM rollup "
                "WHERE team_id = %(team)s AND grain > 1 AND bucket < %(before)s LIMIT %(batch)s)",
                {"team": team_id, "before": before, "batch": pace.batch},
            )
            removed = int(cursor.rowcount)
        total += removed
        if removed < pace.batch:
            return total
        pace.wait(time.monotonic() - began)


# The last number stays, so that numbers go on behind it.
_DROP_PLACES = """DELETE FROM audit_place WHERE team_id = %(team)s AND at < %(before)s
    AND place < (SELECT max(place) FROM audit_place WHERE team_id = %(team)s)"""


def remove_events(team_id: UUID, before: datetime) -> int:
    """Removes events of the audit log before an instant, by the function of the owner; how many."""
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute("SELECT steadyrun_drop_audit(%s, %s)", [team_id, before])
        gone = int(cursor.fetchone()[0])
    # By itself: what the owner changed in a transaction nobody else may touch in a cluster.
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(_DROP_PLACES, {"team": team_id, "before": before})
        return gone
