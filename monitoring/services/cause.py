"""The suggested cause of one execution: the facts that are known of it, and what they speak for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from monitoring import wording
from monitoring.analysis.cause import Facts, Suggestion, suggest, time_pattern
from monitoring.analysis.error_kinds import classify
from monitoring.analysis.evidence import Evidence, Kind, duration_words
from monitoring.analysis.limits import Usual, upper_limit
from monitoring.analysis.placing import ROOT, UNKNOWN
from monitoring.analysis.ranges import Place, Side
from monitoring.analysis.reference import MIN_SUPPORT, SHARE_OF_RUN, Reference
from monitoring.analysis.signals import Divergence
from monitoring.analysis.timeline import relate
from monitoring.analysis.waiting import waiting_ms
from monitoring.identity import LabelKind, label_id
from monitoring.ports import open_incidents
from monitoring.reads.analysed import earliest, input_digest, visits_of
from monitoring.reads.calls import MODELS, SYSTEMS, TOOLS
from monitoring.reads.cause_facts import course_of, same_input
from monitoring.reads.dependents import AROUND, Others, others_at
from monitoring.reads.replay_records import ExecutionRecord, Replay, StepRecord
from monitoring.services.examination import Examined
from monitoring.statuses import FAILING, Status

DIVERGENCES = {
    Kind.FAILED: Divergence.FAILED,
    Kind.EMPTY: Divergence.EMPTY_OUTPUT,
    Kind.SHAPE: Divergence.OUTPUT_CHANGED,
    Kind.SIZE: Divergence.OUTPUT_CHANGED,
    Kind.LOOP: Divergence.TOO_MANY_LOOPS,
    Kind.UNEXPECTED: Divergence.UNEXPECTED,
    Kind.BRANCH: Divergence.WRONG_BRANCH,
    Kind.MISSING: Divergence.MISSING,
    Kind.TOKENS: Divergence.TOKENS,
    Kind.DURATION: Divergence.DURATION,
}
_STATUS_NAMES = ("http.response.status_code", "http.status_code", "status_code", "http_status", "status")


@dataclass(frozen=True, slots=True)
class Caused:
    """The suggestion and the facts behind it; `digest` tells the input apart from others (None: not told)."""

    facts: Facts
    suggestion: Suggestion
    digest: int | None


def find_cause(team_id: UUID, replay: Replay, found: Examined, now: datetime) -> Caused:
    """What the facts of an execution speak for. The number of queries does not depend on its steps."""
    execution = replay.execution
    step, item = _telling_step(replay, found)
    calls = _calls(replay, step)
    digest = input_digest(replay.payload)
    failed_before, succeeded_before = same_input(team_id, execution, digest)
    others = _others(team_id, execution, step, now)
    group = execution.failure_group_id
    course = course_of(team_id, group, execution.workflow_id, execution.counted_at) if group else None
    retries = _retries(replay, found, step)
    kind = DIVERGENCES[found.first.kind] if found.first and found.is_compared else None
    facts = Facts(
        error_type=(step.error_type if step else None) or None,
        error_message=(step.error if step else None) or execution.error,
        status_code=_status_code(step) if step else None,
        is_failure=execution.has_failed,
        calls=calls,
        same_input_failed=failed_before,
        same_input_succeeded=succeeded_before,
        others_calling=others.calling,
        others_failing=others.failing,
        coincidences=course.coincidences if course else (),
        by_bucket=course.by_bucket if course else (),
        retries_failed=retries[0],
        retries_succeeded=retries[1],
        duration=_duration(found, item, step),
        waiting=_waiting(replay, found),
        memory_share=_memory(execution.peak_memory_bytes, execution.memory_limit_bytes),
        divergence=kind,
        open_incidents=_incidents(team_id, execution, step, now),
    )
    return Caused(facts, suggest(facts), digest)


def facts_document(facts: Facts) -> dict[str, Any]:
    """Facts as plain JSON: what a failure group adds up, and what the API gives out. None: not known."""
    told = classify(facts.error_type, facts.error_message, facts.status_code)
    return {
        "error_kind": told.kind.value if facts.is_failure else None,
        "status_code": facts.status_code,
        "calls": facts.calls,
        "same_input": {"failed": facts.same_input_failed, "succeeded": facts.same_input_succeeded},
        "others": {"calling": facts.others_calling, "failing": facts.others_failing},
        "coincides_with": [one.words for one in facts.coincidences],
        "time_pattern": time_pattern(facts.by_bucket).value,
        "retries": {"failed": facts.retries_failed, "succeeded": facts.retries_succeeded},
        "duration": {"side": facts.duration.side.value, "words": facts.duration.words} if facts.duration else None,
        "waiting": {"side": facts.waiting.side.value, "words": facts.waiting.words} if facts.waiting else None,
        "open_incidents": list(facts.open_incidents),
        "memory_share": facts.memory_share,
        "divergence": facts.divergence.value if facts.divergence else None,
    }


def suggestion_document(suggestion: Suggestion) -> dict[str, Any]:
    """A suggestion as plain JSON."""
    return {
        "cause": suggestion.cause.value,
        "words": suggestion.words,
        "lead": suggestion.lead,
        "scores": {cause.value: score for cause, score in suggestion.scores.items()},
        "evidence": [
            {
                "cause": one.cause.value,
                "signal": one.signal,
                "weight": one.weight,
                "words": one.words,
                "reason": one.reason,
            }
            for one in suggestion.evidence
        ],
    }


def _others(team_id: UUID, execution: ExecutionRecord, step: StepRecord | None, now: datetime) -> Others:
    """Who else called the step's external system around that time."""
    if step is None or not step.system:
        return Others(0, 0)
    at, system = step.started_at or execution.counted_at, label_id(LabelKind.SYSTEM, step.system)
    environment = execution.environment
    return others_at(team_id, SYSTEMS, system, execution.workflow_id, at, now=now, environment=environment)


