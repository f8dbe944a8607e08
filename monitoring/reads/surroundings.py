"""What a verdict is decided from besides the figures of its window: history, the last hours, and what coincides.

Of one workflow (`surroundings`), in a constant number of queries; of all at once (`standing`), in three: the verdict is
the same, only when it began, what it coincides with and how far it reaches are left out there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from monitoring.analysis.objectives import Recent, burn
from monitoring.analysis.ranges import Metric, Place, is_outside
from monitoring.analysis.rhythm import LATE_FACTOR, Freshness, freshness_within, rhythm, streak
from monitoring.analysis.verdict import Kind, Objective, Subject, Surroundings
from monitoring.models import Workflow
from monitoring.reads.baselines import Proposals, Usual, usual_by_workflow
from monitoring.reads.cuts import Cut
from monitoring.reads.figures import Totals
from monitoring.reads.onsets import Began, began_at, coinciding, find_beginning
from monitoring.reads.reach import reached
from monitoring.reads.recency import REMEMBERED, RecentRuns, last_successes, recent_runs, recents
from monitoring.reads.releases import ReleaseMark
from monitoring.reads.steps import NodePlace
from monitoring.reads.trends import Series
from monitoring.reads.verdict import Verdict, verdict
from monitoring.windows import Window


@dataclass(frozen=True, slots=True)
class Objectives:
    """What a workflow should reach, set or proposed; None where neither."""

    success_rate: Objective | None = None
    p95_ms: Objective | None = None
    freshness_ms: Objective | None = None


def objectives_of(workflow: Workflow, proposals: Proposals) -> Objectives:
    """The objectives that somebody set; where nobody set any, those that history proposes.

    A proposed freshness judges nothing: the usual time between successes does that, and says "watch" at worst.
    """
    told = {
        "success_rate": workflow.objective_success_rate,
        "p95_ms": workflow.objective_p95_ms,
        "freshness_ms": workflow.objective_freshness_ms,
    }
    if any(value is not None for value in told.values()):
        return Objectives(**{name: Objective(value) for name, value in told.items() if value is not None})
    proposed = {"success_rate": proposals.success_rate, "p95_ms": proposals.p95_ms}
    return Objectives(
        **{name: Objective(one.value, is_proposed=True) for name, one in proposed.items() if one.value is not None}
    )


def known(
    totals: Totals,
    wanted: Objectives,
    usual: Usual,
    recent: Sequence[Recent],
    last_success: datetime | None,
    at: datetime,
) -> Surroundings:
    """What history and the last hours before `at` say."""
    return Surroundings(
        usual_error_rate=_place(usual, Metric.ERROR_RATE, _error_rate(totals), totals.rated),
        usual_p95=_place(usual, Metric.DURATION_P95, totals.duration_ms.p95, totals.timed_runs),
        burn=burn(wanted.success_rate.value, recent) if wanted.success_rate and recent else None,
        freshness=_freshness(wanted, usual.proposals, last_success, at),
        failures=totals.failures,
    )


def conclude(totals: Totals, wanted: Objectives, around: Surroundings, environment: str | None) -> Verdict:
    """The verdict on the figures of a window."""
    return verdict(
        totals,
        success_rate=wanted.success_rate,
        p95_ms=wanted.p95_ms,
        freshness_ms=wanted.freshness_ms,
        surroundings=around,
        environment=environment,
    )


def _place(usual: Usual, metric: Metric, value: float | None, samples: int) -> Place | None:
    found = usual.ranges.get(metric)
    return is_outside(found, value, samples) if found is not None and value is not None and samples else None


def _error_rate(totals: Totals) -> float | None:
    return None if totals.success_rate is None else 1 - totals.success_rate


def _freshness(
    wanted: Objectives, proposals: Proposals, last_success: datetime | None, at: datetime
) -> Freshness | None:
    if wanted.freshness_ms is not None:
        limit: timedelta | None = timedelta(milliseconds=wanted.freshness_ms.value)
    else:
        limit = None if proposals.success_gap is None else proposals.success_gap * LATE_FACTOR
    if last_success is None and limit is None:
        return None
    return freshness_within(last_success, at, limit, is_objective=wanted.freshness_ms is not None)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the verdicts of all workflows need besides their figures."""

    usual: Mapping[UUID, Usual]
    recent: Mapping[UUID, Sequence[Recent]]
    successes: Mapping[UUID, datetime]
    environment: str | None
    at: datetime

    def objectives(self, workflow: Workflow) -> Objectives:
        """What a workflow should reach."""
        return objectives_of(workflow, self.proposals(workflow))

    def proposals(self, workflow: Workflow) -> Proposals:
        """What the history of a workflow proposes."""
        return self.usual.get(workflow.id, Usual()).proposals

    def known(self, workflow: Workflow, totals: Totals) -> Surroundings:
        """What history and the last hours say of a workflow."""
        usual, recent = self.usual.get(workflow.id, Usual()), self.recent.get(workflow.id, ())
        return known(totals, self.objectives(workflow), usual, recent, self.successes.get(workflow.id), self.at)

    def judge(self, workflow: Workflow, totals: Totals) -> Verdict:
        """The verdict on one workflow, without beginning, coincidences and reach."""
        return conclude(totals, self.objectives(workflow), self.known(workflow, totals), self.environment)


