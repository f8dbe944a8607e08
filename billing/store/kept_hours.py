"""Hours whose records retention removed: their lines of usage stay as they are."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from uuid import UUID

from billing.analysis.lines import WorkflowHour
from monitoring.models import SealedDay
from monitoring.store.classes import Classes, classes_of
from monitoring.store.labels import values_of_labels


def without_records(team_id: UUID, hours: Collection[WorkflowHour]) -> set[WorkflowHour]:
    """Those of the hours whose records are gone, or may be in part: executions may have begun on the day before."""
    days = {hour.day - timedelta(days=back) for hour in hours for back in (0, 1)}
    sealed = set(SealedDay.objects.filter(team_id=team_id, day__in=days).values_list("retention_class", "day"))
    if not sealed:
        return set()
    names = values_of_labels(team_id, (hour.environment_id for hour in hours))
    classes = classes_of(team_id)
    return {
        hour
        for hour in hours
        for back in (0, 1)
        if (_class_of(hour, names, classes), hour.day - timedelta(days=back)) in sealed
    }


def _class_of(hour: WorkflowHour, names: Mapping[int, str], classes: Classes) -> int:
    return int(classes.of(names.get(hour.environment_id, ""), hour.workflow_id))
