"""The objective of a workflow: what its verdict is measured against."""

from collections.abc import Mapping

from django.db import transaction

from accounts.audit import update_told
from monitoring.models import Workflow

# By name, the least and the greatest value: a share of 1, and milliseconds.
LIMITS: Mapping[str, tuple[float, float]] = {
    "success_rate": (0.01, 1.0),
    "p95_ms": (1.0, 10_000_000_000.0),
    "freshness_ms": (36_000.0, 360_000_000_000.0),
}


@transaction.atomic
def set_objective(*, workflow: Workflow, told: Mapping[str, float | None]) -> None:
    """Sets the objectives that are told by their names in `LIMITS`; None takes one away, the others stay.

    Raises `ValueError` for another name, or a value outside its limits.
    """
    for name, value in told.items():
        if name not in LIMITS:
            raise ValueError(f"no objective is called {name}")
        low, high = LIMITS[name]
        if value is not None and not low <= value <= high:
            raise ValueError(f"{name} is from {low:g} to {high:g}")
    changed = {f"objective_{name}": value for name, value in told.items()}
    if changed:
        update_told(Workflow.objects.filter(team_id=workflow.team_id, id=workflow.id), **changed)
