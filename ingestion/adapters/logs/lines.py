"""What one log record means, whichever protocol brought it. Pure.

A record is one of three things, in this order:

1. a run: it has the shape of the common workflow logger (`runs`);
2. a log line of an execution: it names one, by its own id or by that of its trace (`identities`);
3. a loose line of its source. Never an error.

Only a record of the first kind can be refused: a run with an impossible cost would be a wrong figure.
"""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from ingestion.adapters import wire
from ingestion.adapters.logs import identities, levels, moments, places, runs, texts
from ingestion.adapters.logs.places import Fields
from ingestion.adapters.refusals import Refused
from ingestion.records import Decoded, ExecutionReport, LogReport, LooseLine, Rejection

MAX_SAMPLE = 1_000
MESSAGE_NAMES = (
    "message",
    "msg",
    "MESSAGE",
    "@message",
    "@m",
    "log",
    "event",
    "body",
    "text",
    "line",
    "short_message",
    "textPayload",
)
# An object under one of these is the record itself, wrapped by a shipper.
_WRAPPERS = ("message", "msg", "body", "line", "record", "jsonPayload")
TIME_NAMES = (
    "timestamp",
    "@timestamp",
    "time",
    "ts",
    "@t",
    "at",
    "datetime",
    "date",
    "logged_at",
    "asctime",
    "created",
    "eventTime",
    "timeUnixNano",
    "__REALTIME_TIMESTAMP",
    "_SOURCE_REALTIME_TIMESTAMP",
    "timereported",
)
WORKFLOW_NAMES = ("workflow", "workflow_name", "workflowName")
_decode = msgspec.json.Decoder().decode


class Entry(Struct, gc=False):
    """A record as its protocol brought it: text or a decoded JSON value, and what the envelope tells about it."""

    told: Any
    at: datetime | None = None
    rest_ns: int = 0
    level: str | None = None
    labels: dict[str, Any] | None = None


class _Time(Struct, gc=False):
    """When a record was made, the nanoseconds beyond, and the name of the field that told it."""

    at: datetime | None
    rest_ns: int = 0
    name: str = ""


def _object_in(text: str) -> Fields | None:
    """The object that a text holds as JSON, or None."""
    if not text.startswith("{"):
        return None
    try:
        value = _decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _unwrap(entry: Entry) -> tuple[Fields | None, str | None, dict[str, Any]]:
    """The fields of a record (None: it is text), its text, and the labels around it.

    Shippers put what a program wrote, often JSON itself, under `message` or `log`, beside fields of their own.
    """
    labels = dict(entry.labels or {})
    told = entry.told
    if isinstance(told, str):
        fields = _object_in(told.strip())
        return fields, told, labels
    if not isinstance(told, dict):
        return None, texts.show(told), labels
    for name in MESSAGE_NAMES + _WRAPPERS:
        value = told.get(name)
        inner = _object_in(value.strip()) if isinstance(value, str) else value if name in _WRAPPERS else None
        if isinstance(inner, dict) and inner and not runs.looks_like_run(told):
            labels.update((key, other) for key, other in told.items() if key != name and key not in labels)
            return inner, None, labels
    return told, None, labels


def _message(fields: Fields, text: str | None) -> tuple[str, str]:
    """The message of a record and under which name it was; a record without one is its own compact JSON."""
    for name in MESSAGE_NAMES:
        value = fields.get(name)
        if isinstance(value, str) and value:
            return value, name
    safe = texts.without_secrets(fields)
    return (text if text is not None and safe == fields else texts.show(safe)), ""


def _bare(id: Any) -> str:
    """An id without what different spellings of it differ in."""
    return str(id).lower().replace("-", "") if isinstance(id, str | int) else ""


def _level(entry: Entry, scopes: list[Fields]) -> tuple[str | None, str]:
    """The level of a record, and the name of the field that tells it."""
    for name, value in places.find(scopes, levels.NAMES):
        if found := levels.normalise(value, name):
            return texts.clean(found), name
    return (levels.normalise(entry.level) if entry.level else None), ""


