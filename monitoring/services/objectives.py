"""The objective of a workflow: what its verdict is measured against."""

from django.db import transaction

from monitoring.models import Workflow

NAMES = ("success_rate", "p95_ms", "freshness_ms")


@transaction.atomic
def set_objective(
    *, workflow: Workflow, success_rate: float | None, p95_ms: float | None, freshness_ms: float | None
) -> None:
    """Sets the objectives: a share of 1 and milliseconds; None takes one away."""
    Workflow.objects.filter(id=workflow.id).update(
        objective_success_rate=success_rate, objective_p95_ms=p95_ms, objective_freshness_ms=freshness_ms
    )


@transaction.atomic
def use_proposal(*, workflow: Workflow, name: str, value: float) -> None:
    """Makes what history proposes an objective that somebody set; the others stay. `name` is one of `NAMES`."""
    if name not in NAMES:
        raise ValueError(f"no objective is called {name}")
    Workflow.objects.filter(id=workflow.id).update(**{f"objective_{name}": value})