def standing(team_id: UUID, window: Window, now: datetime, *, environment: str | None) -> Standing:
    """Of all workflows. Three queries."""
    at = min(now, window.end)
    return Standing(
        usual_by_workflow(team_id, window, environment=environment),
        recents(team_id, at, now, environment=environment),
        last_successes(team_id, at, environment=environment),
        environment,
        at,
    )


def _standing_of(cut: Cut, now: datetime, at: datetime, runs: RecentRuns) -> Standing:
    """Of one workflow, whose latest runs before `at` are known. Two queries; a third where none of them succeeded."""
    told: dict[str, Any] = {"workflow_id": cut.workflow_id, "environment": cut.environment}
    success = runs.last_success(since=at - REMEMBERED)
    return Standing(
        usual_by_workflow(cut.team_id, cut.window, **told),
        recents(cut.team_id, at, now, **told),
        {cut.workflow_id: success} if success else last_successes(cut.team_id, at, **told),
        cut.environment,
        at,
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on one workflow with everything that goes into it."""

    verdict: Verdict
    proposals: Proposals
    began: Began | None


def judge_workflow(
    cut: Cut,
    workflow: Workflow,
    now: datetime,
    *,
    totals: Totals,
    series: Series,
    releases: Sequence[ReleaseMark],
    places: Mapping[int, NodePlace],
) -> Judged:
    """The verdict on a workflow in a window, with when it began, what it coincides with, and how far it reaches."""
    at = min(now, cut.window.end)
    runs = recent_runs(cut.team_id, workflow.id, cut.environment, at)
    stands = _standing_of(cut, now, at, runs)
    wanted, around = stands.objectives(workflow), stands.known(workflow, totals)
    beginning = find_beginning(series, is_latency=_is_slow(conclude(totals, wanted, around, cut.environment)))
    began = began_at(series, beginning, cut.window)
    nodes = stands.usual.get(workflow.id, Usual()).nodes
    reach = reached(cut, failures=totals.failures, places=places, usual=nodes)
    whole = replace(
        around,
        beginning=beginning,
        coincidences=coinciding(cut, began, series, releases) if began else [],
        parts=reach.parts,
        raised_steps=reach.raised,
        streak=streak(runs.ended),
        rhythm=rhythm(runs.starts),
    )
    return Judged(conclude(totals, wanted, whole, cut.environment), stands.proposals(workflow), began)


def _is_slow(first: Verdict) -> bool:
    """Whether latency makes the verdict: then it is latency whose beginning is looked for."""
    decisive = first.decision.decisive
    slow = (Subject.P95, Subject.USUAL_P95)
    return decisive is not None and decisive.kind is not Kind.STABLE and decisive.subject in slow
