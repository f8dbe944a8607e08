"""To which execution a run belongs that does not say so: clients may tell a run's id alone."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from monitoring.identity import execution_id, step_id
from monitoring.models import Execution
from monitoring.store.statements import run_once

# A step's id depends on its execution, so a step is looked for in the newest executions only.
SEARCHED = timedelta(days=2)
MAX_SEARCHED = 2_000
MAX_ASKED = 20

_STEPS = """
SELECT told.run, told.trace
FROM unnest(%(executions)s::uuid[], %(steps)s::bigint[], %(runs)s::text[], %(traces)s::text[])
    AS told (execution_id, step_id, run, trace)
JOIN step ON step.team_id = %(team)s AND step.execution_id = told.execution_id AND step.id = told.step_id
    AND step.retention_class = %(class)s::smallint AND step.anchor_day = %(day)s
"""


def find_traces(team_id: UUID, run_ids: Collection[str], now: datetime) -> dict[str, str]:
    """The sender's id of the execution of each run: the run itself, or one of the newest with it as a step.

    Call it inside the team's context. Of many runs only the first `MAX_ASKED` are looked for among steps.
    """
    if not run_ids:
        return {}
    own = {execution_id(team_id, run): run for run in run_ids}
    known = Execution.objects.filter(team_id=team_id, id__in=own).values_list("id", flat=True)
    found = {own[id]: own[id] for id in known}
    missing = sorted(set(run_ids) - found.keys())[:MAX_ASKED]
    return found | _find_steps(team_id, missing, now) if missing else found


def _find_steps(team_id: UUID, runs: list[str], now: datetime) -> dict[str, str]:
    newest = (
        Execution.objects.filter(team_id=team_id, counted_at__gte=now - SEARCHED, attempt=1)
        .order_by("-counted_at", "id")
        .values_list("id", "external_id", "retention_class", "anchor_day")[:MAX_SEARCHED]
    )
    places: dict[Any, list[tuple[UUID, str]]] = defaultdict(list)
    for id, external_id, class_, day in newest:
        places[class_, day].append((id, external_id))
    found: dict[str, str] = {}
    for (class_, day), executions in sorted(places.items()):
        pairs = [(id, step_id(id, run), run, trace) for id, trace in executions for run in runs]
        columns = dict(zip(("executions", "steps", "runs", "traces"), map(list, zip(*pairs, strict=True)), strict=True))
        found.update(run_once(_STEPS, {**columns, "team": team_id, "class": class_, "day": day}))  # type: ignore[arg-type]  # named parameters
    return found
