"""One run as a step, and the root run as the execution.

A post and its patch are parts with the revisions 1 and 2; each says only what it tells itself, so they may come in
any order, repeated, or as one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from ingestion.adapters import wire
from ingestion.adapters.langsmith.failures import read_failure
from ingestion.adapters.langsmith.metadata import (
    Extra,
    attributes_of,
    read_attempt,
    read_extra,
    read_tags,
    read_whole,
)
from ingestion.adapters.langsmith.sent import SentRun
from ingestion.adapters.langsmith.told import (
    Ancestry,
    as_object,
    as_text,
    cut,
    read_dotted_order,
    read_id,
    read_name,
    read_optional_id,
    read_time,
)
from ingestion.adapters.langsmith.usage import read_usage
from ingestion.adapters.refusals import Refused, type_word
from ingestion.records import ExecutionReport, LogReport, StepReport
from ingestion.semantics.words import COUNTING, HOLDING, LLM, RETRIEVER, TOOL, kind_of_word
from monitoring.statuses import Status

POST, PATCH = 1, 2
# JS counts runs of one millisecond in the microseconds of their start, but not of their end.
_CLOCK_STEP = timedelta(seconds=1)
_SILENT_EVENTS = frozenset({"start", "end", "new_token", "uploaded_attachment"})
# Fields that are read, and those that repeat what others say or are told for the sender's own use.
_KNOWN = frozenset(
    {
        *("id", "trace_id", "parent_run_id", "dotted_order", "name", "run_type", "start_time", "end_time", "extra"),
        *("error", "events", "inputs", "outputs", "tags", "session_name", "session_id", "address", "serialized"),
        *("reference_example_id", "child_runs", "execution_order", "child_execution_order", "attachments"),
        *("parent_run", "status"),
    }
)
_UNTRACED = (
    "is missing, and neither the run nor its parent is known: tell trace_id or dotted_order (the SDK does when it "
    "batches), or report the parent first"
)


class ReadRun(Struct):
    """A run that was understood: its trace, whether it is the root, its step, and its lines.

    A root that only holds others is the execution itself, and no step of it: `is_step` says so.
    """

    trace_id: str
    is_root: bool
    is_step: bool
    trace_at: datetime | None
    step: StepReport
    logs: list[LogReport]
    extra: Extra
    unknown: dict[str, str]


def trace_of(sent: SentRun, now: datetime) -> tuple[str | None, str | None]:
    """The trace that a run tells; else the id of a run of the same trace. Raises `Refused`."""
    run = sent.run
    told = read_optional_id(run.get("trace_id"), "trace_id") or read_dotted_order(run.get("dotted_order"), now).trace_id
    if told:
        return told, None
    own, parent = read_id(run.get("id"), "id"), read_optional_id(run.get("parent_run_id"), "parent_run_id")
    if parent:
        return None, parent
    # A post without parent is a root; a patch does not repeat its parent.
    return (None, own) if sent.is_patch else (own, None)


def read(sent: SentRun, known: Mapping[str, str], now: datetime) -> ReadRun:
    """A run as a step; `known` are the traces of runs that do not tell theirs. Raises `Refused`."""
    run = sent.run
    own = read_id(run.get("id"), "id")
    trace, hint = trace_of(sent, now)
    trace = trace or known.get(hint or "")
    if trace is None:
        raise Refused("trace_id", _UNTRACED)
    ancestry = read_dotted_order(run.get("dotted_order"), now)
    parent = read_optional_id(run.get("parent_run_id"), "parent_run_id")
    extra = read_extra(run.get("extra"))
    is_root = own == trace
    step = StepReport(
        id=own,
        parent_id=None if is_root else parent or ancestry.parent_id,
        node=read_name(run.get("name")),
        attempt=read_attempt(run.get("tags")),
        attributes=_attributes(sent, extra, is_root=is_root) or None,
        input=_payload(run.get("inputs")),
        output=_payload(run.get("outputs")),
    )
    _set_times(step, run, ancestry, now)
    _set_outcome(step, sent)
    _set_kind(step, run, extra)
    is_step = not is_root or step.kind not in HOLDING
    return ReadRun(
        trace_id=trace,
        is_root=is_root,
        is_step=is_step,
        trace_at=step.started_at if is_root else ancestry.trace_at,
        step=step,
        logs=_read_events(run.get("events"), step, now, own if is_step else None),
        extra=extra,
        unknown={f"run.{name}"[:200]: type_word(value) for name, value in run.items() if name not in _KNOWN},
    )


def _payload(told: Any) -> Any:
    """What went in or came out; the SDK says "nothing yet" by an empty object."""
    return None if told in ({}, None) else told


def _set_times(step: StepReport, run: dict[str, Any], ancestry: Ancestry, now: datetime) -> None:
    started = read_time(run.get("start_time"), "start_time", now) or ancestry.run_at
    ended = read_time(run.get("end_time"), "end_time", now)
    step.started_at, step.ended_at = started, ended
    if started and ended and ended < started:
        is_rounding = started - ended <= _CLOCK_STEP
        step.ended_at = started if is_rounding else None
        if not is_rounding:
            # Clocks are set back: the start is believed, the end is kept as it was told.
            step.attributes = {**(step.attributes or {}), "told_end_time": run["end_time"]}


def _set_outcome(step: StepReport, sent: SentRun) -> None:
    """A run has ended when it tells an end; a patch without one says nothing about it."""
    failure, status = read_failure(sent.run.get("error"))
    if status is Status.FAILED or status is Status.CANCELLED:
        step.error, step.status = failure, status
    elif status is not None:
        step.status, step.told_status = status, failure.type if failure else None
    elif sent.run.get("end_time") is not None:
        step.status = Status.SUCCEEDED
    elif not sent.is_patch:
        step.status = Status.RUNNING


def _set_kind(step: StepReport, run: dict[str, Any], extra: Extra) -> None:
    """Kind, and what only some kinds have: model and usage, tool."""
    told, metadata, outputs = run.get("run_type"), extra.metadata, as_object(run.get("outputs"))
    parameters = as_object(extra.rest.get("invocation_params"))
    step.kind = kind_of_word(told) or read_name(told)
    # A patch of an older SDK does not repeat the type; what it tells then says whether a model was called.
    if step.kind is None and _looks_like_model(metadata, parameters, outputs):
        step.kind = LLM
    if step.kind in COUNTING:
        step.provider = read_name(metadata.get("ls_provider"))
        step.external_system = step.provider
        step.model = _model(metadata, parameters, outputs)
        told_usage = read_usage(outputs, metadata)
        step.tokens, step.cost_usd = told_usage.tokens, told_usage.cost_usd
        step.tier, step.usage = told_usage.tier, told_usage.usage
    elif step.kind == TOOL:
        step.tool = step.node
    elif step.kind == RETRIEVER:
        step.external_system = read_name(metadata.get("ls_vector_store_provider"))


def _looks_like_model(metadata: dict[str, Any], parameters: dict[str, Any], outputs: dict[str, Any]) -> bool:
    return "ls_model_type" in metadata or "generations" in outputs or "model" in parameters


def _model(metadata: dict[str, Any], parameters: dict[str, Any], outputs: dict[str, Any]) -> str | None:
    """The model that answered; else the one that was asked for."""
    told = (
        as_object(outputs.get("llm_output")).get("model_name"),
        metadata.get("ls_model_name"),
        parameters.get("model"),
        parameters.get("model_name"),
    )
    return next((name for one in told if (name := read_name(one))), None)


def _attributes(sent: SentRun, extra: Extra, *, is_root: bool) -> dict[str, Any]:
    kept = attributes_of(extra, sent.run.get("tags"), is_root=is_root)
    kept.update({f"attachment.{name}"[: wire.MAX_ID]: told for name, told in sent.attachments.items()})
    if example := sent.run.get("reference_example_id"):
        kept["reference_example_id"] = example
    if len(kept) > wire.MAX_ATTRIBUTES:
        raise Refused("extra", f"must have at most {wire.MAX_ATTRIBUTES:,} entries with attachments and tags")
    return kept


def _read_events(told: Any, step: StepReport, now: datetime, step_id: str | None) -> list[LogReport]:
    """Events as lines; of the tokens of a stream only when the first one came."""
    lines = []
    events = [event for event in told if isinstance(event, dict)] if isinstance(told, list) else []
    for event in events[: wire.MAX_LOGS]:
        name = read_name(event.get("name")) or "event"
        if name == "new_token" and "first_token_at" not in (step.attributes or {}):
            step.attributes = {**(step.attributes or {}), "first_token_at": event.get("time")}
        if name in _SILENT_EVENTS:
            continue
        at = read_time(event.get("time"), "events", now)
        level = "warning" if name == "retry" else None
        lines.append(LogReport(message=_line(name, event), at=at, level=level, step_id=step_id))
    return lines


def _line(name: str, event: dict[str, Any]) -> str:
    rest = {key: value for key, value in event.items() if key not in ("name", "time") and value not in (None, {}, "")}
    message = rest.pop("message", None)
    words = [*([] if name == "event" else [name]), *([as_text(message)] if message is not None else [])]
    return cut(" ".join([*words, *([as_text(rest)] if rest else [])]) or name, wire.MAX_LOG_MESSAGE)


def describe(report: ExecutionReport, told: ReadRun, run: dict[str, Any]) -> None:
    """Puts what the root run says onto the execution."""
    step, whole = told.step, read_whole(told.extra.metadata)
    report.workflow = step.node
    report.status, report.told_status = step.status, step.told_status
    report.finished_at = step.ended_at
    report.error = step.error
    report.session, report.user, report.release = whole.session, whole.user, whole.release
    report.commit = whole.commit
    environment, project = _address(run.get("address"))
    report.environment = whole.environment or environment
    project = read_name(run.get("session_name")) or project
    report.tags = read_tags(run.get("tags"), told.extra.metadata, project) or None
    report.input, report.output = step.input, step.output
    if not told.is_step:
        report.attributes = step.attributes


def _address(told: Any) -> tuple[str | None, str | None]:
    """Environment and agent of `lrn:agents/<agent>/environments/<environment>`, told in place of a project."""
    parts = told.removeprefix("lrn:").split("/") if isinstance(told, str) else []
    is_address = len(parts) == 4 and parts[0] == "agents" and parts[2] == "environments"
    return (read_name(parts[3]), read_name(parts[1])) if is_address else (None, None)
