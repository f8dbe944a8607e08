"""The success criteria of a workflow: the list, how far a check has come, who did not meet which, samples to try on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.statements import run_planned, run_prepared
from monitoring.analysis.criteria import Criterion, facts
from monitoring.identity import LabelKind, label_id
from monitoring.models import SuccessCriterion
from monitoring.reads.places import in_places
from monitoring.statuses import Status
from monitoring.store.payloads import merge_own
from monitoring.windows import Window

SAMPLES = 20
# What one sample may weigh (bytes, compressed) to be tried on while somebody types.
MAX_SAMPLE_BYTES = 500_000
# Which criteria are missed most is asked of the newest so many unmet executions.
MAX_COUNTED = 5_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the executions of a workflow are checked again; `total` is None until it has begun."""

    checked: int
    total: int | None
    requested_at: datetime
    since: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A succeeded execution to try on; `facts` is None where its payload is too large for that."""

    id: UUID
    external_id: str
    counted_at: datetime
    facts: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class CriteriaFigures:
    """The criteria of a workflow and what the executions of a window say of them. `unmet` counts by criterion."""

    criteria: Sequence[Criterion] = ()
    unmet: Mapping[UUID, int] = field(default_factory=dict)
    progress: Progress | None = None


_CRITERIA = """SELECT id, name, expression FROM success_criterion WHERE team_id = %s AND workflow_id = %s
    ORDER BY position, id"""
_PROGRESS = """SELECT checked_count, total_count, requested_at, since, finished_at FROM criteria_check
    WHERE team_id = %s AND workflow_id = %s"""
_UNMET = f"""
WITH latest AS (
    SELECT unmet_criteria FROM execution WHERE team_id = %(team)s AND workflow_id = %(workflow)s
        AND status = {Status.SUCCEEDED:d} AND is_unmet
        AND counted_at >= %(start)s AND counted_at < %(end)s {{environment}}
    ORDER BY counted_at DESC, id DESC LIMIT {MAX_COUNTED}
)
SELECT told.id, count(*) FROM latest CROSS JOIN LATERAL jsonb_array_elements_text(unmet_criteria) AS told (id)
GROUP BY 1
"""
_SAMPLES = f"""SELECT id, external_id, counted_at, duration_ms, cost_usd, step_count, input_tokens, cache_read_tokens,
    cache_write_tokens, output_tokens, retention_class, anchor_day FROM execution
    WHERE team_id = %s AND workflow_id = %s AND status = {Status.SUCCEEDED:d}
    ORDER BY counted_at DESC, id DESC LIMIT %s"""
_BODIES = """
SELECT execution_id, CASE WHEN sum(octet_length(body)) OVER (PARTITION BY execution_id) <= %(most)s THEN body END
FROM payload WHERE team_id = %(team)s AND execution_id = ANY(%(ids)s) AND {places}
"""


def criteria_of_workflow(team_id: UUID, workflow_id: UUID) -> list[Criterion]:
    """The criteria, in their order."""
    return [Criterion(*row) for row in run_prepared(_CRITERIA, [team_id, workflow_id])]


def rows_of_workflow(team_id: UUID, workflow_id: UUID) -> list[SuccessCriterion]:
    """The criteria with who made them and when, in their order."""
    found = SuccessCriterion.objects.filter(team_id=team_id, workflow_id=workflow_id)
    return list(found.select_related("created_by").order_by("position", "id"))


def progress(team_id: UUID, workflow_id: UUID) -> Progress | None:
    """How far the last check of the workflow's executions has come; None where there never was one."""
    found = run_prepared(_PROGRESS, [team_id, workflow_id])
    return Progress(*found[0]) if found else None


def unmet_counts(team_id: UUID, workflow_id: UUID, window: Window, *, environment: str | None) -> dict[UUID, int]:
    """By criterion, how many of the newest `MAX_COUNTED` unmet executions of the window did not meet it."""
    params: dict[str, Any] = {"team": team_id, "workflow": workflow_id, "start": window.start, "end": window.end}
    if environment is not None:
        params["environment"] = label_id(LabelKind.ENVIRONMENT, environment)
    condition = "AND environment_id = %(environment)s" if environment is not None else ""
    return {UUID(id): count for id, count in run_planned(_UNMET.format(environment=condition), params)}


def figures_of(
    team_id: UUID, workflow_id: UUID, window: Window, *, environment: str | None, unmet: int
) -> CriteriaFigures:
    """What a page of figures says of the criteria; `unmet` counts the unmet executions of the window.

    One query where there are no criteria, else two, and three where some were not met.
    """
    criteria = criteria_of_workflow(team_id, workflow_id)
    if not criteria:
        return CriteriaFigures()
    counts = unmet_counts(team_id, workflow_id, window, environment=environment) if unmet else {}
    return CriteriaFigures(criteria, counts, progress(team_id, workflow_id))


def samples(team_id: UUID, workflow_id: UUID, *, limit: int = SAMPLES) -> list[Sample]:
    """The latest succeeded executions of a workflow, newest first. Two queries."""
    rows = run_prepared(_SAMPLES, [team_id, workflow_id, limit])
    bodies: dict[UUID, list[bytes | None]] = {}
    places, params = in_places((row[-2], row[-1]) for row in rows)
    params |= {"team": team_id, "ids": [row[0] for row in rows], "most": MAX_SAMPLE_BYTES}
    for id, body in run_planned(_BODIES.format(places=places), params):
        bodies.setdefault(id, []).append(body)
    return [_sample(row, bodies.get(row[0], [])) for row in rows]


def _sample(row: Sequence[Any], bodies: Sequence[bytes | None]) -> Sample:
    id, external_id, counted_at, duration_ms, cost_usd, steps, *tokens, _, _ = row
    known = [body for body in bodies if body is not None]
    if len(known) < len(bodies):
        return Sample(id, external_id, counted_at, None)
    told = [count for count in tokens if count is not None]
    found = facts(
        merge_own(known),
        duration_ms=duration_ms,
        cost_usd=cost_usd,
        tokens=sum(told) if told else None,
        steps=steps,
    )
    return Sample(id, external_id, counted_at, found)
