"""The schedule of a workflow, as a member or a key sets it: what starts are expected by."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from monitoring.analysis.schedule import UnreadableSchedule, read_schedule
from monitoring.models import Workflow

# How late a start may be, at least and at most, in ms: a second to a week.
MIN_GRACE_MS, MAX_GRACE_MS = 1_000.0, 604_800_000.0
FIELDS = ("schedule", "schedule_zone", "schedule_grace_ms")


class ScheduleRefused(Exception):
    """A schedule that cannot be kept: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@transaction.atomic
def set_schedule(*, workflow: Workflow, told: Mapping[str, Any]) -> None:
    """Sets those of `FIELDS` that are told; an empty schedule, and None, take away. Raises `ScheduleRefused`.

    Without a schedule of its own a workflow has the one that executions tell.
    """
    own = Workflow.objects.select_for_update().get(team_id=workflow.team_id, id=workflow.id)
    values = {field: told.get(field, getattr(own, field)) for field in FIELDS}
    cron, zone, grace = (values[field] for field in FIELDS)
    reasons = {}
    if grace is not None and not MIN_GRACE_MS <= grace <= MAX_GRACE_MS:
        reasons["schedule_grace_ms"] = _("must be from a second to a week")
    own.schedule = own.schedule_zone = ""
    if cron:
        try:
            found = read_schedule(cron, zone or "")
            own.schedule, own.schedule_zone = found.cron, found.zone
        except UnreadableSchedule as error:
            reasons |= error.reasons
    if reasons:
        raise ScheduleRefused(reasons)
    own.schedule_grace_ms = grace
    own.save(update_fields=FIELDS)
