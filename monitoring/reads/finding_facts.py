"""Everything that the findings of one workflow in one environment are made of, in a constant number of queries.

The numbers are those that pages show: totals and tail of Trends, concentration of Failures, diagnoses of Replay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from monitoring.analysis.finding_costs import Slow, Spending
from monitoring.analysis.finding_failures import Concentrated, Diagnosed, Money
from monitoring.analysis.findings import Span
from monitoring.analysis.relations import Relation
from monitoring.analysis.tail import Tail
from monitoring.analysis.triggers import Start, Triggers, read_triggers
from monitoring.analysis.visits import Visit
from monitoring.filters import Choice, Filters
from monitoring.models import Dimension, Workflow
from monitoring.reads import finding_records as records
from monitoring.reads.concentration import POINTS, Concentration, concentration
from monitoring.reads.cuts import Cut
from monitoring.reads.failures import run_filters
from monitoring.reads.figures import Totals, together
from monitoring.reads.finding_sample import Sample, read_sample
from monitoring.reads.finding_starts import first_start, starts_of
from monitoring.reads.kinds import title_of
from monitoring.reads.matching import conditions
from monitoring.reads.populations import FAILED, POPULATIONS
from monitoring.reads.rollup_rows import pending
from monitoring.reads.schedules import schedule_of
from monitoring.reads.tail import TailSplit, slow_from, split_of, tail_of
from monitoring.reads.trends import by_value, totals
from monitoring.windows import Window, parse_window

# Findings are of the last week; of four weeks where a week has fewer runs than a verdict needs.
DAYS, LONG_DAYS = 7, 28
ENOUGH_RUNS = 50


@dataclass(frozen=True, slots=True)
class Facts:
    """What findings are made of. `trigger_span` is the part of the window that starts were read of.

    `same_inputs` are failures whose input was tried before, by step; `groups` failures by node (label id) and group.
    """

    span: Span
    totals: Totals
    sample: Sample
    failed: Sequence[Concentrated]
    expensive: Sequence[Concentrated]
    course: Sequence[int]
    paths: Sequence[Diagnosed]
    causes: Sequence[Diagnosed]
    diagnosed: int
    tail: Tail | None
    split: TailSplit | None
    slow: Slow
    spending: Spending
    attempts: Sequence[Visit]
    starts: Sequence[Start]
    triggers: Triggers
    trigger_span: Span
    same_inputs: Mapping[str, tuple[int, int]]
    groups: Mapping[int | None, Mapping[UUID, int]]
    names: Mapping[str, str]

    @property
    def has_enough(self) -> bool:
        """Whether there was enough data to see what is there."""
        return self.totals.rated >= ENOUGH_RUNS

    @property
    def money(self) -> Money:
        """What failed runs cost on average."""
        spent = self.spending
        return Money(spent.failed_usd / spent.failed_runs if spent.failed_runs else None)


def window_of(now: datetime, days: int) -> Window:
    """The window that findings are of: whole hours, so that figures come from rollups."""
    return parse_window(f"now-{days}d", "now", now)


def load(team_id: UUID, workflow: Workflow, environment: str, now: datetime) -> Facts:
    """The facts of the week (or four) up to `now`."""
    marked = pending(team_id)
    cut = Cut(team_id, workflow.id, window_of(now, DAYS), environment, marked)
    figures = totals(team_id, cut.window, workflow_id=workflow.id, environment=environment, marked=marked)
    if figures.runs < ENOUGH_RUNS:
        cut = replace(cut, window=window_of(now, LONG_DAYS))
        figures = totals(team_id, cut.window, workflow_id=workflow.id, environment=environment, marked=marked)
    filters = Filters(cut.window, {"env": Choice((environment,))})
    by_node = by_value(
        team_id, cut.window, Dimension.NODE, workflow_id=workflow.id, environment=environment, is_timed=False,
        marked=marked,
    )  # fmt: skip
    visits = together([row.totals for row in by_node]).runs if by_node else 0
    where = conditions(team_id, run_filters(filters, workflow))
    sample = read_sample(team_id, where, runs=figures.runs, visits=visits)
    return _facts(cut, workflow, filters, figures, sample, now)


def _facts(cut: Cut, workflow: Workflow, filters: Filters, figures: Totals, sample: Sample, now: datetime) -> Facts:
    start, end = cut.window.start, min(cut.window.end, now)
    found = _concentration(cut, workflow, filters, figures, "failed")
    dear = _concentration(cut, workflow, filters, figures, "expensive")
    paths, causes, diagnosed = records.diagnosed(cut, POINTS)
    tail = tail_of(figures)
    limit = slow_from(tail) if tail else None
    starts, elsewhere = starts_of(cut)
    since = first_start(starts, start)
    spent, split = records.spending(cut, dear.limit), split_of(cut, figures)
    slow_points = sample.runs_by_part(_edges(cut.window), slower_than=split.above_ms) if split else []
    return Facts(
        span=Span(start, cut.window.end, POINTS, sample.runs_by_part(_edges(cut.window))),
        totals=figures,
        sample=sample,
        failed=_parts(found),
        expensive=_parts(dear),
        course=found.course,
        paths=paths,
        causes=causes,
        diagnosed=diagnosed,
        tail=tail,
        split=split,
        slow=Slow(limit.beyond if limit else 0, figures.duration_ms.avg, spent.average_usd, slow_points),
        spending=spent,
        attempts=records.attempts(cut),
        starts=starts,
        triggers=read_triggers(starts, end, elsewhere, schedule_of(workflow)),
        trigger_span=Span(since, max(cut.window.end, since + timedelta(hours=1)), POINTS),
        same_inputs=records.same_inputs(cut),
        groups=records.groups_by_node(cut),
        names=_names([*_parts(found), *_parts(dear)]),
    )


def _concentration(cut: Cut, workflow: Workflow, filters: Filters, figures: Totals, word: str) -> Concentration:
    population = POPULATIONS[word]
    if population is not FAILED and figures.cost_usd is None:
        return Concentration(population, 0, 0, 0, 1)
    if population is FAILED and not figures.failures:
        return Concentration(population, 0, 0, 0, 1, course=[0] * POINTS)
    return concentration(
        cut.team_id,
        workflow,
        filters,
        failures=figures.failures,
        runs=figures.runs,
        population=population,
        # The dearest step of a dear run is its dearest step: that says nothing.
        has_steps=population is FAILED,
    )


def _edges(window: Window) -> list[float]:
    first, last = window.start.timestamp() / 60, window.end.timestamp() / 60
    return [first + (last - first) * place / POINTS for place in range(POINTS + 1)]


def _parts(found: Concentration) -> list[Concentrated]:
    """The parts of the explaining set with the figures of their rows. Where only failures are reported
    there is none."""
    if found.is_alone:
        return []
    rows = {one.row.combination: one for one in found.shared}
    told = []
    for part in found.explanation.parts:
        shared = rows.get(part.combination)
        if shared is None:
            continue
        same = [
            one.row.combination
            for one in found.shared
            if one.row.relation is Relation.SAME_RUNS and one.row.because == part.combination
        ]
        finding = shared.finding
        scale = found.failures / max(found.looked_at, 1)
        figures = (finding.share, finding.usual, finding.lift, finding.low, finding.high, finding.p_value)
        failures = finding.failures * scale
        told.append(Concentrated(part, failures, failures / finding.share, *figures, shared.points, same))
    return told


def _names(found: Sequence[Concentrated]) -> dict[str, str]:
    pairs = [pair for one in found for combination in (one.part.combination, *one.same_runs) for pair in combination]
    return {attribute: title_of(attribute) for attribute, _ in pairs}
