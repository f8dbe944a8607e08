"""The schedule of a workflow as the page of its success criteria shows it."""

from dataclasses import dataclass, field
from datetime import date

from monitoring.models import Workflow

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class ScheduleCard:
    """What the card shows: the values of its fields, why they are refused, and what executions tell."""

    schedule: str
    zone: str
    grace_minutes: str
    told: str
    told_on: date | None = None
    reasons: list[str] = field(default_factory=list)


def schedule_card(workflow: Workflow) -> ScheduleCard:
    """The schedule as it is kept."""
    grace = workflow.schedule_grace_ms
    told = f"{workflow.told_schedule} ({workflow.told_schedule_zone})" if workflow.told_schedule else ""
    minutes = "" if grace is None else f"{grace / MINUTE_MS:g}"
    return ScheduleCard(workflow.schedule, workflow.schedule_zone, minutes, told, workflow.told_schedule_on)
