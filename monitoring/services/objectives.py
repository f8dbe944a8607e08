"""The objective of a workflow: what its verdict is measured against."""

from django.db import transaction

from monitoring.models import Workflow


@transaction.atomic
def set_objective(*, workflow: Workflow, success_rate: float | None, p95_ms: float | None) -> None:
    """Sets the objectives: a share of 1 and milliseconds; None takes one away."""
    Workflow.objects.filter(id=workflow.id).update(objective_success_rate=success_rate, objective_p95_ms=p95_ms)
