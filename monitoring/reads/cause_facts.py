"""What the suggested cause of one failed execution is made from: tries of the same input, how its
group lies in time, and releases near its beginning. Others that call the same are told by `dependents`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.statements import run_planned, run_prepared
from monitoring.analysis.cause import course_beginning
from monitoring.analysis.change_point import Kind
from monitoring.analysis.coincidence import Coincidence, Event, EventKind, Onset, coincidences
from monitoring.models import Dimension, Grain
from monitoring.reads.analysed import input_digest
from monitoring.reads.merged import is_member
from monitoring.reads.places import in_places
from monitoring.reads.replay_records import ExecutionRecord
from monitoring.statuses import Status
from monitoring.store.payloads import merge_own

# How far back the group's course and the tries of the same input are looked at.
BACK = timedelta(days=7)
BUCKET = timedelta(hours=1)
# Executions of the workflow, newest first, among which the same input is looked for; payloads read of those that match.
MAX_LOOKED_AT = 2_000
MAX_SAME = 30
MAX_SAME_BYTES = 2_000_000

_SAME_INPUT = f"""
WITH looked AS MATERIALIZED (
    SELECT id, status, facet_ids, retention_class, anchor_day, environment_id FROM execution
    WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND counted_at >= %(start)s AND counted_at <= %(end)s
    ORDER BY counted_at DESC, id DESC LIMIT {MAX_LOOKED_AT}
), own AS (SELECT facet_ids FROM execution WHERE team_id = %(team)s AND id = %(own)s)
SELECT looked.id, looked.status, looked.retention_class, looked.anchor_day FROM looked, own
WHERE looked.facet_ids IS NOT DISTINCT FROM own.facet_ids AND looked.environment_id = %(environment)s
    AND looked.status IN ({Status.SUCCEEDED:d}, {Status.FAILED:d}, {Status.TIMED_OUT:d}) LIMIT {MAX_SAME}
"""
_BODIES = f"""SELECT execution_id, body FROM (
    SELECT execution_id, digest, body, sum(octet_length(body)) OVER (ORDER BY execution_id, digest) AS bytes
    FROM payload WHERE team_id = %(team)s AND execution_id = ANY(%(ids)s) AND {{places}}) AS told
WHERE bytes <= {MAX_SAME_BYTES} ORDER BY execution_id, digest"""
_COURSE = f"""
SELECT floor(extract(epoch FROM counted_at - %(start)s) / %(bucket)s)::int, count(*) FROM execution
WHERE team_id = %(team)s AND {is_member("failure_group_id")} AND counted_at >= %(start)s AND counted_at < %(end)s
GROUP BY 1
"""
_RUNS = f"""
SELECT floor(extract(epoch FROM bucket - %(start)s) / %(bucket)s)::int, sum(runs)::bigint FROM rollup
WHERE team_id = %(team)s AND grain = {Grain.HOUR:d} AND dimension = {Dimension.NONE:d}
    AND workflow_id = %(workflow)s AND bucket >= %(start)s AND bucket < %(end)s GROUP BY 1
"""
_RELEASES = """SELECT name, first_seen_at FROM release WHERE team_id = %s AND workflow_id = %s
    AND first_seen_at >= %s AND first_seen_at < %s ORDER BY first_seen_at, name LIMIT 200"""


@dataclass(frozen=True, slots=True)
class Course:
    """A failure group over time: (failures, runs) by bucket from `start`, and what its beginning coincides with."""

    start: datetime
    by_bucket: Sequence[tuple[int, int]] = ()
    coincidences: Sequence[Coincidence] = field(default_factory=list)


def same_input(team_id: UUID, execution: ExecutionRecord, digest: int | None) -> tuple[int, int]:
    """How often the same input failed and succeeded in the days before, this execution too; (0, 0): not known.

    Executions with the same top-level fields are compared by their whole input, up to `MAX_SAME` of them.
    """
    if digest is None or execution.workflow_id is None:
        return 0, 0
    params: dict[str, Any] = {
        "team": team_id,
        "workflow": execution.workflow_id,
        "environment": execution.environment_id,
        "own": execution.id,
        "start": execution.counted_at - BACK,
        "end": execution.counted_at,
    }
    rows = run_planned(_SAME_INPUT, params)
    places, values = in_places((row[2], row[3]) for row in rows)
    values |= {"team": team_id, "ids": [row[0] for row in rows]}
    bodies: dict[UUID, list[bytes]] = {}
    for id, body in run_planned(_BODIES.format(places=places), values) if rows else ():
        bodies.setdefault(id, []).append(body)
    same = {id for id, chunks in bodies.items() if input_digest(merge_own(chunks)) == digest}
    succeeded = sum(id in same and status == Status.SUCCEEDED for id, status, *_ in rows)
    return len(same) - succeeded, succeeded


def course_of(team_id: UUID, group_id: UUID, workflow_id: UUID | None, until: datetime) -> Course:
    """The course of a failure group in the days up to `until`, by the hour, with what its beginning coincides with."""
    start = course_start(until)
    end = start + BACK
    params: dict[str, Any] = {
        "team": team_id,
        "group": group_id,
        "workflow": workflow_id,
        "start": start,
        "end": end,
        "bucket": BUCKET.total_seconds(),
    }
    failures: dict[int, int] = dict(run_planned(_COURSE, params))
    runs: dict[int, int] = dict(run_planned(_RUNS, params)) if workflow_id else {}
    by_bucket = buckets_of(failures, runs)
    onset = onset_of(start, by_bucket) if workflow_id else None
    if onset is None:
        return Course(start, by_bucket)
    rows = run_prepared(_RELEASES, [team_id, workflow_id, start, end])
    return Course(start, by_bucket, coincidences(onset, [Event(EventKind.RELEASE, name, at) for name, at in rows]))


def course_start(until: datetime) -> datetime:
    """Where the course of a group begins that was last seen at `until`; it is `BACK` long."""
    return until.replace(minute=0, second=0, microsecond=0) + BUCKET - BACK


def buckets_of(failures: Mapping[int, int], runs: Mapping[int, int]) -> list[tuple[int, int]]:
    """(failures, runs) of each bucket. Figures may lag behind by seconds: what failed ran."""
    return [(failures.get(n, 0), max(runs.get(n, 0), failures.get(n, 0))) for n in range(BACK // BUCKET)]


def onset_of(start: datetime, by_bucket: Sequence[tuple[int, int]]) -> Onset | None:
    """When the failures of a course began; None where there is no such moment."""
    began = course_beginning(tuple(by_bucket))
    if began.kind is not Kind.BEGAN or began.bucket is None:
        return None
    earliest, latest = began.earliest, began.latest
    return Onset(
        at=start + began.bucket * BUCKET,
        earliest=start + (began.bucket if earliest is None else earliest) * BUCKET,
        latest=start + ((began.bucket if latest is None else latest) + 1) * BUCKET,
        window_start=start,
        window_end=start + BACK,
    )