class Reader:
    """Collects what the records of one request mean. `add` them in order, then take `decoded`."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._decoded = Decoded(reports=[], lines=[], metrics=[], rejected=[], unknown={})
        self._logs: dict[str, tuple[int, ExecutionReport]] = {}

    def decoded(self) -> Decoded:
        """Everything that was added; log lines of one execution are one report."""
        self._decoded.reports.extend(self._logs.values())
        self._logs = {}
        self._decoded.reports.sort(key=lambda pair: pair[0])
        return self._decoded

    def ignore(self) -> None:
        """Counts an item that is known to say nothing."""
        self._decoded.ignored += 1

    def reject(self, index: int, field: str, reason: str, sample: Any = None) -> None:
        """Refuses one item."""
        shown = None if sample is None else texts.cut(texts.clean(texts.show(sample)), MAX_SAMPLE)
        self._decoded.rejected.append(Rejection(index=index, field=field, reason=reason, sample=shown))

    def add(self, index: int, entry: Entry) -> None:
        """Reads one record."""
        fields, text, labels = _unwrap(entry)
        if fields is None:
            body = text or ""
            self._add_line(index, entry, {}, body, [labels, identities.pairs_of(body)])
            return
        if runs.looks_like_run(fields) and self._add_run(index, entry, fields, labels):
            return
        self._add_line(index, entry, fields, text, [labels])

    def _add_run(self, index: int, entry: Entry, fields: Fields, labels: dict[str, Any]) -> bool:
        """Whether the record was a run, stored or refused; one that has not ended and names no execution is none."""
        who = identities.identify(places.scopes(fields, labels))
        if who.execution is None and not runs.tells_end(fields):
            return False
        try:
            report = runs.read_run(fields, self._envelope_time(entry, labels), who.execution, self.now)
            self._decoded.reports.append((index, report))
        except Refused as refused:
            self.reject(index, refused.field, refused.reason, runs.sample_of(fields))
        return True

    def _envelope_time(self, entry: Entry, labels: dict[str, Any]) -> datetime | None:
        if entry.at is not None:
            return entry.at
        found = (moments.read_believable(value, self.now) for _, value in places.find([labels], TIME_NAMES))
        return next((moment.at for moment in found if moment), None)

    def _time(self, entry: Entry, fields: Fields, labels: dict[str, Any]) -> _Time:
        """When the record was made: its own time, but one without a zone only for want of another."""
        zoneless = None
        for name, value in places.find([fields], TIME_NAMES):
            moment = moments.read_believable(value, self.now)
            if moment is not None and moment.has_zone:
                return _Time(moment.at, moment.rest_ns, name)
            zoneless = zoneless or (moment and _Time(moment.at, 0, name))
        if entry.at is not None and moments.is_believable(entry.at, self.now):
            return _Time(entry.at, entry.rest_ns)
        return zoneless or _Time(self._envelope_time(Entry(told=None), labels))

    def _add_line(self, index: int, entry: Entry, fields: Fields, text: str | None, around: list[Fields]) -> None:
        """Keeps a record as a log line, of its execution or loose; `around` are its labels and other places to look."""
        labels = around[0]
        scopes = [*places.scopes(fields, labels), *around[1:]]
        time = self._time(entry, fields, labels)
        level, level_name = _level(entry, scopes)
        message, name = _message(fields, text)
        used = {name, time.name, level_name}
        rest = [(key, value) for key, value in fields.items() if key not in used and value is not None] if name else []
        # Lines without a time keep their order by their place in the request; others by what is beyond microseconds.
        position = index if time.at is None else time.rest_ns or None
        who = identities.identify(scopes)
        if who.execution is None:
            line = LooseLine(
                message=texts.message_of(message),
                at=time.at,
                level=level,
                labels=texts.labels_of([*rest, *labels.items()]),
                position=position,
            )
            self._decoded.lines.append((index, line))
            return
        said = {_bare(who.execution), _bare(who.step)} - {""}
        others = [(key, value) for key, value in rest if key not in WORKFLOW_NAMES and _bare(value) not in said]
        whole = " ".join([message.rstrip("\r\n"), *(f"{key}={texts.show_safe(key, value)}" for key, value in others)])
        log = LogReport(message=texts.message_of(whole), at=time.at, level=level, step_id=who.step, position=position)
        self._attach(index, texts.clean(who.execution), log, scopes)

    def _attach(self, index: int, execution: str, log: LogReport, scopes: list[Fields]) -> None:
        if execution not in self._logs:
            self._logs[execution] = (index, ExecutionReport(id=execution, logs=[], items=0))
        report = self._logs[execution][1]
        if report.logs is not None:
            report.logs.append(log)
        report.items += 1
        for _, workflow in places.find(scopes, WORKFLOW_NAMES):
            if isinstance(workflow, str) and (told := texts.cut(texts.clean(workflow.strip()), wire.MAX_NAME)):
                # The greatest name, as merging would choose: the order of the lines must not matter.
                report.workflow = max(report.workflow or told, told)
                return
