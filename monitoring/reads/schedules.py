"""The schedule by which starts of a workflow are expected."""

from datetime import timedelta

from monitoring.analysis.schedule import Schedule, UnreadableSchedule, read_schedule
from monitoring.models import Workflow


def schedule_of(workflow: Workflow) -> Schedule | None:
    """The schedule that a member set, else the one that executions told; None without one."""
    grace = workflow.schedule_grace_ms
    told = (
        (workflow.schedule, workflow.schedule_zone)
        if workflow.schedule
        else (workflow.told_schedule, workflow.told_schedule_zone)
    )
    try:
        found = read_schedule(*told)
    except UnreadableSchedule:
        return None
    return Schedule(found.cron, found.zone, None if grace is None else timedelta(milliseconds=grace))
