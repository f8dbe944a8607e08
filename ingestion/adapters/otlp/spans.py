"""One span as a step, with its log lines, and with what it tells about the execution that its trace is."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from ingestion.adapters.otlp.sampling import rate_of_span
from ingestion.adapters.otlp.shapes import MAX_TEXT, Attributes, Bounds, Event, Span, cut, moment
from ingestion.adapters.otlp.told import Told, as_name, as_text, cost_of, count_of, tier_of_call, tokens_of
from ingestion.adapters.refusals import Refused
from ingestion.records import Failure, LogReport, Rate, StepReport
from ingestion.semantics.words import COUNTING, HOLDING, TOOL, kind_of_n8n_node, kind_of_word
from monitoring.statuses import Status, parse_status

MAX_EVENTS = 1_000
MAX_LINKS = 100
_TRACE_DIGITS = 32
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
_KINDS = {SERVER: "server", CLIENT: "client", PRODUCER: "producer", CONSUMER: "consumer"}
_IS_REMOTE_TOLD, _IS_REMOTE = 0x100, 0x200
_OK, _ERROR = 1, 2
_from_seconds = datetime.fromtimestamp
_SUCCEEDED, _FAILED, _RUNNING = Status.SUCCEEDED, Status.FAILED, Status.RUNNING
# Calls of these kinds reach something outside.
_OUTSIDE = frozenset({CLIENT, PRODUCER, 0, 1})
_CONTENT_EVENTS = {
    "gen_ai.content.prompt": ("input", "gen_ai.prompt"),
    "gen_ai.content.completion": ("output", "gen_ai.completion"),
}


class Place(Struct, frozen=True, gc=False):
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
    rate: Rate | None


def read_span(span: Span, scope: str, bounds: Bounds) -> ReadSpan:
    """Raises `Refused` for a span whose times cannot be believed."""
    told: Told = span.told
    place, plan = told.place, told.plan
    start, end = span.start, span.end
    started: datetime | None
    ended: datetime | None
    if bounds.earliest <= start <= end <= bounds.latest:
        started, ended = _from_seconds(start / 1e9, UTC), _from_seconds(end / 1e9, UTC)
    else:
        started, ended = _odd_times(span, told, bounds)
    kind = _kind(span, told)
    failure, logs = _events(span, told, bounds) if span.events else (None, None)
    status = _status(span, told, failure, ended)
    error = _error(span, told, failure) if status is _FAILED else None
    if failure is not None and error is None:
        logs = [*(logs or []), _line(span, failure[0], failure[1], bounds)]
    step = StepReport(
        id=span.span_id,
        parent_id=span.parent_id or None,
        node=(told.name("node") if "node" in place else None) or cut(span.name) or None,
        kind=kind,
        status=status,
        started_at=started,
        ended_at=ended,
        error=error,
    )
    if place:
        _tell_work(step, span, told)
    if plan.has_content or told.contents:
        step.input, step.output = told.content("input"), told.content("output")
    parent_trace = _keep_rest(span, scope, told)
    step.attributes = told.attributes or None
    is_test = "is_test" in place and told.value("is_test") is True
    rate = rate_of_span(span.state, told) if span.state or plan.sampling else None
    return ReadSpan(span.trace_id, step, told, _place(span), logs, parent_trace, is_test, rate)


def _odd_times(span: Span, told: Told, bounds: Bounds) -> tuple[datetime | None, datetime | None]:
    """Start and end where one is not told, or the end is before the start. Raises `Refused`."""
    started = moment(span.start, "startTimeUnixNano", bounds)
    ended = moment(span.end, "endTimeUnixNano", bounds)
    if started is not None and ended is not None and span.end < span.start:
        # Clocks are set back: the start is believed, and the end is kept as it was told.
        told.attributes["otel.end_time_unix_nano"], ended = span.end, None
    return started, ended


def _tell_work(step: StepReport, span: Span, told: Told) -> None:
    """What a step worked with, and what that took. Only model calls count tokens: others repeat sums."""
    plan, kind = told.plan, step.kind
    if kind in COUNTING:
        step.tokens, step.cost_usd = tokens_of(told), cost_of(told)
        if "tier" in told.place:
            step.tier = tier_of_call(told)
        if isinstance(usage := told.value("token_usage"), dict):
            step.usage = usage
    else:
        for number in plan.usage:
            told.attributes[plan.names[number]] = told.values[number]
    if plan.has_attempt:
        step.attempt = _attempt(told)
    provider, model, tool, entity, peer, server = plan.work(told.values)
    if provider is not None:
        step.provider = as_name(provider)
    if model is not None:
        step.model = as_name(model)
    if tool is not None or (entity is not None and kind == TOOL):
        step.tool = as_name(tool) or (as_name(entity) if kind == TOOL else None)
    if span.kind not in _OUTSIDE:
        step.external_system = step.provider if kind in COUNTING else None
    else:
        step.external_system = as_name(peer) or as_name(server) or _system(step, told)


_TRUE_ROOT, _ENTRY, _CHILD = Place(True, True, False), Place(False, True, False), Place(False, False, True)
_UNTOLD = Place(False, False, False)


def _place(span: Span) -> Place:
    """A span that serves or consumes has its parent in another process, whatever its flags say."""
    if not span.parent_id:
        return _TRUE_ROOT
    if span.flags & _IS_REMOTE_TOLD:
        return _ENTRY if span.flags & _IS_REMOTE else _CHILD
    return _ENTRY if span.kind in (SERVER, CONSUMER) or span.name == "workflow.execute" else _UNTOLD


def _kind(span: Span, told: Told) -> str | None:
    """The kind of a step: by a convention's word, by what is present, or by the kind of the span."""
    place = told.place
    if place:
        kind = kind_of_word(told.value("kind")) if "kind" in place else None
        if kind is None and "n8n_node_type" in place:
            kind = kind_of_n8n_node(as_text(told.value("n8n_node_type")))
        if kind is None:
            kind = told.plan.kind if span.kind in (SERVER, CONSUMER) else told.plan.inner_kind
        if kind is not None:
            return kind
    return _KINDS.get(span.kind) if span.kind > 1 else None


