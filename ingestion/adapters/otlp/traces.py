"""Spans to executions: one trace is one execution, whatever the order, split and repetition of its spans.

What a trace says is told in parts that merge by the rules of `monitoring.store.merge`. Steps, log lines, inputs and
attributes go into one part without a revision. What only one span may decide (workflow, status, times, error, release)
goes into parts whose `revision` is the rank of that span, so that the better one wins whichever comes first:

1. spans that entered from another process (remote parent), 2. the root, 3. any span that names the workflow in a
convention, 4. a root that does. Among equals the one that started first wins.
"""

from datetime import datetime
from itertools import count
from typing import Any

from ingestion.adapters.otlp.shapes import Attributes, Bounds, Bundle, Span, bounds_at
from ingestion.adapters.otlp.spans import ReadSpan, is_holding, read_span
from ingestion.adapters.otlp.told import Told, as_text
from ingestion.adapters.refusals import Refused
from ingestion.records import Decoded, ExecutionReport, LogReport, Rejection, StepReport
from ingestion.semantics.lookup import UNKNOWN, find, resolve
from monitoring.statuses import Status

MAX_TAGS = 100
_ENTRY, _ROOT, _NAMED, _NAMED_ROOT = 1, 2, 3, 4
_MICROSECONDS = 1 << 52
_ENVIRONMENT = ("deployment.environment.name", "deployment.environment")
_WHO = ("session", "user")
# What a root that is no step has no field for.
_STEP_FIELDS = ("provider", "model", "tool", "node", "tool_entity")


class Resource:
    """What a resource says about all spans that it sent."""

    __slots__ = ("attributes", "environment", "instance", "key", "service", "version")

    def __init__(self, attributes: Attributes, unknown: dict[str, str]) -> None:
        self.attributes = attributes
        self.service = as_text(attributes.get("service.name")) or None
        self.version = as_text(attributes.get("service.version")) or None
        told = next((attributes[name] for name in _ENVIRONMENT if attributes.get(name)), None)
        self.environment = as_text(told) or None
        self.instance = as_text(attributes.get("n8n.instance.id"))
        self.key = f"resource {self.service}" if self.service else "resource"
        for name in attributes:
            if (find(name) or resolve(name)) is UNKNOWN:
                unknown.setdefault(name, "string")