def _telling_step(replay: Replay, found: Examined) -> tuple[StepRecord | None, Evidence | None]:
    """The step where the error shows, else the first divergent one, with its evidence."""
    for item in (found.divergence.symptom, found.first):
        if item is not None and item.step is not None:
            return replay.steps[item.step], item
    return next((step for step in replay.steps if step.has_failed), None), None


def _calls(replay: Replay, step: StepRecord | None) -> str | None:
    """What the step calls; "" when nothing, None where this sender tells of no call at all."""
    if step is None:
        return None
    called = step.system or step.tool or step.model or step.provider
    is_told = any(one.system or one.tool or one.model for one in replay.steps)
    return called or ("" if is_told else None)


def _status_code(step: StepRecord) -> int | None:
    for told in (step.payload.get("attributes"), step.error_detail):
        if isinstance(told, Mapping):
            codes = (told.get(name) for name in _STATUS_NAMES)
            found = next((code for code in codes if isinstance(code, int) and 100 <= code < 600), None)
            if found is not None:
                return found
    return None


def _retries(replay: Replay, found: Examined, step: StepRecord | None) -> tuple[int, int]:
    """Later attempts at the same work, of the execution and of its failing step: how many failed and succeeded."""
    own = replay.execution
    later = [one.status for one in found.related if one.origin_id == own.origin_id and one.attempt > own.attempt]
    if step is not None:
        again = (one for one in replay.steps if one.node == step.node and one.attempt > step.attempt)
        later += [one.status or Status.UNKNOWN for one in again]
    return sum(status in FAILING for status in later), sum(status is Status.SUCCEEDED for status in later)


def _duration(found: Examined, item: Evidence | None, step: StepRecord | None) -> Place | None:
    """Where the step's duration lies among healthy executions; None where it is not known."""
    took = step.duration_ms if step else None
    reference = found.compared.reference if found.compared and found.is_compared else None
    if item is None or took is None or reference is None or item.place == UNKNOWN:
        return None
    return _against(reference.places[item.place].duration, took, reference)


def _waiting(replay: Replay, found: Examined) -> Place | None:
    """Where the time that no step was at work lies among healthy executions; noticed as a slow step would be."""
    reference = found.compared.reference if found.compared and found.is_compared else None
    if reference is None or reference.waiting is None or reference.waiting.runs < MIN_SUPPORT:
        return None
    visits = visits_of(replay, earliest(replay))
    waited = waiting_ms(visits, relate(visits, reference.is_nested).container)
    whole = reference.places[ROOT].duration
    least = max(reference.tick_ms, SHARE_OF_RUN * whole.median if whole else 0.0)
    return None if waited is None else _against(reference.waiting, waited, reference, least)


def _against(usual: Usual | None, took: float, reference: Reference, least: float = 0.0) -> Place | None:
    """Where a duration lies among those of healthy executions; above only by more than `least`."""
    if usual is None or not usual.runs:
        return None
    high = max(upper_limit(usual, reference.margins.get("duration", 1.0)), usual.high + least)
    side = Side.ABOVE if took > high else Side.BELOW if took < usual.low else Side.INSIDE
    words = _(_PLACED[side]).format(
        duration=duration_words(took), low=duration_words(usual.low), high=duration_words(high), count=usual.runs
    )
    return Place(side, took, usual.low, high, words)


_PLACED = {
    Side.ABOVE: gettext_noop("{duration}, above the usual {low} to {high} ({count} executions)"),
    Side.BELOW: gettext_noop("{duration}, below the usual {low} to {high} ({count} executions)"),
    Side.INSIDE: gettext_noop("{duration}, inside the usual {low} to {high} ({count} executions)"),
}


def _incidents(team_id: UUID, execution: ExecutionRecord, step: StepRecord | None, now: datetime) -> list[str]:
    """The incidents of what the step calls that are open now and opened before it failed or soon after, in words.

    Those of its own workflow are made from the same failures, and say nothing new.
    """
    if step is None:
        return []
    until = (step.ended_at or step.started_at or execution.counted_at) + AROUND
    called = [(SYSTEMS.param, step.system), (MODELS.param, step.model), (TOOLS.param, step.tool)]
    found = [one for kind, name in called if name for one in open_incidents(team_id, kind, name) or ()]
    text = _("{incident}, since {time}")
    return [
        text.format(incident=one.title, time=wording.moment(one.opened_at, now))
        for one in found
        if one.opened_at <= until and one.workflow != (execution.workflow or "")
    ]


def _memory(peak: int | None, limit: int | None) -> float | None:
    return peak / limit if peak is not None and limit else None
