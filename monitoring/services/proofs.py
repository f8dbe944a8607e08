"""Measuring what is released: gathers the hours of both sides, decides, and watches for failures that come back.

What is due stands in `improvement_due`. A claim moves `due_at` on by `CLAIM`, so that what a killed worker had begun
is measured by another one; measuring twice gives the same result. Shape of `Improvement.result`: `outcome`
(`monitoring.analysis.proof.Outcome`), `reason` in words, `method` (`before_after` or `canary`), `alike`, `metric`,
`expected_change`, `before` and `after` (weighted means; for p95 the share of runs at `threshold_ms` or above),
`change` with `low` and `high` (None: unbounded), `relative`, `progress`, `runs_before`, `runs_after`, `runs_needed`,
`days_needed`, `from`, `live_at`, `until` (ISO 8601), for p95 also `p95_before_ms` and `p95_after_ms`.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_noop

from accounts.tenancy import team_context
from monitoring.analysis.alike import Alike, Hours, alike_of
from monitoring.analysis.histogram import percentile
from monitoring.analysis.improvement import WATCHED, Standing
from monitoring.analysis.proof import DEFAULT_CHANGE, MIN_RUNS, Outcome, Plan, Proof, missing, plan, prove
from monitoring.models import FailureGroup, Improvement, ImprovementDue, Metric, Release
from monitoring.reads.proof_hours import SHARES, Row, Subject, durations, rated_of, records_from, rest, rows_of, side
from monitoring.reads.returns import group_of, returned_in
from monitoring.services.improvements import settle_improvement
from monitoring.windows import HOUR, ceil_to, floor_to

BEFORE = timedelta(weeks=4)
AFTER = timedelta(weeks=8)
# What helped is watched for so long after its release.
WATCHED_FOR = timedelta(days=180)
EVERY = timedelta(minutes=5)
CLAIM = timedelta(minutes=10)
# The old release still runs: it has at least this share of the runs of the last day.
CANARY_SHARE = 0.1
_CLAIM = """
UPDATE improvement_due SET due_at = %(until)s WHERE improvement_id IN (
    SELECT improvement_id FROM improvement_due WHERE due_at <= %(now)s ORDER BY due_at, improvement_id LIMIT 1
    FOR UPDATE SKIP LOCKED
) RETURNING team_id, improvement_id
"""


def measure_due(now: datetime, *, seconds: float) -> int:
    """Measures what is due for about so long; how many."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds and (found := _claim(now)):
        _visit(*found, now)
        count += 1
    return count


def _claim(now: datetime) -> tuple[UUID, UUID] | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + CLAIM})
        found = cursor.fetchone()
    return (found[0], found[1]) if found else None


