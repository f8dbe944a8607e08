"""Hours whose records retention removed: their lines of usage stay as they are."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from billing.analysis.lines import WorkflowHour
from monitoring.models import SealedDay
from monitoring.models.execution import class_of
from monitoring.store.labels import values_of_labels


def without_records(team_id: UUID, hours: Collection[WorkflowHour]) -> set[WorkflowHour]:
    """Those of the hours whose records are gone, or may be in part: executions may have begun on the day before."""
    days = {hour.day - timedelta(days=back) for hour in hours for back in (0, 1)}
    sealed = set(SealedDay.objects.filter(team_id=team_id, day__in=days).values_list("retention_class", "day"))
    if not sealed:
        return set()
    names = values_of_labels(team_id, (hour.environment_id for hour in hours))
    classes = {id: int(class_of(name)) for id, name in names.items()}
    return {
        hour
        for hour in hours
        for back in (0, 1)
        if (classes.get(hour.environment_id, 0), hour.day - timedelta(days=back)) in sealed
    }
