"""Executions as the analysis sees them, from what a replay holds: steps with times, outputs described, calls."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from monitoring.analysis.steps import Run, Step, describe, is_nothing
from monitoring.analysis.timeline import Visit
from monitoring.identity import derive_number
from monitoring.reads.replay_records import NOTHING, Replay, StepRecord
from monitoring.reads.visits import times_since

# Where senders put the words of a message, what they did, and that it must not be done twice.
_TEXTS = ("content", "text", "message")
_OPERATIONS = ("operation", "http.request.method", "http.method", "db.operation.name", "db.operation")
_SIDE_EFFECT = "side_effect"
_canonical = msgspec.json.Encoder(order="deterministic", decimal_format="number").encode


def run_of(replay: Replay, zero: datetime | None = None) -> Run:
    """The execution with its steps in their order; times in ms since `zero` (the earliest time told)."""
    execution = replay.execution
    zero = zero or earliest(replay)
    return Run(
        id=str(execution.id),
        steps=[step_of(step, zero) for step in replay.steps],
        status=execution.status.word,
        workflow=execution.workflow or "",
        release=execution.release or "",
        trigger=execution.trigger or "",
        input_type=execution.input_type or "",
        duration_ms=execution.duration_ms,
    )


def visits_of(replay: Replay, zero: datetime | None) -> list[Visit]:
    """The steps as a page draws them: without what they carried, which takes longer to describe than all the rest."""
    return [_visit_of(step, zero) for step in replay.steps]


def _visit_of(step: StepRecord, zero: datetime | None) -> Visit:
    start, end = times_since(zero, step.started_at, step.ended_at, step.duration_ms)
    return Visit(step.id, step.name, step.word, step.parent_id, start, end, step.attempt, step.position)


def earliest(replay: Replay) -> datetime | None:
    """The earliest time that the execution or a step tells; None where nothing does."""
    execution = replay.execution
    told = [step.started_at for step in replay.steps if step.started_at]
    if execution.started_at and execution.has_clock:
        told.append(execution.started_at)
    return min(told, default=None)


def step_of(step: StepRecord, zero: datetime | None) -> Step:
    """One step; a start or an end that was not told comes from the other one and the duration."""
    start, end = times_since(zero, step.started_at, step.ended_at, step.duration_ms)
    attributes = step.payload.get("attributes")
    attributes = attributes if isinstance(attributes, Mapping) else NOTHING
    shape, size, is_empty = output_of(step.payload)
    marked = attributes.get(_SIDE_EFFECT)
    return Step(
        id=step.id,
        name=step.name,
        status=step.word,
        parent_id=step.parent_id,
        start_ms=start,
        end_ms=end,
        attempt=step.attempt,
        position=step.position,
        kind=step.kind or "",
        duration_ms=step.duration_ms,
        error_type=step.error_type or "",
        error=step.error or "",
        tokens=step.tokens.total,
        shape=shape,
        output_bytes=size,
        is_empty=is_empty,
        text=_first_text(attributes, _TEXTS),
        tool=step.tool or "",
        system=step.system or "",
        operation=_first_text(attributes, _OPERATIONS),
        cost_usd=None if step.is_covered else step.cost_usd,
        side_effect=marked if isinstance(marked, bool) else None,
    )


def output_of(payload: Mapping[str, Any]) -> tuple[str | None, int | None, bool | None]:
    """Shape, size (bytes of JSON) and emptiness of what a step gave; None where no output was told."""
    if "output" not in payload:
        return None, None, None
    output = payload["output"]
    return describe(output), len(_canonical(output)), is_nothing(output)


def input_digest(payload: Mapping[str, Any]) -> int | None:
    """A signed 64-bit number that two equal inputs share; None where no input was told."""
    return derive_number(_canonical(payload["input"])) if "input" in payload else None


def _first_text(attributes: Mapping[str, Any], names: tuple[str, ...]) -> str:
    if not attributes:
        return ""
    return next((value for name in names if isinstance(value := attributes.get(name), str)), "")