def _visit(team_id: UUID, improvement_id: UUID, now: datetime) -> None:
    queued = ImprovementDue.objects.filter(improvement_id=improvement_id)
    with team_context(team_id):
        one = Improvement.objects.filter(team_id=team_id, id=improvement_id).select_related("workflow").first()
        release = one.release if one is not None else None
        live_at = release.live_at if release is not None else None
        is_over = live_at is not None and live_at < now - WATCHED_FOR
        if one is None or release is None or one.status not in WATCHED or is_over:
            queued.delete()
            return
        result = measure(one, release, now) if one.status == Standing.RELEASED else {}
        returned = returned_in(one, release, now)
        settle_improvement(measured=one, result=result, now=now, returned=returned)
        queued.filter(due_at__gt=now).update(due_at=now + EVERY)


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides, and which hours of them are alike; `past` is what came before, whatever the control is."""

    past: Sequence[Row]
    control: Sequence[Row]
    after: Sequence[Row]
    alike: Alike


def measure(one: Improvement, release: Release, now: datetime) -> dict[str, Any]:
    """The comparison of before and after as it stands now. Reads only."""
    live_at = release.live_at
    about = {"metric": one.metric, "expected_change": one.expected_change or DEFAULT_CHANGE}
    if live_at is None or live_at >= now:
        return {**about, "outcome": Outcome.CANNOT_TELL, "reason": gettext_noop("The release is not live yet.")}
    start, until = _start(one, live_at), min(ceil_to(now, HOUR), ceil_to(live_at, HOUR) + AFTER)
    about |= {"from": start.isoformat(), "live_at": live_at.isoformat(), "until": until.isoformat()}
    if one.workflow.completeness == "failures-only" and one.metric in (Metric.FAILURE_RATE, Metric.GROUP_RATE):
        reason = gettext_noop("Only failures are reported: there is no rate.")
        return {**about, "outcome": Outcome.CANNOT_TELL, "reason": reason}
    found = _sides(one, release, (start, live_at, until))
    if isinstance(found, str):
        return {**about, "outcome": Outcome.CANNOT_TELL, "reason": found}
    return {**about, **_compared(one, found)}


def _start(one: Improvement, live_at: datetime) -> datetime:
    """Four weeks before, but not before what is to be improved began."""
    start = floor_to(live_at, HOUR) - BEFORE
    group_id = group_of(one)
    group = FailureGroup.objects.filter(team_id=one.team_id, id=group_id).first() if group_id else None
    since = [one.finding.since if one.finding else None, group.first_seen_at if group and not one.finding else None]
    if one.metric == Metric.GROUP_RATE:
        since.append(records_from(one.team_id))
    return max([start, *(ceil_to(moment, HOUR) for moment in since if moment is not None)])


def _sides(one: Improvement, release: Release, times: tuple[datetime, datetime, datetime]) -> Sides | str:
    """Before and after; or, while the old release still runs, old and new at the same time. A text: why neither."""
    start, live_at, until = times
    subject = Subject(one.team_id, one.workflow_id, one.environment_id, one.metric, one.failure_group_id)
    past = rows_of(subject, start, floor_to(live_at, HOUR))
    every = rows_of(subject, ceil_to(live_at, HOUR), until)
    if not rated_of(every):
        return gettext_noop("No run has finished since the release went live (its first hour is left out).")
    told = rows_of(subject, ceil_to(live_at, HOUR), until, by_release=True)
    carriers = set(
        Release.objects.filter(team_id=one.team_id, workflow_id=one.workflow_id, live_at__gte=live_at).values_list(
            "name_id", flat=True
        )
    )
    new = [row for row in told if row.release_id in carriers]
    if not told:
        # Executions do not say their release: time alone decides.
        return Sides(past, past, every, _alike(one, past))
    if not new:
        return f"No run of release {release.name} has finished yet."
    old = rest(every, new)
    last_day = max(row.at for row in every) - timedelta(hours=23)
    recent = rated_of(row for row in every if row.at >= last_day)
    if recent and rated_of(row for row in old if row.at >= last_day) >= CANARY_SHARE * recent:
        return Sides(past, old, new, Alike.SAME_HOUR)
    return Sides(past, past, new, _alike(one, past))


def _alike(one: Improvement, past: Sequence[Row]) -> Alike:
    return alike_of(side(one.metric, past))


def _compared(one: Improvement, sides: Sides) -> dict[str, Any]:
    change, is_share = one.expected_change or DEFAULT_CHANGE, one.metric in SHARES
    threshold = percentile(durations(sides.past), 0.95) or 0.0 if one.metric == Metric.P95_MS else 0.0
    past, control, after = (side(one.metric, rows, threshold) for rows in (sides.past, sides.control, sides.after))
    told: dict[str, Any] = {
        "method": "canary" if sides.alike is Alike.SAME_HOUR else "before_after",
        "alike": sides.alike.value,
        "runs_before": control.count,
        "runs_after": after.count,
    }
    if past.count < MIN_RUNS:
        reason = f"Only {past.count} runs before the release can be compared; at least {MIN_RUNS} are needed."
        return {**told, "outcome": Outcome.CANNOT_TELL, "reason": reason}
    gain = -change * past.mean
    if one.metric == Metric.P95_MS:
        gain = past.mean - _share_above(sides.past, threshold / (1 + change) if change > -1 else math.inf)
        told |= {
            "threshold_ms": threshold,
            "p95_before_ms": percentile(durations(sides.control), 0.95),
            "p95_after_ms": percentile(durations(sides.after), 0.95),
        }
    planned = plan(past, gain, is_share=is_share)
    if planned is None:
        reason = gettext_noop("The figure was 0 before the release: there is nothing to lower.")
        return {**told, "outcome": Outcome.CANNOT_TELL, "reason": reason}
    proof = prove(control, after, planned, alike=sides.alike, is_share=is_share)
    return {**told, **_numbers(proof), **_left(control, after, planned, sides.alike, proof)}


def _share_above(rows: Sequence[Row], limit_ms: float) -> float:
    if math.isinf(limit_ms):
        return 0.0
    return side(Metric.P95_MS, rows, limit_ms).mean


def _numbers(proof: Proof) -> dict[str, Any]:
    def bounded(value: float) -> float | None:
        return value if math.isfinite(value) else None

    return {
        "outcome": proof.outcome,
        "before": proof.before,
        "after": proof.after,
        "change": proof.change,
        "low": bounded(proof.low),
        "high": bounded(proof.high),
        "relative": proof.relative,
        "progress": proof.progress,
        "runs_before": proof.runs_before,
        "runs_after": proof.runs_after,
    }


_REASONS = {
    Outcome.HELPED: gettext_noop("The figure is lower, and chance is ruled out."),
    Outcome.WORSE: gettext_noop("The figure is higher than before, and chance is ruled out."),
    Outcome.NO_HELP: gettext_noop("As many runs as were planned have come, and no improvement shows."),
}


def _left(control: Hours, after: Hours, planned: Plan, alike: Alike, proof: Proof) -> dict[str, Any]:
    """What has yet to come before it can be decided."""
    if proof.outcome is not Outcome.CANNOT_TELL:
        return {"runs_needed": 0, "days_needed": 0.0, "reason": _REASONS[proof.outcome]}
    more = missing(control, after, planned, alike=alike)
    if more is None:
        reason = gettext_noop("Too few runs before the release are comparable to ever show the expected change.")
        return {"runs_needed": None, "days_needed": None, "reason": reason}
    runs = max(more.runs, 1)
    return {
        "runs_needed": runs,
        "days_needed": more.hours / 24,
        "reason": f"{runs:,} more run{'' if runs == 1 else 's'} needed.",
    }
