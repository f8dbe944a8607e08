"""The environments that a team, or one of its workflows, has figures for."""

import uuid

from django.db.models import Exists, OuterRef

from monitoring.identity import PRODUCTION, LabelKind
from monitoring.models import Dimension, Grain, Label, Rollup


def environments_of(team_id: uuid.UUID, workflow_id: uuid.UUID | None = None) -> list[str]:
    """Names of environments with figures: production first, the others by name. One query."""
    labels = Label.objects.filter(team_id=team_id, kind=LabelKind.ENVIRONMENT)
    if workflow_id:
        hours = Rollup.objects.filter(
            team_id=team_id,
            workflow_id=workflow_id,
            environment_id=OuterRef("id"),
            dimension=Dimension.NONE,
            value_id=0,
            grain=Grain.HOUR,
        )
        labels = labels.filter(Exists(hours))
    return sorted(labels.values_list("value", flat=True), key=lambda name: (name != PRODUCTION, name))
