"""The figures of a team's week beside those of the week before, per workflow and in all: from rollups.

What failed runs cost is read from their records, through the index of failures; retention removes them, and then it is
not known.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from accounts.statements import run_planned
from monitoring.analysis.difference import Reading
from monitoring.analysis.release_metrics import SHARE, Compared, quantile_compared, rate_compared
from monitoring.identity import NO_WORKFLOW, LabelKind, label_id
from monitoring.models import Dimension, Workflow
from monitoring.reads.figures import Totals, together
from monitoring.reads.releases import rate_counts
from monitoring.reads.rollup_rows import Slice, figures, pending, segments
from monitoring.reads.surroundings import standing
from monitoring.reads.verdict import Verdict
from monitoring.statuses import FAILING
from monitoring.windows import Window


@dataclass(frozen=True, slots=True)
class Waste:
    """What failed and timed-out runs cost: `usd` over the `priced` ones of `kept`, the failures whose records exist.

    `usd` is None where none told a cost, or where the records of some are removed; 0 where nothing failed.
    """

    usd: Decimal | None
    priced: int
    kept: int
    failures: int

    @property
    def is_whole(self) -> bool:
        """Whether every failure told its cost."""
        return self.priced == self.failures


@dataclass(frozen=True, slots=True)
class Figures:
    """The runs of a week, and what failed ones cost."""

    totals: Totals
    waste: Waste


@dataclass(frozen=True, slots=True)
class WorkflowWeek:
    """A workflow in both weeks: the verdict on this one, and its success rate and p95 compared."""

    id: UUID
    name: str
    slug: str
    now: Figures
    before: Figures
    verdict: Verdict
    rate: Compared
    p95: Compared

    @property
    def reading(self) -> Reading:
        """Worse where the success rate or p95 surely is, else better where one surely is; else what the rate says.

        A difference of p95 counts from a fifth on, as where releases are compared.
        """
        told = [self.rate.reading, self.p95.reading if self.is_p95_counted else Reading.NO_DIFFERENCE]
        return next((one for one in (Reading.WORSE, Reading.BETTER) if one in told), self.rate.reading)

    @property
    def is_p95_counted(self) -> bool:
        """Whether p95 differs by enough to matter."""
        found = self.p95.found
        return found is not None and found.ratio is not None and not 1 / (1 + SHARE) < found.ratio < 1 + SHARE

    @property
    def more_failures(self) -> float:
        """How many more of this week's runs failed than at the rate of the week before; less than 0: fewer."""
        change = self.rate.found.change if self.rate.found else 0.0
        return -change * self.now.totals.rated


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """All runs of both weeks (those of no told workflow included), the change, and each workflow with runs."""

    now: Figures
    before: Figures
    rate: Compared
    workflows: Sequence[WorkflowWeek]


_WASTE = f"""SELECT COALESCE(workflow_id, '{NO_WORKFLOW}'::uuid), count(*), count(cost_usd), sum(cost_usd)
    FROM execution WHERE team_id = %(team)s AND status IN ({", ".join(str(one.value) for one in sorted(FAILING))})
    AND counted_at >= %(start)s AND counted_at < %(end)s
    AND (%(environment)s::bigint IS NULL OR environment_id = %(environment)s) GROUP BY 1"""
_NOTHING = Totals()
Judge = Callable[[Workflow, Totals], Verdict]
# Of failed runs: whose records exist, that told a cost, the sum of it.
Told = tuple[int, int, Decimal | None]


def week_figures(
    team_id: UUID, window: Window, before: Window, now: datetime, *, environment: str | None
) -> WeekFigures:
    """Both weeks. The number of queries does not depend on the number of workflows."""
    marked = pending(team_id)
    which = Slice(None, environment, Dimension.NONE, 0)
    sides = [
        _side(figures(team_id, which, segments(one, marked), "workflow_id"), _waste(team_id, one, environment))
        for one in (window, before)
    ]
    stands = standing(team_id, window, now, environment=environment)
    ids = sides[0].keys() | sides[1].keys()
    rows = [
        _row(workflow, sides[0].get(workflow.id), sides[1].get(workflow.id), stands.judge)
        for workflow in Workflow.objects.filter(team_id=team_id, id__in=ids).order_by("name", "id")
    ]
    whole = [_whole(list(side.values())) for side in sides]
    return WeekFigures(whole[0], whole[1], compared_rate(whole[1].totals, whole[0].totals), rows)


def compared_rate(before: Totals, now: Totals) -> Compared:
    """The success rates, as two releases are compared."""
    return rate_compared("success_rate", rate_counts(before), rate_counts(now), is_success=True)


def _row(workflow: Workflow, now: Figures | None, before: Figures | None, judge: Judge) -> WorkflowWeek:
    none = Figures(_NOTHING, waste_of(_NOTHING, None))
    now, before = now or none, before or none
    return WorkflowWeek(
        id=workflow.id,
        name=workflow.name,
        slug=workflow.slug,
        now=now,
        before=before,
        verdict=judge(workflow, now.totals),
        rate=compared_rate(before.totals, now.totals),
        p95=quantile_compared("p95_ms", 0.95, before.totals.histogram, now.totals.histogram),
    )


def waste_of(totals: Totals, told: Told | None) -> Waste:
    """What failed runs cost, from (kept, priced, sum) of their records."""
    kept, priced, usd = told or (0, 0, None)
    if not totals.failures:
        return Waste(Decimal(0), 0, 0, 0)
    return Waste(usd if kept >= totals.failures else None, priced, kept, totals.failures)


def _side(found: Mapping[UUID, Totals], wasted: Mapping[UUID, Told]) -> dict[UUID, Figures]:
    return {id: Figures(one, waste_of(one, wasted.get(id))) for id, one in found.items()}


def _whole(parts: Sequence[Figures]) -> Figures:
    """All workflows together; what one of them does not know, nobody knows of all."""
    totals = together([one.totals for one in parts])
    told = [one.waste for one in parts if one.waste.failures]
    kept, priced = sum(one.kept for one in told), sum(one.priced for one in told)
    known = [one.usd for one in told if one.usd is not None]
    return Figures(totals, waste_of(totals, (kept, priced, sum(known, Decimal(0)) if known else None)))


def _waste(team_id: UUID, window: Window, environment: str | None) -> dict[UUID, Told]:
    told = {
        "team": team_id,
        "start": window.start,
        "end": window.end,
        "environment": label_id(LabelKind.ENVIRONMENT, environment) if environment is not None else None,
    }
    return {id: (kept, priced, usd) for id, kept, priced, usd in run_planned(_WASTE, told)}
