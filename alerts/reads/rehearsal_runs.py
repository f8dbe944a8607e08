"""The runs of the past by workflow, one after the other: for rehearsals of metrics that look at single runs."""

from datetime import datetime
from typing import cast
from uuid import UUID

from alerts.analysis.run_courses import Runs
from alerts.analysis.sliding import Floats
from alerts.analysis.usual_gaps import usual_gap
from alerts.models import AlertRule
from alerts.reads.last_successes import success_facts
from alerts.reads.places import subjects_of, wanted_by
from alerts.reads.rehearsal import MAX_SUBJECTS, bounded_rows, told_of, which_rows
from monitoring.analysis.arrays import Reals, np
from monitoring.statuses import FAILING, Status

# Starts that say what interval is usual.
LATEST_STARTS = 50
_FAILED = f"status IN ({', '.join(str(int(status)) for status in FAILING)})"
# A failed attempt that was tried again is not how its execution ended.
_LAST = f"""NOT ({_FAILED} AND EXISTS (SELECT FROM execution again WHERE again.team_id = %(team)s
    AND again.origin_id = execution.origin_id AND again.origin_id <> again.id AND again.attempt > execution.attempt))"""
_RUNS = f"""SELECT workflow_id, string_agg(
    float8send(date_part('epoch', counted_at)) || float8send(date_part('epoch', COALESCE(started_at, counted_at)))
    || int2send(CASE WHEN {_FAILED} THEN 1 WHEN status = {Status.SUCCEEDED:d} THEN 0 ELSE -1 END::smallint), '')
FROM execution WHERE team_id = %(team)s AND workflow_id IS NOT NULL AND counted_at >= %(from)s AND counted_at < %(to)s
    AND (status <> 0 OR step_count > 0) AND {_LAST} {{which}}
GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {MAX_SUBJECTS + 1}"""


def runs_by_workflow(team_id: UUID, rule: AlertRule, start: datetime, end: datetime) -> dict[UUID, Runs]:
    """The runs in [start, end), of the workflows with most runs; one more than `MAX_SUBJECTS` where there are more.

    Raises `django.db.OperationalError` where that takes too long.
    """
    rows = bounded_rows(_RUNS.format(which=which_rows(rule)), told_of(team_id, rule, start, end))
    return {workflow_id: _read(packed) for workflow_id, packed in rows}


def _read(packed: bytes) -> Runs:
    told = np.frombuffer(packed, dtype=[("ended", ">f8"), ("started", ">f8"), ("failed", ">i2")])
    told = told[np.argsort(told["ended"], kind="stable")]
    rated = told[told["failed"] >= 0]
    started = np.sort(told["started"].astype(np.float64))
    return Runs(rated["ended"].astype(np.float64), rated["failed"].astype(np.int64), started)


def usual_gaps(team_id: UUID, rule: AlertRule, runs: dict[UUID, Runs], now: datetime) -> dict[UUID, float]:
    """The usual time (seconds) between the runs of each workflow, as it is today; none where it is not known."""
    facts = subjects_of(rule, success_facts(team_id, wanted_by([rule]), now))
    known = {subject.workflow_id: [one.run_gap for one in mine if one.run_gap] for subject, mine in facts.items()}
    found: dict[UUID, float] = {}
    for workflow_id, mine in runs.items():
        starts = [_moment(one, now) for one in cast(list[float], mine.started[-LATEST_STARTS:].tolist())]
        usual = usual_gap(starts, max(known.get(workflow_id, []), default=None))
        if usual is not None:
            found[workflow_id] = usual.length.total_seconds()
    return found


def _moment(seconds: float, now: datetime) -> datetime:
    return datetime.fromtimestamp(seconds, now.tzinfo)


def instants_between(start: datetime, end: datetime) -> Floats:
    """Each minute of [start, end], as seconds since 1970."""
    found: Reals = np.arange(start.timestamp(), end.timestamp() + 1, 60.0)
    return found
