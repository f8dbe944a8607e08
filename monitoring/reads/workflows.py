"""The workflows of a team with their figures, worst first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from accounts.statements import find_row, run_prepared
from monitoring.identity import LabelKind, label_id
from monitoring.models import Workflow
from monitoring.reads.baselines import Proposals
from monitoring.reads.figures import Totals
from monitoring.reads.surroundings import Standing, standing
from monitoring.reads.trends import Point, Series, by_workflow, series_by_workflow
from monitoring.reads.verdict import SEVERITY, Verdict
from monitoring.windows import Window


@dataclass(frozen=True, slots=True)
class WorkflowRow:
    """A workflow in the list. `points` are for its sparkline; `last_run_at` is the last of the window."""

    id: UUID
    name: str
    slug: str
    type: str
    is_sample: bool
    completeness: str
    sample_rate: float | None
    sample_rate_max: float | None
    objective_success_rate: float | None
    objective_p95_ms: float | None
    objective_freshness_ms: float | None
    totals: Totals
    previous: Totals
    verdict: Verdict
    proposals: Proposals
    points: list[Point]
    last_run_at: datetime | None


def listing(
    team_id: UUID, window: Window, now: datetime, *, environment: str | None = None, points: int = 30
) -> list[WorkflowRow]:
    """All workflows: by verdict, then most failures, most runs, name. Those without a run come last.

    The number of queries does not depend on the number of workflows.
    """
    window = window.aligned()
    totals = by_workflow(team_id, window, environment=environment)
    previous = by_workflow(team_id, window.previous(), environment=environment)
    lines = series_by_workflow(team_id, window, environment=environment, max_points=points)
    last = _last_runs(team_id, window, environment)
    stands = standing(team_id, window, now, environment=environment)
    rows = [
        _row(workflow, totals.get(workflow.id, Totals()), previous.get(workflow.id, Totals()), lines, last, stands)
        for workflow in Workflow.objects.filter(team_id=team_id)
    ]
    return sorted(rows, key=_rank)


_NAMES = "SELECT slug, name FROM workflow WHERE team_id = %s ORDER BY name, id"


def find(team_id: UUID, slug: str) -> Workflow | None:
    """The workflow with this slug; none has one with NUL, which the database would refuse."""
    return None if "\0" in slug else find_row(Workflow, "team_id = %s AND slug = %s", [team_id, slug])


def names(team_id: UUID) -> list[tuple[str, str]]:
    """Slug and name of each workflow, by name; for the choices of a filter."""
    return [(slug, name) for slug, name in run_prepared(_NAMES, [team_id])]


def named(team_id: UUID, text: str) -> Workflow | None:
    """The workflow with this slug, else with this name; as filters take it."""
    found = Workflow.objects.filter(Q(name=text) | Q(slug=text), team_id=team_id)
    return max(found, key=lambda workflow: workflow.slug == text, default=None)


def _row(
    workflow: Workflow,
    totals: Totals,
    previous: Totals,
    lines: dict[UUID, Series],
    last: dict[UUID, datetime],
    stands: Standing,
) -> WorkflowRow:
    return WorkflowRow(
        id=workflow.id,
        name=workflow.name,
        slug=workflow.slug,
        type=workflow.type,
        is_sample=workflow.is_sample,
        completeness=workflow.completeness,
        sample_rate=workflow.sample_rate,
        sample_rate_max=workflow.sample_rate_max,
        objective_success_rate=workflow.objective_success_rate,
        objective_p95_ms=workflow.objective_p95_ms,
        objective_freshness_ms=workflow.objective_freshness_ms,
        totals=totals,
        previous=previous,
        verdict=stands.judge(workflow, totals),
        proposals=stands.proposals(workflow),
        points=lines[workflow.id].points if workflow.id in lines else [],
        last_run_at=last.get(workflow.id),
    )


def _rank(row: WorkflowRow) -> tuple[bool, int, int, int, str]:
    figures = row.totals
    return (not figures.runs, SEVERITY[row.verdict.kind], -figures.failures, -figures.runs, row.name)


# One look into the index a workflow, however many executions it has.
_LAST = """
SELECT w.id, e.counted_at FROM workflow w CROSS JOIN LATERAL (
    SELECT counted_at FROM execution WHERE team_id = %(team)s AND workflow_id = w.id
        AND counted_at >= %(start)s AND counted_at < %(end)s {environment}
    ORDER BY counted_at DESC, id DESC LIMIT 1
) e WHERE w.team_id = %(team)s
"""


def _last_runs(team_id: UUID, window: Window, environment: str | None) -> dict[UUID, datetime]:
    values: dict[str, Any] = {"team": team_id, "start": window.start, "end": window.end}
    if environment is not None:
        values["environment"] = label_id(LabelKind.ENVIRONMENT, environment)
    text = _LAST.format(environment="AND environment_id = %(environment)s" if environment is not None else "")
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return dict(cursor.fetchall())
