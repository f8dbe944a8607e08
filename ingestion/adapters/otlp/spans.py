"""One span as a step, with its log lines, and with what it tells about the execution that its trace is."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from ingestion.adapters.otlp.shapes import MAX_TEXT, Attributes, Bounds, Event, Span, cut, moment
from ingestion.adapters.otlp.told import TOKEN_FIELDS, Told, as_text, cost_of, tokens_of, understand
from ingestion.adapters.refusals import Refused
from ingestion.records import Failure, LogReport, StepReport, Tokens
from ingestion.semantics.words import COUNTING, HOLDING, LLM, kind_of_n8n_node, kind_of_word
from monitoring.statuses import Status, parse_status

MAX_EVENTS = 1_000
MAX_LINKS = 100
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
_KINDS = {SERVER: "server", CLIENT: "client", PRODUCER: "producer", CONSUMER: "consumer"}
_IS_REMOTE_TOLD, _IS_REMOTE = 0x100, 0x200
_OK, _ERROR = 1, 2
_SUCCEEDED, _FAILED, _RUNNING = Status.SUCCEEDED, Status.FAILED, Status.RUNNING
# Calls of these kinds reach something outside.
_OUTSIDE = frozenset({CLIENT, PRODUCER, 0, 1})
_CONTENT_EVENTS = {
    "gen_ai.content.prompt": ("input", "gen_ai.prompt"),
    "gen_ai.content.completion": ("output", "gen_ai.completion"),
}


class Place(Struct, gc=False):
    """Where a span stands in its trace. A root has no parent in this trace that could still come."""

    is_true_root: bool
    is_entry: bool
    has_local_parent: bool


class ReadSpan(Struct, gc=False):
    """A span in our words. `step` is always told; whether the root of a trace is one, `traces` decides."""

    trace_id: str
    step: StepReport
    told: Told
    place: Place
    logs: list[LogReport] | None
    parent_trace: str | None
    is_test: bool


def read_span(span: Span, scope: str, bounds: Bounds) -> ReadSpan:
    """Raises `Refused` for a span whose times cannot be believed."""
    told: Told = span.told
    fields = told.fields
    started = moment(span.start, "startTimeUnixNano", bounds)
    ended = moment(span.end, "endTimeUnixNano", bounds)
    if started is not None and ended is not None and span.end < span.start:
        # Clocks are set back: the start is believed, and the end is kept as it was told.
        told.attributes["otel.end_time_unix_nano"], ended = span.end, None
    kind, tokens = _kind_and_tokens(span, told)
    cost = cost_of(told) if kind in COUNTING else None
    failure, logs = _events(span, told, bounds) if span.events else (None, None)
    status = _status(span, told, failure, ended)
    error = _error(span, told, failure) if status is _FAILED else None
    if failure is not None and error is None:
        logs = [*(logs or []), _line(span, failure[0], failure[1], bounds)]
    step = StepReport(
        id=span.span_id,
        parent_id=span.parent_id or None,
        node=told.value("node") or (cut(span.name) or None),
        kind=kind,
        status=status,
        started_at=started,
        ended_at=ended,
        attempt=_attempt(told) if "attempt" in fields or "resend_count" in fields else None,
        provider=fields["provider"][3] if "provider" in fields else None,
        model=fields["model"][3] if "model" in fields else None,
        tool=_tool(told, kind),
        external_system=_system(span, told, kind) if fields else None,
        tokens=tokens,
        cost_usd=cost,
        error=error,
        input=told.content("input") if told.parts or "input" in fields else None,
        output=told.content("output") if told.parts or "output" in fields else None,
    )
    parent_trace = _keep_rest(span, scope, told)
    step.attributes = told.attributes or None
    return ReadSpan(span.trace_id, step, told, _place(span), logs, parent_trace, told.value("is_test") is True)


def _place(span: Span) -> Place:
    """A span that serves or consumes has its parent in another process, whatever its flags say."""
    if not span.parent_id:
        return Place(True, True, False)
    if span.flags & _IS_REMOTE_TOLD:
        is_remote = bool(span.flags & _IS_REMOTE)
        return Place(False, is_remote, not is_remote)
    is_entry = span.kind in (SERVER, CONSUMER) or span.name == "workflow.execute"
    return Place(False, is_entry, False)


def _kind_and_tokens(span: Span, told: Told) -> tuple[str | None, Tokens | None]:
    """The kind of a step, and its tokens if it is one that counts them."""
    fields = told.fields
    kind = kind_of_word(fields["kind"][3]) if "kind" in fields else None
    if kind is None and fields:
        kind = _kind_by_presence(span, told)
    if kind is None and span.kind > 1:
        kind = _KINDS.get(span.kind)
    if kind not in COUNTING:
        _put_back_tokens(told)
        return kind, None
    return kind, tokens_of(told)


def _kind_by_presence(span: Span, told: Told) -> str | None:
    fields = told.fields
    if "n8n_node_type" in fields:
        return kind_of_n8n_node(as_text(told.value("n8n_node_type")))
    if "db" in fields:
        return "database"
    if "messaging" in fields:
        return "messaging"
    if "model" in fields and ("input_tokens" in fields or "output_tokens" in fields or "token_usage" in fields):
        return LLM
    if span.kind in (SERVER, CONSUMER):
        return None
    if "http" in fields:
        return "http"
    return "rpc" if "rpc" in fields else None


_USAGE_FIELDS = (*TOKEN_FIELDS, "token_usage", "cost", "cost_object")


def _put_back_tokens(told: Told) -> None:
    """Sums that agents and chains repeat stay attributes."""
    for field in _USAGE_FIELDS:
        if field in told.fields:
            told.attributes[told.fields[field][1]] = told.fields[field][2]


def _status(span: Span, told: Told, failure: Any, ended: datetime | None) -> Status:
    """A convention's own word is more exact than the code; without either, an error or an exception means failed."""
    if "status" in told.fields:
        status = parse_status(as_text(told.value("status"), 100))
        if status is not Status.UNKNOWN:
            return status
    if span.status == _ERROR:
        return _FAILED
    if span.status == _OK:
        return _SUCCEEDED
    if failure is not None or "error_type" in told.fields:
        return _FAILED
    return _RUNNING if ended is None and span.end == 0 else _SUCCEEDED


