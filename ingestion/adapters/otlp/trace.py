"""One trace while the spans of a request are collected: what it says about its execution.

What a trace says merges by the rules of `monitoring.store.merge`. Steps, log lines, inputs and attributes have no rank.
What only one span may decide (workflow, status, times, error, release) has the rank of that span, so that the better
one wins whichever comes first:

1. spans that entered from another process (remote parent), 2. the root, 3. any span that names the workflow in a
convention, 4. a root that does. Among equals the one that started first wins.
"""

from datetime import datetime
from typing import Any

import msgspec

from ingestion.adapters.otlp.deciding import Decisions
from ingestion.adapters.otlp.resources import Resource
from ingestion.adapters.otlp.spans import ReadSpan, is_holding
from ingestion.adapters.otlp.told import Told, as_text
from ingestion.records import ExecutionReport, LogReport, Rate, Sampled, StepReport
from monitoring.statuses import Status

MAX_TAGS = 100
_ENTRY, _ROOT, _NAMED, _NAMED_ROOT = 1, 2, 3, 4
_MICROSECONDS = 1 << 52
# What a span decides that names the workflow.
_NAMING = ("workflow", "release", "commit", "environment")
_WHO = ("session", "user")
# What a root that is no step has no field for.
_STEP_FIELDS = ("provider", "model", "tool", "node", "tool_entity")
_encode = msgspec.json.Encoder(order="deterministic").encode
# A fact: one of who, "environment", "workflow", "input", "output"; or "tags" and "attributes" with a name.
_Fact = tuple[str, str]


class Trace:
    """What the spans of one trace said so far."""

    def __init__(self, id: str, index: int) -> None:
        self.id = id
        self.index = index
        self.items = 0
        self.steps: list[StepReport] = []
        self.logs: list[LogReport] = []
        self.resources: list[Resource] = []
        self.started_at: datetime | None = None
        self.is_running = False
        self.rate: Rate | None = None
        self.decisions = Decisions()
        # What the execution is about, as dictionaries of which the first one has what was told first.
        self.facts: list[dict[_Fact, Any]] = [{}]

    def add(self, read: ReadSpan, resource: Resource) -> None:
        """Takes in one span."""
        step, told, place = read.step, read.told, read.place
        self.items += 1
        started = step.started_at
        if started is not None and (self.started_at is None or started < self.started_at):
            self.started_at = started
        if place.has_local_parent:
            self.is_running = True
        rate = read.rate or resource.rate
        # A trace is there as soon as one of its spans is: the rate of the one that is kept most often.
        if rate is not None and (self.rate is None or rate < self.rate):
            self.rate = rate
        if resource not in self.resources:
            self.resources.append(resource)
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
        for name in ("input", "output"):
            if (value := getattr(step, name)) is not None:
                self._take_fact((name, ""), value)
        if not is_holding(step.kind):
            self.steps.append(step)
            self.logs += logs
            return
        for field in _STEP_FIELDS:
            told.put_back(field)
        for name, value in told.attributes.items():
            self._take_fact(("attributes", name), value)
        for line in logs:
            line.step_id = None
        self.logs += logs

    def _rank(self, read: ReadSpan, resource: Resource) -> None:
        step, told = read.step, read.told
        name = told.name("workflow")
        started = step.started_at
        late = _MICROSECONDS - 1 - int(started.timestamp() * 1e6) if started else 0
        place = read.place
        offer = self.decisions.offer
        if not (place.is_true_root or place.is_entry):
            named = _told(workflow=name, release=told.name("release"), commit="", environment=resource.environment)
            offer(_NAMED * _MICROSECONDS + late, named)
            return
        release = told.name("release")
        fields = _told(
            workflow=name or step.node,
            release=release or resource.version,
            # The commit is that of the service: of a release that the span tells nobody knows it. A release without
            # one takes none from another span.
            commit=(resource.commit if release is None else None) or "",
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
            offer((_NAMED_ROOT if name else _ROOT) * _MICROSECONDS + late, fields)
            return
        offer(_ENTRY * _MICROSECONDS + late, fields)
        if name:
            named = {key: fields[key] for key in _NAMING if key in fields}
            offer(_NAMED * _MICROSECONDS + late, named)

    def _take_facts(self, told: Told) -> None:
        for field in _WHO:
            if text := told.name(field):
                self._take_fact((field, ""), text)
        for name, text in (told.tags or {}).items():
            self._take_fact(("tags", name), text[:500])
        listed = told.value("tag_list")
        for tag in listed[:MAX_TAGS] if isinstance(listed, list) else ():
            self._take_fact(("tags", as_text(tag)), "true")

    def _take_fact(self, name: _Fact, value: Any) -> None:
        """Two values of one name are told by two parts, as they would be if they came in two requests."""
        for facts in self.facts:
            if _is_same(facts.setdefault(name, value), value):
                return
        self.facts.append({name: value})

    def sampled(self) -> list[Sampled]:
        """The workflow with the rate that its spans tell, once something says which workflow it is."""
        if self.rate is None:
            return []
        _, names = self.decisions.best.get("workflow", (None, []))
        return [Sampled(name, self.rate) for name in names]

    def reports(self) -> list[tuple[int, ExecutionReport]]:
        """All parts: mostly one. The first one counts the spans."""
        for resource in self.resources:
            self._take_fact(("attributes", resource.key), resource.attributes)
            if resource.environment:
                self._take_fact(("environment", ""), resource.environment)
            if resource.service and "workflow" not in self.decisions.best:
                self._take_fact(("workflow", ""), resource.service)
        main = ExecutionReport(
            id=self.id,
            items=self.items,
            status=Status.RUNNING if self.is_running else None,
            started_at=self.started_at,
            steps=self.steps or None,
            logs=self.logs or None,
        )
        _set_facts(main, self.facts[0])
        found = [main, *(self._about(facts) for facts in self.facts[1:]), *self.decisions.tell(main)]
        return [(self.index, report) for report in found]

    def _about(self, facts: dict[_Fact, Any]) -> ExecutionReport:
        report = ExecutionReport(id=self.id, items=0)
        _set_facts(report, facts)
        return report


def _told(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _origin(told: Told, resource: Resource) -> str | None:
    """What n8n's attempts at the same execution share: the id, in n8n, of the first one."""
    first = as_text(told.value("n8n_retry_of")) or as_text(told.value("n8n_execution"))
    return f"n8n {resource.instance} {first}"[:256] if first else None


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values are one. Numbers that are equal may still be written differently."""
    if one is other:
        return True
    return bool(one == other) and (type(one) is type(other) is str or _encode(one) == _encode(other))


def _set_facts(report: ExecutionReport, facts: dict[_Fact, Any]) -> None:
    tags: dict[str, str] = {}
    attributes: dict[str, Any] = {}
    for (field, name), value in facts.items():
        if field == "tags":
            tags[name] = value
        elif field == "attributes":
            attributes[name] = value
        else:
            setattr(report, field, value)
    report.tags = dict(list(tags.items())[:MAX_TAGS]) or None
    report.attributes = attributes or None
