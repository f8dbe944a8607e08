"""The runs of a team as one: its figures beside the period before, and where each workflow stands.

From rollups and usual ranges, as the list of workflows; the number of queries does not depend on how many there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from monitoring.analysis.release_metrics import Compared
from monitoring.analysis.verdict import Judgement, Kind, Subject
from monitoring.models import Dimension, Workflow
from monitoring.reads.figures import Totals, together
from monitoring.reads.review import compared_rate
from monitoring.reads.rollup_rows import Pending, Slice, figures, pending, segments
from monitoring.reads.surroundings import Objectives, standing
from monitoring.reads.verdict import SEVERITY, Verdict
from monitoring.windows import Window


@dataclass(frozen=True, slots=True)
class Stand:
    """A workflow with runs in the window: its figures, its verdict, and the objectives that it is held to."""

    id: UUID
    name: str
    slug: str
    totals: Totals
    verdict: Verdict
    objectives: Objectives

    def judged(self, subject: Subject) -> Judgement | None:
        """What the verdict says of one objective; None where there is none, or too few runs."""
        return next((one for one in self.verdict.decision.judgements if one.subject is subject), None)


@dataclass(frozen=True, slots=True)
class Kept:
    """How many workflows keep an objective, miss it, or have too few runs to settle it."""

    kept: int
    missed: int
    open: int

    @property
    def judged(self) -> int:
        """Workflows with this objective and enough runs."""
        return self.kept + self.missed + self.open


@dataclass(frozen=True, slots=True)
class TeamFigures:
    """All runs of the window and of the period before (those of no told workflow included); workflows worst first.

    `idle` counts workflows without a run in the window.
    """

    now: Totals
    before: Totals
    rate: Compared
    workflows: Sequence[Stand]
    idle: int
    marked: Pending

    def count(self, kind: Kind) -> int:
        """How many workflows with runs have this verdict."""
        return sum(one.verdict.kind is kind for one in self.workflows)

    def kept(self, subject: Subject) -> Kept:
        """Where the workflows stand against their objectives of one kind."""
        kinds = [one.kind for stand in self.workflows if (one := stand.judged(subject)) is not None]
        return Kept(*(kinds.count(kind) for kind in (Kind.STABLE, Kind.NOT_STABLE, Kind.WATCH)))


def team_figures(team_id: UUID, window: Window, now: datetime, *, environment: str | None) -> TeamFigures:
    """The figures of a window. Seven queries."""
    window, marked = window.aligned(), pending(team_id)
    which = Slice(None, environment, Dimension.NONE, 0)
    found, before = (
        figures(team_id, which, segments(one, marked), "workflow_id") for one in (window, window.previous())
    )
    stands = standing(team_id, window, now, environment=environment)
    rows, idle = [], 0
    for workflow in Workflow.objects.filter(team_id=team_id).order_by("name", "id"):
        totals = found.get(workflow.id)
        if totals is None or not totals.runs:
            idle += 1
            continue
        verdict = stands.judge(workflow, totals)
        rows.append(Stand(workflow.id, workflow.name, workflow.slug, totals, verdict, stands.objectives(workflow)))
    rows.sort(key=lambda one: (SEVERITY[one.verdict.kind], -one.totals.failures, -one.totals.runs, one.name))
    whole = [together(list(side.values())) for side in (found, before)]
    return TeamFigures(whole[0], whole[1], compared_rate(whole[1], whole[0]), rows, idle, marked)
