"""Everything that the page of one external system, model or tool shows, in a constant number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from monitoring.analysis.dependence import Decision, Side
from monitoring.identity import NO_WORKFLOW, label_id
from monitoring.models import Grain
from monitoring.ports import IncidentMark, OpenIncident, incident_marks, open_incidents
from monitoring.reads import trends
from monitoring.reads.calls import (
    CallingWorkflow,
    CallsOverTime,
    Kind,
    calls_before,
    calls_over_time,
    decisions,
    last_calls,
    totals_by_pair,
    workflows_of,
)
from monitoring.reads.dependents import Others, failing_now
from monitoring.reads.figures import Totals, together
from monitoring.reads.labels import label_values
from monitoring.reads.releases import ReleaseMark, release_marks
from monitoring.reads.rollup_rows import Segment, Slice, group_rows, pending
from monitoring.reads.system_nodes import Dependent, dependents
from monitoring.reads.system_records import SystemRecords, system_records
from monitoring.windows import HOUR, MINUTE, Window, ceil_to, minute_floor

CHART_POINTS = 60
MAX_MOMENTS = 20


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of time [start, start + length) in which calls failed in several workflows, by their ids."""

    start: datetime
    length: timedelta
    workflows: Sequence[UUID]
    calls: int
    failures: int


@dataclass(frozen=True, slots=True)
class SystemPage:
    """The figures of one thing that steps call.

    `by_workflow` has the figures of each workflow that calls it; `moments` are the latest in which it failed in several
    workflows, `moment_count` counts all of them; `incidents` is None where nobody knows any;
    `releases` are those of the workflow where one alone calls it.
    """

    kind: Kind
    name: str
    window: Window
    totals: Totals
    previous: Totals
    series: trends.Series
    releases: Sequence[ReleaseMark]
    by_workflow: Mapping[UUID, Totals]
    workflows: Mapping[UUID, CallingWorkflow]
    over_time: CallsOverTime
    decision: Decision
    dependents: Sequence[Dependent]
    records: SystemRecords
    moments: Sequence[Moment]
    moment_count: int
    now: Others
    last_call_at: datetime | None
    incidents: Sequence[OpenIncident] | None
    incident_marks: Sequence[IncidentMark]
    as_of: datetime


def load(
    team_id: UUID, kind: Kind, name: str, window: Window, *, environment: str | None, now: datetime
) -> SystemPage | None:
    """The page of what has this name; None where the team never called it. `environment=None`: all environments."""
    value_id = label_id(kind.label, name)
    if not label_values(team_id, [value_id]):
        return None
    window, marked = window.aligned(), pending(team_id)
    series = trends.series(
        team_id, window, environment=environment, dimension=kind.dimension, value_id=value_id, max_points=CHART_POINTS
    )
    pairs = totals_by_pair(team_id, kind, window, marked, environment=environment, value_id=value_id)
    by_workflow = {workflow: figures for (_, workflow), figures in pairs.items() if figures.runs}
    over_time = calls_over_time(team_id, kind, window, marked, environment=environment, value_id=value_id)
    history = calls_before(team_id, kind, window, marked, environment=environment, value_id=value_id)
    workflows = workflows_of(team_id)
    moments = _moments(team_id, Slice(None, environment, kind.dimension, value_id), window, now)
    called = [workflow for workflow in by_workflow if workflow != NO_WORKFLOW]
    records = system_records(team_id, kind, value_id, called, window, environment=environment)
    return SystemPage(
        kind=kind,
        name=name,
        window=window,
        totals=together(list(pairs.values())),
        previous=trends.totals(
            team_id,
            window.previous(),
            environment=environment,
            dimension=kind.dimension,
            value_id=value_id,
            marked=marked,
        ),
        series=series,
        releases=release_marks(team_id, window, workflow_id=called[0] if len(called) == 1 else NO_WORKFLOW),
        by_workflow=by_workflow,
        workflows=workflows,
        over_time=over_time,
        decision=decisions(over_time, history, workflows).get(value_id, Decision(Side.UNKNOWN)),
        dependents=dependents(by_workflow, workflows, records),
        records=records,
        moments=moments[:MAX_MOMENTS],
        moment_count=len(moments),
        now=failing_now(team_id, kind, value_id, now, environment=environment),
        last_call_at=last_calls(team_id, kind, over_time, [value_id], environment=environment).get(value_id),
        incidents=open_incidents(team_id, kind.param, name),
        incident_marks=incident_marks(team_id, window.start, window.end, kind=kind.param, name=name),
        as_of=min(marked.waiting_since, now),
    )


_FAILED = "sum(runs)::bigint, sum(failed + timed_out)::bigint"


def _moments(team_id: UUID, which: Slice, window: Window, now: datetime) -> list[Moment]:
    """Minutes in which it failed in two or more workflows, hours where minutes are not kept; latest first."""
    edge = min(max(window.start, minute_floor(now)), window.end)
    if window.precision == HOUR:
        edge = min(ceil_to(edge, HOUR), window.end)
    parts = [Segment(Grain.HOUR, window.start, edge), Segment(Grain.MINUTE, edge, window.end)]
    told = [part for part in parts if part.start < part.end]
    rows = group_rows(team_id, which, told, "bucket, workflow_id", _FAILED, having="sum(failed + timed_out) > 0")
    found: dict[datetime, list[tuple[UUID, int, int]]] = {}
    for bucket, workflow, calls, failures in rows:
        if workflow != NO_WORKFLOW:
            found.setdefault(bucket, []).append((workflow, calls, failures))
    return [
        Moment(
            start=start,
            length=HOUR if start < edge else MINUTE,
            workflows=sorted(workflow for workflow, _, _ in seen),
            calls=sum(calls for _, calls, _ in seen),
            failures=sum(failures for _, _, failures in seen),
        )
        for start, seen in sorted(found.items(), reverse=True)
        if len(seen) > 1
    ]
