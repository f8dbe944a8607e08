"""The latest executions of workflows, by place: what streaks, rhythms and schedules are read from. One query for all.

Hourly rollups say in which hours there were any; only those hours of the records are looked into, so what it costs does
not grow with what is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.statements import run_planned
from alerts.reads.places import IS_LIVE, Place, Wanted
from monitoring.identity import LabelKind
from monitoring.models import Dimension, Grain
from monitoring.statuses import FAILING, Status

# What is older is forgotten.
REMEMBERED = timedelta(weeks=8)
# Hours of one place that are looked into.
MAX_HOURS = 60
# Clocks of senders are so much ahead at most.
AHEAD = timedelta(minutes=10)

_LATEST = f"""
SELECT w.id, w.completeness, w.schedule <> '' OR w.told_schedule <> '', env.id, e.* FROM workflow w
CROSS JOIN (SELECT id FROM label WHERE team_id = %(team)s AND kind = {LabelKind.ENVIRONMENT:d} AND {{environment}}) env
CROSS JOIN LATERAL (
    SELECT bucket FROM (
        SELECT bucket, sum(runs) OVER (ORDER BY bucket DESC) - runs AS before FROM (
            SELECT bucket, runs FROM rollup WHERE team_id = %(team)s AND workflow_id = w.id AND environment_id = env.id
                AND dimension = {Dimension.NONE:d} AND grain = {Grain.HOUR:d} AND value_id = 0 AND runs > 0
                AND bucket >= %(since)s AND bucket <= %(until)s
            ORDER BY bucket DESC LIMIT {MAX_HOURS}
        ) newest
    ) summed WHERE before < %(limit)s
) hour
CROSS JOIN LATERAL (
    SELECT id, origin_id, attempt, external_id, status, started_at, counted_at, {IS_LIVE} AS is_live FROM execution
    WHERE team_id = %(team)s AND workflow_id = w.id AND environment_id = env.id
        AND counted_at >= hour.bucket AND counted_at < hour.bucket + interval '1 hour' AND counted_at <= %(until)s
    ORDER BY counted_at DESC, id DESC LIMIT %(limit)s
) e
WHERE w.team_id = %(team)s AND {{workflow}}
ORDER BY w.id, env.id, e.counted_at DESC, e.id DESC
"""


@dataclass(frozen=True, slots=True)
class LatestRun:
    """An execution. `is_live`: neither imported nor sent as history. `at` is when it counts."""

    id: UUID
    origin_id: UUID
    attempt: int
    name: str
    status: Status
    started_at: datetime | None
    at: datetime
    is_live: bool

    @property
    def is_failure(self) -> bool:
        """Whether it failed or timed out."""
        return self.status in FAILING


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest executions at one place, newest first; `completeness`, and whether it has a schedule, are the
    workflow's."""

    place: Place
    completeness: str
    has_schedule: bool
    runs: Sequence[LatestRun]

    @property
    def is_live(self) -> bool:
        """Whether the newest one happened now: imported history is nothing to wake anybody for."""
        return bool(self.runs) and self.runs[0].is_live

    @property
    def ended(self) -> list[LatestRun]:
        """Those that succeeded or failed, newest first. Of attempts at one execution the last one counts: one that
        failed and is tried again has not ended."""
        seen: dict[UUID, LatestRun] = {}
        for run in self.runs:
            known = seen.get(run.origin_id)
            if known is None or run.attempt > known.attempt:
                seen[run.origin_id] = run
        last = {run.id for run in seen.values()}
        rated = (run for run in self.runs if run.is_failure or run.status is Status.SUCCEEDED)
        return [run for run in rated if run.id in last]

    @property
    def starts(self) -> list[datetime]:
        """When they started (else when they count), newest first; attempts at one execution are one."""
        first: dict[UUID, datetime] = {}
        for run in self.runs:
            start = run.started_at or run.at
            first[run.origin_id] = min(first.get(run.origin_id, start), start)
        return sorted(first.values(), reverse=True)


def latest_runs(team_id: UUID, wanted: Wanted, now: datetime, limit: int) -> Mapping[Place, Latest]:
    """The latest executions, up to `limit`, of each place that has any of the last eight weeks."""
    text = _LATEST.format(
        workflow="true" if wanted.workflow_ids is None else "w.id = ANY(%(workflows)s)",
        environment="true" if wanted.environment_ids is None else "id = ANY(%(environments)s)",
    )
    values = {
        "team": team_id,
        "workflows": wanted.workflow_ids,
        "environments": wanted.environment_ids,
        "since": now - REMEMBERED,
        "until": now + AHEAD,
        "limit": limit,
    }
    found: dict[Place, tuple[str, bool, list[LatestRun]]] = {}
    for workflow_id, completeness, has_schedule, environment_id, *told in run_planned(text, values):
        *_, runs = found.setdefault((workflow_id, environment_id), (completeness, has_schedule, []))
        if len(runs) < limit:
            run_id, origin_id, attempt, name, status, *rest = told
            runs.append(LatestRun(run_id, origin_id, attempt, name, Status(status), *rest))
    return {place: Latest(place, *about) for place, about in found.items()}
