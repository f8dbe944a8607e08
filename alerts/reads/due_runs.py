"""Which runs are expected next, and which are overdue, by the schedules of workflows and of rules.

A schedule that a member set for the workflow counts before one that reports told, that before one of a rule about
missed runs. Overdue is what such a rule would find: due for longer than the grace, with no start since. Three queries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from alerts.analysis.schedules import Missed, Schedule, has_schedule, missed, read_schedule
from alerts.models import AlertRule
from alerts.reads.latest_runs import Latest, latest_runs
from alerts.reads.places import Place, Wanted
from alerts.reads.schedules import RUNS, own_schedule
from monitoring.analysis import schedule as cron_schedules
from monitoring.models import Workflow


@dataclass(frozen=True, slots=True)
class DueRun:
    """A run that a schedule expects. `last_at` is the last start known (None: none), `next_at` when the next is due
    (None: cron finds none); `missed` are those that are overdue."""

    workflow: str
    workflow_slug: str
    is_sample: bool
    schedule: Schedule
    last_at: datetime | None
    next_at: datetime | None
    missed: Missed

    @property
    def is_overdue(self) -> bool:
        """Whether a start is missing."""
        return self.missed.count > 0


def due_runs(team_id: UUID, now: datetime) -> list[DueRun]:
    """One for each workflow with a schedule: the longest overdue first, then those that are due next."""
    rules = _rules(team_id)
    own = Q(id__in=list(rules)) | ~Q(schedule="") | ~Q(told_schedule="")
    workflows = list(Workflow.objects.filter(own, team_id=team_id).order_by("name", "id"))
    told = [(one, found) for one in workflows if (found := own_schedule(one) or rules.get(one.id)) is not None]
    latest = latest_runs(team_id, Wanted([one.id for one, _ in told], None), now, RUNS)
    starts = _last_starts(latest, now)
    rows = [_row(one, schedule, starts.get(one.id), now) for one, schedule in told]
    far = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(rows, key=lambda row: (not row.is_overdue, row.missed.first or row.next_at or far, row.workflow))


def _rules(team_id: UUID) -> dict[UUID, Schedule]:
    """The schedules that rules about missed runs have themselves, by workflow; of several the first made."""
    found = AlertRule.objects.filter(
        team_id=team_id, metric="missed_schedule", is_active=True, removed_at__isnull=True, workflow__isnull=False
    )
    schedules: dict[UUID, Schedule] = {}
    for workflow_id, parameters in found.order_by("created_at", "id").values_list("workflow_id", "parameters"):
        if has_schedule(parameters) and (schedule := read_schedule(parameters)) is not None:
            schedules.setdefault(workflow_id, schedule)
    return schedules


def _last_starts(latest: Mapping[Place, Latest], now: datetime) -> dict[UUID, datetime]:
    """The last start of each workflow, in any environment."""
    found: dict[UUID, datetime] = {}
    for (workflow_id, _), one in latest.items():
        starts: Sequence[datetime] = [start for run in one.runs if (start := run.started_at or run.at) <= now]
        if starts:
            found[workflow_id] = max(found.get(workflow_id, starts[0]), *starts)
    return found


def _row(workflow: Workflow, schedule: Schedule, last: datetime | None, now: datetime) -> DueRun:
    # What was due before the workflow was known is not missed.
    found = missed(schedule, last, workflow.created_at, now)
    return DueRun(
        *(workflow.name, workflow.slug, workflow.is_sample, schedule, last),
        *(_next(schedule, last or workflow.created_at, now), found),
    )


def _next(schedule: Schedule, last: datetime, now: datetime) -> datetime | None:
    if schedule.period is not None:
        return last + schedule.period
    return next(cron_schedules.due_from(cron_schedules.Schedule(schedule.cron, schedule.zone), now), None)