def _events(span: Span, told: Told, bounds: Bounds) -> tuple[tuple[Event, int] | None, list[LogReport]]:
    """The last exception among the events of a span, and the others as log lines."""
    failure: tuple[Event, int] | None = None
    logs: list[LogReport] = []
    for number, event in enumerate(span.events[:MAX_EVENTS]):
        if event.name == "exception":
            if failure is not None:
                logs.append(_line(span, failure[0], failure[1], bounds))
            failure = (event, number)
        elif event.name in _CONTENT_EVENTS:
            _take_content(event, told)
        else:
            logs.append(_line(span, event, number, bounds))
    if len(span.events) > MAX_EVENTS:
        told.attributes["otel.events_left_out"] = len(span.events) - MAX_EVENTS
    return failure, logs


def _take_content(event: Event, told: Told) -> None:
    field, name = _CONTENT_EVENTS[event.name]
    if name in event.attributes:
        told.fields.setdefault(field, understand(name, event.attributes[name], {}))


def _line(span: Span, event: Event, number: int, bounds: Bounds) -> LogReport:
    """An event as a log line; its attributes follow the name. `number` keeps equal times in order."""
    try:
        at = moment(event.at, "timeUnixNano", bounds)
    except Refused:
        at = None
    words = [event.name, *(f"{name}={as_text(value, MAX_TEXT)}" for name, value in event.attributes.items())]
    level = "error" if event.name == "exception" else "info"
    return LogReport(message=cut(" ".join(words), MAX_TEXT), at=at, level=level, step_id=span.span_id, position=number)


def _error(span: Span, told: Told, failure: tuple[Event, int] | None) -> Failure | None:
    """The error of a failed step: its type by attribute, exception or the status text before a colon."""
    details: Attributes = failure[0].attributes if failure else {}
    message = as_text(details.get("exception.message"), MAX_TEXT) or cut(span.message, MAX_TEXT)
    message = message or as_text(told.value("error_message"), MAX_TEXT)
    type = told.value("error_type") or as_text(details.get("exception.type")) or _type_in(span.message)
    if not type and "status_code" in told.fields:
        type = as_text(told.value("status_code"))
    detail = as_text(details.get("exception.stacktrace"), MAX_TEXT)
    if not (type or message or detail):
        return None
    return Failure(type=type or None, message=message or None, detail=detail or None)


def _type_in(text: str) -> str | None:
    head, colon, _ = text.partition(":")
    return head if colon and 0 < len(head) <= 100 and head.replace(".", "").replace("_", "").isalnum() else None


def _attempt(told: Told) -> int | None:
    number = told.value("attempt") if "attempt" in told.fields else None
    if number is None and "resend_count" in told.fields:
        resent = told.value("resend_count")
        number = None if resent is None else resent + 1
    return number if number is not None and 1 <= number <= 32_767 else None


def _tool(told: Told, kind: str | None) -> str | None:
    return told.value("tool") or (told.value("tool_entity") if kind == "tool" else None)


def _system(span: Span, told: Told, kind: str | None) -> str | None:
    """What a step calls: a named service, else the host; of model calls the provider, of tools the tool."""
    fields = told.fields
    is_outside = span.kind in _OUTSIDE
    found: str | None = None
    if is_outside:
        found = told.value("peer") or told.value("server")
        for field in ("url", "system"):
            if not found and field in fields:
                found = cut(_host(as_text(told.value(field), MAX_TEXT)) or "")
    if not found and kind in COUNTING:
        found = told.value("provider")
    if not found and is_outside:
        found = told.value("rpc_service") or told.value("db") or told.value("messaging") or _tool(told, kind)
    return found or None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _keep_rest(span: Span, scope: str, told: Told) -> str | None:
    """Keeps what has no field of its own; the trace of the first link, if it is another one."""
    attributes = told.attributes
    if scope:
        attributes["otel.scope.name"] = scope
    if span.kind > 1:
        attributes["otel.span.kind"] = _KINDS.get(span.kind, str(span.kind))
    if span.state:
        attributes["otel.trace_state"] = span.state
    if span.dropped:
        attributes["otel.dropped_attributes_count"] = span.dropped
    if span.message and span.status != _ERROR:
        attributes["otel.status_message"] = cut(span.message, MAX_TEXT)
    if not span.links:
        return None
    attributes["otel.links"] = [
        {"trace_id": link.trace_id, "span_id": link.span_id, **link.attributes} for link in span.links[:MAX_LINKS]
    ]
    return next((link.trace_id for link in span.links if link.trace_id != span.trace_id), None)


def is_holding(kind: str | None) -> bool:
    """Whether a root of this kind is the execution itself and no step of it."""
    return kind in HOLDING