def _status(span: Span, told: Told, failure: Any, ended: datetime | None) -> Status:
    """A convention's own word is more exact than the code; without either, an error or an exception means failed."""
    if "status" in told.place:
        status = parse_status(as_text(told.value("status"), 100))
        if status is not Status.UNKNOWN:
            return status
    if span.status == _ERROR:
        return _FAILED
    if span.status == _OK:
        return _SUCCEEDED
    if failure is not None or "error_type" in told.place:
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
        told.add_content(field, event.attributes[name])


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
    type = told.name("error_type") or as_text(details.get("exception.type")) or _type_in(span.message)
    if not type and "status_code" in told.place:
        type = as_text(told.value("status_code"))
    detail = as_text(details.get("exception.stacktrace"), MAX_TEXT)
    if not (type or message or detail):
        return None
    return Failure(type=type or None, message=message or None, detail=detail or None)


def _type_in(text: str) -> str | None:
    head, colon, _ = text.partition(":")
    return head if colon and 0 < len(head) <= 100 and head.replace(".", "").replace("_", "").isalnum() else None


def _attempt(told: Told) -> int | None:
    number = count_of(told.value("attempt"))
    if number is None:
        resent = count_of(told.value("resend_count"))
        number = None if resent is None else resent + 1
    return number if number is not None and 1 <= number <= 32_767 else None


def _system(step: StepReport, told: Told) -> str | None:
    """What a step calls, where no service and no host is named: of model calls the provider, of tools the tool."""
    for field in ("url", "system"):
        if field in told.place and (host := _host(as_text(told.value(field), MAX_TEXT))):
            return cut(host)
    if step.provider and step.kind in COUNTING:
        return step.provider
    return told.name("rpc_service") or told.name("db") or told.name("messaging") or step.tool


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
    links = [link for link in span.links if len(link.trace_id) == _TRACE_DIGITS] if span.links else None
    if not links:
        return None
    attributes["otel.links"] = [
        {"trace_id": link.trace_id, "span_id": link.span_id, **link.attributes} for link in links[:MAX_LINKS]
    ]
    return next((link.trace_id for link in links if link.trace_id != span.trace_id), None)


def is_holding(kind: str | None) -> bool:
    """Whether a root of this kind is the execution itself and no step of it."""
    return kind in HOLDING
