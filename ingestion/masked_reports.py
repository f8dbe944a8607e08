"""Masking of whole records: which of their fields are texts, values and ids. Pure.

Names and texts are masked as texts. Ids stay different from each other and the same each time, because what is masked
in them is hashed. Where a field stands for rules of paths: `input`, `output`, `attributes`, `tags`, `session`, `user`,
`error.type`, `error.message`, `error.detail`, `feedback.<key>`, `log` and `labels`; a step's fields are called like an
execution's.
"""

from typing import Any

import msgspec

from ingestion.records import Decoded, ExecutionReport, Failure, LooseLine, MetricPoint, Rejection, StepReport
from ingestion.redaction import Redactor
from ingestion.rules import Becomes

_IDS = ("id", "retry_of", "parent_execution")
_TEXTS = ("workflow", "workflow_type", "release", "commit", "environment", "trigger", "schedule", "input_type")
_MORE_TEXTS = ("told_status", "url")
_VALUES = ("input", "output", "attributes", "tags", "session", "user")
_STEP_IDS = ("id", "parent_id")
_STEP_TEXTS = ("node", "kind", "told_status", "provider", "model", "tool", "external_system", "tier", "region")
_STEP_VALUES = ("input", "output", "attributes", "usage")


def mask_report(redactor: Redactor, report: ExecutionReport) -> None:
    """Masks a report in place."""
    if not redactor.may_touch(report):
        return
    _mask(redactor, report, _IDS, (*_TEXTS, *_MORE_TEXTS), _VALUES)
    report.error = _failure(redactor, report.error)
    for step in report.steps or ():
        if not redactor.may_touch(step):
            continue
        _mask(redactor, step, _STEP_IDS, _STEP_TEXTS, _STEP_VALUES)
        step.error = _failure(redactor, step.error)
    for line in report.logs or ():
        line.message = field(redactor, "log", line.message) or ""
        line.step_id = line.step_id and redactor.identity(line.step_id)
    if report.feedback:
        report.feedback = [
            msgspec.structs.replace(
                one, key=redactor.text(one.key), comment=field(redactor, f"feedback.{one.key}", one.comment)
            )
            for one in report.feedback
        ]


def mask_rest(redactor: Redactor, decoded: Decoded) -> None:
    """Masks what a request brought beside executions, in place: lines, metrics, reasons, names of attributes."""
    for _, line in decoded.lines:
        _line(redactor, line)
    for _, point in decoded.metrics:
        _point(redactor, point)
    decoded.rejected = [mask_rejection(redactor, one) for one in decoded.rejected]
    decoded.unknown = {redactor.text(name): kind for name, kind in decoded.unknown.items()}
    decoded.sampled = [msgspec.structs.replace(one, workflow=redactor.text(one.workflow)) for one in decoded.sampled]


def mask_rejection(redactor: Redactor, one: Rejection) -> Rejection:
    """The reason without what the item that it quotes should not show."""
    return Rejection(
        index=one.index,
        field=redactor.text(one.field),
        reason=redactor.text(one.reason),
        sample=None if one.sample is None else redactor.text(one.sample),
    )


def field(redactor: Redactor, path: str, text: str | None) -> str | None:
    """A text that has a path of its own; None where a rule removes it."""
    return None if text is None else _value(redactor, path, text)


def _mask(redactor: Redactor, record: ExecutionReport | StepReport, ids: Any, texts: Any, values: Any) -> None:
    for name in ids:
        if told := getattr(record, name):
            setattr(record, name, redactor.identity(told))
    for name in texts:
        if told := getattr(record, name):
            setattr(record, name, redactor.text(told))
    for name in values:
        if (told := getattr(record, name)) is not None:
            setattr(record, name, _value(redactor, name, told))


def _value(redactor: Redactor, path: str, value: Any) -> Any:
    names = tuple(path.lower().split("."))
    # Names of our own fields are no secrets' names, so only rules of paths count for them.
    if rule := redactor.path_rule(names):
        return None if rule.becomes == Becomes.REMOVED else redactor.blank(rule, value)
    return redactor.value(value, names)


def _failure(redactor: Redactor, error: Failure | None) -> Failure | None:
    if error is None:
        return None
    return Failure(
        type=field(redactor, "error.type", error.type),
        message=field(redactor, "error.message", error.message),
        detail=None if error.detail is None else _value(redactor, "error.detail", error.detail),
    )


def _line(redactor: Redactor, line: LooseLine) -> None:
    line.message = field(redactor, "log", line.message) or ""
    if line.labels:
        line.labels = _value(redactor, "labels", line.labels)


def _point(redactor: Redactor, point: MetricPoint) -> None:
    point.name = redactor.text(point.name)
    if point.labels:
        point.labels = _value(redactor, "labels", point.labels)
