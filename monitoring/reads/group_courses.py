"""What suggested causes of many failure groups are made from, in a number of queries that does not depend on theirs.

The same as `reads.failure_group.diagnoses_of` and `reads.cause_facts.course_of` say of one group.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.statements import run_planned
from monitoring.analysis.coincidence import Event, EventKind, coincidences
from monitoring.models import Dimension, Grain
from monitoring.reads.cause_facts import BACK, BUCKET, Course, buckets_of, course_start, onset_of
from monitoring.reads.failure_group import MAX_DIAGNOSES, Diagnosed

_WANTED = "unnest(%(ids)s::uuid[], %(workflows)s::uuid[], %(starts)s::timestamptz[]) AS w (id, workflow_id, start)"
_FINGERPRINTS = "unnest(%(roots)s::uuid[], %(fingerprints)s::uuid[]) AS f (root, id)"
_DIAGNOSES = f"""
SELECT root, id, cause, facts, input_digest, first_node, symptom_node, cause_node, kind, counted_at FROM (
    SELECT f.root, d.*, row_number() OVER (PARTITION BY f.root ORDER BY d.counted_at DESC, d.id) AS place
    FROM {_FINGERPRINTS} CROSS JOIN LATERAL (
        SELECT id, cause, facts, input_digest, first_node, symptom_node, cause_node, kind, counted_at FROM diagnosis
        WHERE team_id = %(team)s AND failure_group_id = f.id ORDER BY counted_at DESC, id LIMIT {MAX_DIAGNOSES}) d
) AS ranked WHERE place <= {MAX_DIAGNOSES} ORDER BY root, place
"""
_COURSES = f"""
SELECT w.id, floor(extract(epoch FROM e.counted_at - w.start) / %(bucket)s)::int, count(*)
FROM {_WANTED} JOIN {_FINGERPRINTS} ON f.root = w.id
CROSS JOIN LATERAL (SELECT counted_at FROM execution WHERE team_id = %(team)s AND failure_group_id = f.id
    AND counted_at >= w.start AND counted_at < w.start + %(back)s OFFSET 0) e
GROUP BY 1, 2
"""
_RUNS = f"""
SELECT w.id, floor(extract(epoch FROM r.bucket - w.start) / %(bucket)s)::int, sum(r.runs)::bigint
FROM {_WANTED} CROSS JOIN LATERAL (SELECT bucket, runs FROM rollup WHERE team_id = %(team)s AND grain = {Grain.HOUR:d}
    AND dimension = {Dimension.NONE:d} AND workflow_id = w.workflow_id
    AND bucket >= w.start AND bucket < w.start + %(back)s OFFSET 0) r
GROUP BY 1, 2
"""
_RELEASES = f"""
SELECT w.id, r.name, r.first_seen_at FROM {_WANTED} CROSS JOIN LATERAL (
    SELECT name, first_seen_at FROM release WHERE team_id = %(team)s AND workflow_id = w.workflow_id
        AND first_seen_at >= w.start AND first_seen_at < w.start + %(back)s ORDER BY first_seen_at, name LIMIT 200) r
ORDER BY w.id, r.first_seen_at, r.name
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A group that is asked for, with its fingerprints."""

    id: UUID
    ids: Sequence[UUID]
    workflow_id: UUID | None
    last_seen_at: datetime


def diagnoses_of_groups(team_id: UUID, groups: Sequence[Wanted]) -> dict[UUID, list[Diagnosed]]:
    """The diagnoses of the newest executions of each group. One query."""
    found: dict[UUID, list[Diagnosed]] = {group.id: [] for group in groups}
    for root, *told in run_planned(_DIAGNOSES, {"team": team_id, **_fingerprints(groups)}):
        found[root].append(Diagnosed(*told))
    return found


def courses_of_groups(team_id: UUID, groups: Sequence[Wanted]) -> dict[UUID, Course]:
    """The course of each group in the days up to its newest failure. Three queries."""
    starts = {group.id: course_start(group.last_seen_at) for group in groups}
    params = {
        "team": team_id,
        "ids": [group.id for group in groups],
        "workflows": [group.workflow_id for group in groups],
        "starts": list(starts.values()),
        "bucket": BUCKET.total_seconds(),
        "back": BACK,
        **_fingerprints(groups),
    }
    failures, runs = (_by_group(run_planned(sql, params)) for sql in (_COURSES, _RUNS))
    releases: defaultdict[UUID, list[Event]] = defaultdict(list)
    for id, name, at in run_planned(_RELEASES, params):
        releases[id].append(Event(EventKind.RELEASE, name, at))
    found = {}
    for group in groups:
        by_bucket = buckets_of(failures[group.id], runs[group.id])
        onset = onset_of(starts[group.id], by_bucket) if group.workflow_id else None
        found[group.id] = Course(starts[group.id], by_bucket, coincidences(onset, releases[group.id]) if onset else [])
    return found


def _fingerprints(groups: Sequence[Wanted]) -> dict[str, list[UUID]]:
    pairs = [(group.id, fingerprint) for group in groups for fingerprint in group.ids]
    return {"roots": [root for root, _ in pairs], "fingerprints": [fingerprint for _, fingerprint in pairs]}


def _by_group(rows: Sequence[tuple[UUID, int, int]]) -> defaultdict[UUID, dict[int, int]]:
    found: defaultdict[UUID, dict[int, int]] = defaultdict(dict)
    for id, place, count in rows:
        found[id][place] = count
    return found
