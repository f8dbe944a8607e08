"""The workflows of a team with their figures, worst first."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from monitoring.models import Workflow
from monitoring.reads.figures import Totals
from monitoring.reads.trends import Point
from monitoring.reads.verdict import Verdict
from monitoring.windows import Window


@dataclass(frozen=True, slots=True)
class WorkflowRow:
    """A workflow in the list. `points` are for its sparkline; `last_run_at` is the last of the window."""

    id: UUID
    name: str
    slug: str
    type: str
    is_sample: bool
    objective_success_rate: float | None
    objective_p95_ms: float | None
    totals: Totals
    previous: Totals
    verdict: Verdict
    points: list[Point]
    last_run_at: datetime | None


def listing(team_id: UUID, window: Window, *, environment: str | None = None, points: int = 30) -> list[WorkflowRow]:
    """All workflows: by verdict, then most failures, most runs, name. Those without a run come last."""
    raise NotImplementedError


def find(team_id: UUID, slug: str) -> Workflow | None:
    """The workflow with this slug."""
    raise NotImplementedError
