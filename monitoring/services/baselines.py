"""Builds baselines that are due: usual ranges, and the objectives that history proposes.

One entry of the queue at a time, each in short transactions, so that a lost task loses nothing.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import override

from accounts.tenancy import team_context
from monitoring.analysis.objectives import Proposal, propose_freshness_ms, propose_p95_ms, propose_success_rate
from monitoring.analysis.ranges import Metric
from monitoring.analysis.rhythm import MIN_GAPS, rhythm, usual_silence
from monitoring.models import Basis, Workflow
from monitoring.reads.baseline_points import Hour, baseline_of, history_until, hours_of, values_of, weeks_of
from monitoring.reads.recency import successes_of
from monitoring.store.baselines import PARTS_EVERY, Built, Claim, claim, keep, type_id
from monitoring.windows import HOUR

# Values whose hours are in memory at the same time.
TOGETHER = 10
# A task begins no further entry after this, in seconds.
TASK_SECONDS = 20.0
# Hours over less than this do not show what a weekend is like.
MIN_SPAN = timedelta(days=8)
PARTS = (Basis.NODE, Basis.RELEASE)
OBJECTIVES = "objectives"


def build_due(now: datetime, *, seconds: float = TASK_SECONDS) -> int:
    """Builds what is due for about so many seconds; how many entries it built."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds and (one := claim(now)):
        _build(one, now, has_parts=one.parts_built_at is None or now - one.parts_built_at >= PARTS_EVERY)
        count += 1
    return count


def build_all(now: datetime | None = None, *, team_id: UUID | None = None) -> int:
    """Builds everything that changed, due or not, nodes and releases too: for imports and tests."""
    now, count = now or timezone.now(), 0
    while one := claim(now, team_id=team_id, is_whole=True):
        _build(one, now, has_parts=True)
        count += 1
    return count


def _build(one: Claim, now: datetime, *, has_parts: bool) -> None:
    with team_context(one.team_id):
        workflow = Workflow.objects.filter(id=one.whose.workflow_id).first()
        siblings = [] if workflow else _of_type(one)
    if workflow is None:
        built = list(_of_basis(one, siblings, Basis.WORKFLOW_TYPE, now)) if siblings else []
        keep(one, built, [Basis.WORKFLOW_TYPE, Basis.WORKFLOW, *PARTS], now, has_parts=True)
        return
    built = list(_of_workflow(one, workflow, now))
    bases = [Basis.WORKFLOW]
    if has_parts:
        bases += PARTS
        built += [row for basis in PARTS for row in _of_basis(one, [workflow], basis, now)]
    keep(one, built, bases, now, has_parts=has_parts, of_type=workflow.type)


def _of_type(one: Claim) -> list[Workflow]:
    """The workflows of the type that an entry stands for."""
    found = Workflow.objects.exclude(type="").order_by("id")
    return [workflow for workflow in found if type_id(one.team_id, workflow.type) == one.whose.workflow_id]


def _of_workflow(one: Claim, workflow: Workflow, now: datetime) -> Iterator[Built]:
    environment_id, until = one.whose.environment_id, history_until(now).end
    with team_context(one.team_id):
        found = hours_of(one.team_id, [workflow.id], environment_id, Basis.WORKFLOW, [0], now)
        successes = successes_of(one.team_id, workflow.id, environment_id, now)
    hours = found.get(0, [])
    yield from _of_hours(Basis.WORKFLOW, 0, hours, until, is_rated=workflow.completeness != "failures-only")
    if workflow.completeness != "failures-only":
        yield Built(Basis.WORKFLOW, 0, OBJECTIVES, _proposals(hours, successes, until))


def _of_basis(one: Claim, workflows: Sequence[Workflow], basis: Basis, now: datetime) -> Iterator[Built]:
    environment_id, until = one.whose.environment_id, history_until(now).end
    ids = [workflow.id for workflow in workflows]
    is_rated = all(workflow.completeness != "failures-only" for workflow in workflows)
    with team_context(one.team_id):
        is_type = basis == Basis.WORKFLOW_TYPE
        values = [0] if is_type else values_of(one.team_id, ids[0], environment_id, basis, now)
    for place in range(0, len(values), TOGETHER):
        with team_context(one.team_id):
            found = hours_of(one.team_id, ids, environment_id, basis, values[place : place + TOGETHER], now)
        for value_id, hours in found.items():
            yield from _of_hours(basis, value_id, hours, until, is_rated=is_rated)


def _of_hours(
    basis: Basis, value_id: int, hours: Sequence[Hour], until: datetime, *, is_rated: bool
) -> Iterator[Built]:
    for metric in Metric:
        made = baseline_of(metric, hours, until, is_rated=is_rated)
        if made is not None:
            yield Built(basis, value_id, metric.value, made.as_document())


def _proposals(hours: Sequence[Hour], successes: Sequence[datetime], until: datetime) -> dict[str, Any]:
    """What `monitoring.reads.baselines.Proposals` reads: proposals with their words, and the usual gap of successes.

    The usual gap of runs is for alert rules about late runs.
    """
    weeks, gap = weeks_of(hours, until), _success_gap(hours, successes)
    # What is kept is read in any language: its words are English.
    with override("en"):
        return {
            "success_rate": _proposal(propose_success_rate(weeks)),
            "p95_ms": _proposal(propose_p95_ms(weeks)),
            "freshness_ms": _proposal(propose_freshness_ms(rhythm(successes))),
            "success_gap_s": None if gap is None else gap.total_seconds(),
            "run_gap_s": None if (run_gap := _run_gap(hours)) is None else run_gap.total_seconds(),
        }


def _success_gap(hours: Sequence[Hour], successes: Sequence[datetime]) -> timedelta | None:
    """The silence between successes that is usual: the latest ones tell minutes, the hours tell nights and weekends."""
    if len(successes) <= MIN_GAPS:
        return None
    recent = usual_silence(later - earlier for earlier, later in pairwise(sorted(successes)))
    with_success = sorted(hour.at for hour in hours if hour.rated > hour.failures)
    # Of two hours with a success the time between them is silent for sure; the parts of the hours themselves may be.
    lasting = usual_silence(
        (gap for earlier, later in pairwise(with_success) if (gap := later - earlier - HOUR)), of=_span(with_success)
    )
    return max((one for one in (recent, lasting) if one is not None), default=None)


def _run_gap(hours: Sequence[Hour]) -> timedelta | None:
    """The silence between runs that is usual: nights and weekends. None while its hours are too few to show them."""
    with_runs = sorted(hour.at for hour in hours if hour.runs)
    span = _span(with_runs)
    if span is None or span < MIN_SPAN:
        return None
    silent = (gap for earlier, later in pairwise(with_runs) if (gap := later - earlier - HOUR))
    return usual_silence(silent, of=span) or timedelta(0)


def _span(moments: Sequence[datetime]) -> timedelta | None:
    return moments[-1] - moments[0] if moments else None


def _proposal(one: Proposal) -> dict[str, Any]:
    return {"value": one.value, "words": one.words}
