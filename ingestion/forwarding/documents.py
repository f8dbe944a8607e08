"""Records as flat JSON documents, for receivers that keep documents or lines. Pure.

A document has only what was told. Its id derives from the record, so a receiver that gets it twice keeps it once.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from ingestion.forwarding.parcels import Parcel, executions
from ingestion.records import ExecutionReport, Failure, LogReport, LooseLine, MetricPoint, StepReport, Tokens
from monitoring.identity import execution_id

_sorted = msgspec.json.Encoder(order="sorted", decimal_format="string").encode
_ABOUT = ("workflow", "workflow_type", "release", "commit", "environment", "trigger", "session", "user")
_PLAIN = (*_ABOUT, "url", "duration_ms")
_STEP = ("node", "kind", "provider", "model", "tool", "external_system", "duration_ms", "attempt", "position")
_TOKENS = Tokens.__struct_fields__


@dataclass(frozen=True, slots=True)
class Document:
    """`kind` is execution, step, log, line or metric; `at` is its time, or that of its receipt."""

    id: str
    kind: str
    at: datetime
    body: dict[str, Any]


def documents(parcels: Sequence[Parcel], settings: Mapping[str, Any]) -> Iterator[Document]:
    """The documents of these parcels, in the order of the records.

    `settings` may take away `payloads` (inputs, outputs, attributes), `lines` and `metrics`.
    """
    has_payloads, has_lines = bool(settings.get("payloads", True)), bool(settings.get("lines", True))
    for parcel, report in executions(parcels):
        found = _of_execution(parcel, report, has_payloads)
        yield from (one for one in found if has_lines or one.kind != "log")
    for parcel in parcels:
        if has_lines:
            yield from (_of_line(parcel, line) for line in parcel.contents.lines)
        if settings.get("metrics", True):
            yield from (_of_point(parcel, point) for point in parcel.contents.metrics)


def key_of(parcel: Parcel, report: ExecutionReport) -> UUID:
    """The id of an execution, here and at every receiver."""
    return execution_id(parcel.team_id, report.id, report.attempt or 1)


def _of_execution(parcel: Parcel, report: ExecutionReport, has_payloads: bool) -> Iterator[Document]:
    key = key_of(parcel, report)
    at = report.started_at or report.finished_at or parcel.received_at
    about = {"execution_id": str(key), **_told(report, ("workflow", "environment"))}
    body: dict[str, Any] = {**about, "id": report.id, **_told(report, _PLAIN), **_shared(report, has_payloads)}
    if report.finished_at is not None:
        body["finished_at"] = report.finished_at
    if report.tags:
        body["tags"] = report.tags
    yield Document(str(key), "execution", at, body)
    for step in report.steps or ():
        yield _of_step(parcel, report, step, about, has_payloads)
    for line in report.logs or ():
        yield _of_log(parcel, line, about)


def _of_step(
    parcel: Parcel, report: ExecutionReport, step: StepReport, about: dict[str, Any], has_payloads: bool
) -> Document:
    at = step.started_at or step.ended_at or report.started_at or parcel.received_at
    body = {**about, "step_id": step.id, **_told(step, _STEP), **_shared(step, has_payloads)}
    if step.parent_id is not None:
        body["parent_step_id"] = step.parent_id
    if step.ended_at is not None:
        body["finished_at"] = step.ended_at
    return Document(f"{about['execution_id']}:{step.id}", "step", at, body)


def _of_log(parcel: Parcel, line: LogReport, about: dict[str, Any]) -> Document:
    body = {**about, "message": line.message, **_told(line, ("level", "step_id", "position"))}
    return Document(_digest(body, line.at), "log", line.at or parcel.received_at, body)


def _of_line(parcel: Parcel, line: LooseLine) -> Document:
    body: dict[str, Any] = {"message": line.message, **_told(line, ("level", "labels", "position"))}
    return Document(_digest(body, line.at or parcel.item_id), "line", line.at or parcel.received_at, body)


def _of_point(parcel: Parcel, point: MetricPoint) -> Document:
    body = {"name": point.name, "value": point.value, **_told(point, ("unit", "count", "labels"))}
    if point.kind is not None:
        body["metric_kind"] = point.kind
    return Document(_digest(body, point.at), "metric", point.at, body)


def _digest(*parts: object) -> str:
    return hashlib.blake2b(_sorted(parts), digest_size=16).hexdigest()


def _told(record: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(record, name)) is not None}


def _shared(record: ExecutionReport | StepReport, has_payloads: bool) -> dict[str, Any]:
    """What executions and steps have in common."""
    found: dict[str, Any] = {}
    if record.status is not None:
        found["status"] = record.status.word
    if record.started_at is not None:
        found["started_at"] = record.started_at
    if record.tokens is not None:
        found["tokens"] = _told(record.tokens, _TOKENS)
    if record.cost_usd is not None:
        found["cost_usd"] = float(record.cost_usd)
    if isinstance(record.error, Failure):
        found["error"] = _told(record.error, ("type", "message"))
    if has_payloads:
        found.update(_told(record, ("input", "output", "attributes")))
    return found