class Trace:
    """One trace while the spans of a request are collected."""

    def __init__(self, id: str, index: int) -> None:
        self.id = id
        self.index = index
        self.items = 0
        self.steps: list[StepReport] = []
        self.logs: list[LogReport] = []
        self.resources: dict[str, Resource] = {}
        self.attributes: Attributes = {}
        self.input: Any = None
        self.output: Any = None
        self.started_at: datetime | None = None
        self.is_running = False
        # What one span alone decides, with its rank.
        self.parts: list[tuple[int, dict[str, Any]]] = []
        # Who and what the execution is about, as dictionaries of which the first one has what was told first.
        self.facts: list[dict[str, str]] = [{}]

    def add(self, read: ReadSpan, resource: Resource) -> None:
        """Takes in one span."""
        step, told, place = read.step, read.told, read.place
        self.items += 1
        started = step.started_at
        if started is not None and (self.started_at is None or started < self.started_at):
            self.started_at = started
        if place.has_local_parent:
            self.is_running = True
        self.resources[resource.key] = resource
        if told.plan.has_facts:
            self._take_facts(told)
        if place.is_true_root:
            self._take_root(read)
        else:
            self.steps.append(step)
            if read.logs:
                self.logs += read.logs
        if place.is_true_root or place.is_entry or "workflow" in told.place:
            self._rank(read, resource)

    def _take_root(self, read: ReadSpan) -> None:
        """The root tells the execution's input, output and attributes; it is a step too if it did work of its own."""
        step, told, logs = read.step, read.told, read.logs or []
        self.input, self.output = step.input, step.output
        if not is_holding(step.kind):
            self.steps.append(step)
            self.logs += logs
            return
        for field in _STEP_FIELDS:
            told.put_back(field)
        self.attributes.update(told.attributes)
        for line in logs:
            line.step_id = None
        self.logs += logs

    def _rank(self, read: ReadSpan, resource: Resource) -> None:
        step, told = read.step, read.told
        name = told.name("workflow")
        started = step.started_at
        late = _MICROSECONDS - 1 - int(started.timestamp() * 1e6) if started else 0
        place = read.place
        if not (place.is_true_root or place.is_entry):
            named = _told(workflow=name, release=told.name("release"), environment=resource.environment)
            self.parts.append((_NAMED * _MICROSECONDS + late, named))
            return
        fields = _told(
            workflow=name or step.node,
            release=told.name("release") or resource.version,
            status=step.status,
            started_at=started,
            finished_at=step.ended_at,
            trigger=told.name("trigger"),
            environment=resource.environment,
            parent_execution=read.parent_trace,
            retry_of=_origin(told, resource),
        )
        if place.is_true_root:
            if step.error is not None:
                fields["error"] = step.error
            self.parts.append(((_NAMED_ROOT if name else _ROOT) * _MICROSECONDS + late, fields))
            return
        self.parts.append((_ENTRY * _MICROSECONDS + late, fields))
        if name:
            named = _told(workflow=name, release=fields.get("release"), environment=resource.environment)
            self.parts.append((_NAMED * _MICROSECONDS + late, named))

    def _take_facts(self, told: Told) -> None:
        for field in _WHO:
            if text := told.name(field):
                self._take_fact(field, text)
        for name, text in (told.tags or {}).items():
            self._take_fact(f"tag.{name}", text[:500])
        listed = told.value("tag_list")
        for tag in listed[:MAX_TAGS] if isinstance(listed, list) else ():
            self._take_fact(f"tag.{as_text(tag)}", "true")

    def _take_fact(self, name: str, text: str) -> None:
        """Two values of one name are told by two parts, as they would be if they came in two requests."""
        for facts in self.facts:
            if facts.setdefault(name, text) == text:
                return
        self.facts.append({name: text})

    def reports(self) -> list[tuple[int, ExecutionReport]]:
        """All parts. The first one counts the spans."""
        for resource in self.resources.values():
            self.attributes[resource.key] = resource.attributes
            if resource.environment:
                self._take_fact("environment", resource.environment)
        services = {one.service for one in self.resources.values() if one.service}
        main = ExecutionReport(
            id=self.id,
            items=self.items,
            workflow=None if self.parts or not services else max(services),
            status=Status.RUNNING if self.is_running else None,
            started_at=self.started_at,
            input=self.input,
            output=self.output,
            attributes=self.attributes,
            steps=self.steps or None,
            logs=self.logs or None,
        )
        _set_facts(main, self.facts[0])
        found = [main, *(_about(main, facts) for facts in self.facts[1:]), *self._ranked()]
        return [(self.index, report) for report in found]

    def _ranked(self) -> list[ExecutionReport]:
        """The parts of single spans, the highest first; what a higher one tells too is left out."""
        found = []
        told: dict[str, int] = {}
        for rank, fields in sorted(self.parts, key=lambda part: -part[0]):
            rest = {name: value for name, value in fields.items() if told.get(name, rank) == rank}
            if rest:
                told |= dict.fromkeys(rest, rank)
                found.append(ExecutionReport(id=self.id, items=0, revision=rank, **rest))
        return found


def _told(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _origin(told: Told, resource: Resource) -> str | None:
    """What n8n's attempts at the same execution share: the id, in n8n, of the first one."""
    first = as_text(told.value("n8n_retry_of")) or as_text(told.value("n8n_execution"))
    return f"n8n {resource.instance} {first}"[:256] if first else None


def _about(main: ExecutionReport, facts: dict[str, str]) -> ExecutionReport:
    report = ExecutionReport(id=main.id, items=0)
    _set_facts(report, {"environment": main.environment, **facts} if main.environment else facts)
    return report


def _set_facts(report: ExecutionReport, facts: dict[str, str]) -> None:
    if not facts:
        return
    report.session, report.user = facts.get("session"), facts.get("user")
    report.environment = facts.get("environment")
    tags = {name.removeprefix("tag."): text for name, text in facts.items() if name.startswith("tag.")}
    report.tags = dict(list(tags.items())[:MAX_TAGS]) or None


def to_executions(bundles: Any, now: datetime) -> Decoded:
    """The executions that the spans of a request tell about; each refused span is a rejection with its place."""
    decoded, bounds, traces = Decoded(reports=[], rejected=[], unknown={}), bounds_at(now), dict[str, Trace]()
    places = count()
    for bundle in bundles:
        decoded.unknown = bundle.unknown
        resource = Resource(bundle.resource, decoded.unknown)
        for item, index in zip(bundle.items, places, strict=False):
            _take(traces, decoded, index, item, bundle, resource, bounds)
    for trace in traces.values():
        decoded.reports += trace.reports()
    return decoded


def _take(
    traces: dict[str, Trace],
    decoded: Decoded,
    index: int,
    item: Span | Refused,
    bundle: Bundle,
    resource: Resource,
    bounds: Bounds,
) -> None:
    try:
        if isinstance(item, Refused):
            raise item
        read = read_span(item, bundle.scope, bounds)
    except Refused as refused:
        decoded.rejected.append(Rejection(index=index, field=refused.field, reason=refused.reason))
        return
    if read.is_test:
        decoded.ignored += 1
        return
    trace = traces.get(read.trace_id)
    if trace is None:
        trace = traces[read.trace_id] = Trace(read.trace_id, index)
    trace.add(read, resource)
