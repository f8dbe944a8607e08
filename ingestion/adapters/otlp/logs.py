"""Log records to log lines of executions and steps, or to loose lines where they belong to no trace."""

from datetime import datetime
from itertools import count
from typing import Any

from ingestion.adapters.otlp.resources import Resource
from ingestion.adapters.otlp.shapes import MAX_TEXT, Attributes, Bounds, LogRecord, bounds_at, cut, moment
from ingestion.adapters.otlp.told import as_text, parsed, without_nul
from ingestion.adapters.refusals import Refused
from ingestion.records import Decoded, ExecutionReport, LogReport, LooseLine, Rejection, StepReport
from ingestion.semantics.lookup import UNKNOWN, find, resolve

MAX_LABELS = 100
MAX_LABEL = 500
_LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
# Where in its program a line was written, and by which thread: kept with no line that belongs to a step.
_LEFT_OUT = ("code.", "thread.", "process.", "event.name", "gen_ai.system", "gen_ai.provider.name")
# Messages of a conversation: `gen_ai.choice` is what came back, the others were sent. One event each.
_MESSAGES = {
    "gen_ai.system.message": "input",
    "gen_ai.user.message": "input",
    "gen_ai.assistant.message": "input",
    "gen_ai.tool.message": "input",
    "gen_ai.choice": "output",
}
_DETAILS = "gen_ai.client.inference.operation.details"
_CONTENT = {"gen_ai.input.messages": "input", "gen_ai.output.messages": "output"}


class _Trace:
    """The lines of one trace in a request."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.items = 0
        self.environment: str | None = None
        self.logs: list[LogReport] = []
        self.steps: dict[str, StepReport] = {}

    def step(self, id: str) -> StepReport:
        """The step with this id, so far without anything."""
        return self.steps.setdefault(id, StepReport(id=id))

    def report(self, id: str) -> ExecutionReport:
        """The part of the execution."""
        steps = list(self.steps.values()) or None
        return ExecutionReport(
            id=id, items=self.items, environment=self.environment, logs=self.logs or None, steps=steps
        )


def to_lines(bundles: Any, now: datetime) -> Decoded:
    """The lines of a request; each refused record is a rejection with its place."""
    decoded, bounds = Decoded(reports=[], lines=[], rejected=[], unknown={}), bounds_at(now)
    traces: dict[str, _Trace] = {}
    places = count()
    for bundle in bundles:
        resource = Resource(bundle.resource, decoded.unknown)
        for item, index in zip(bundle.items, places, strict=False):
            try:
                if isinstance(item, Refused):
                    raise item
                _take(traces, decoded, index, item, resource, bounds)
            except Refused as refused:
                decoded.rejected.append(Rejection(index=index, field=refused.field, reason=refused.reason))
    decoded.reports = [(trace.index, trace.report(id)) for id, trace in traces.items()]
    return decoded


def _take(
    traces: dict[str, _Trace], decoded: Decoded, index: int, record: LogRecord, resource: Resource, bounds: Bounds
) -> None:
    at = moment(record.at, "timeUnixNano", bounds)
    for name, value in record.attributes.items():
        if (find(name) or resolve(name)) is UNKNOWN:
            decoded.unknown.setdefault(name, type(value).__name__)
    if not record.trace_id:
        loose = LooseLine(message=_message(record, {}), at=at, level=_level(record), labels=_labels(record, resource))
        decoded.lines.append((index, loose))
        return
    trace = traces.get(record.trace_id)
    if trace is None:
        trace = traces[record.trace_id] = _Trace(index)
    trace.items += 1
    trace.environment = max(trace.environment or "", resource.environment or "") or None
    event = record.event or as_text(record.attributes.get("event.name"))
    if record.span_id and event == _DETAILS:
        _take_details(trace.step(record.span_id), record.attributes)
        return
    if record.span_id and event in _MESSAGES:
        _take_message(trace.step(record.span_id), _MESSAGES[event], event, record.body)
    message = _message(record, record.attributes, event)
    line = LogReport(message=message, at=at, level=_level(record), step_id=record.span_id or None)
    trace.logs.append(line)


def _take_details(step: StepReport, attributes: Attributes) -> None:
    """The event that carries a model call's whole content. Its other attributes are those of the span."""
    for name, field in _CONTENT.items():
        value = attributes.get(name)
        if value is not None:
            setattr(step, field, parsed(value) if isinstance(value, str) else without_nul(value))
    rest = {name: value for name, value in attributes.items() if name not in _CONTENT}
    step.attributes = {**(step.attributes or {}), **rest}


def _take_message(step: StepReport, field: str, event: str, body: Any) -> None:
    """One message of a conversation; several of a request are a list. The log line keeps each of them too."""
    role = event.split(".")[1]
    content = without_nul(body) if not isinstance(body, str) else body
    message = {"role": role, **content} if isinstance(content, dict) else {"role": role, "content": content}
    setattr(step, field, [*(getattr(step, field) or []), message])


def _level(record: LogRecord) -> str | None:
    """The level in small letters, by number where there is one: 1 to 4 is trace, 5 to 8 debug, and so on."""
    if 1 <= record.severity <= 24:
        return _LEVELS[(record.severity - 1) // 4]
    return cut(record.level.lower(), 50) or None


def _message(record: LogRecord, attributes: Attributes, event: str = "") -> str:
    words = [] if not event else [event]
    if record.body is not None:
        words.append(as_text(record.body, MAX_TEXT))
    words += [
        f"{name}={as_text(value, MAX_TEXT)}" for name, value in attributes.items() if not name.startswith(_LEFT_OUT)
    ]
    return cut(" ".join(words), MAX_TEXT)


def _labels(record: LogRecord, resource: Resource) -> dict[str, str] | None:
    told = {**resource.attributes, **record.attributes}
    labels = {cut(name): as_text(value, MAX_LABEL) for name, value in list(told.items())[:MAX_LABELS]}
    return labels or None
