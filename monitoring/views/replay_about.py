"""What surrounds the steps of a replay: facts, attempts, parent and children, feedback, tags, the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts import formats
from monitoring import wording
from monitoring.payload_marks import CAPTURE_MARK
from monitoring.reads.replay_records import ExecutionRecord, LogRecord, Related, Replay
from monitoring.statuses import Status
from monitoring.views.replay_costs import execution_costs
from monitoring.views.replay_payloads import PayloadText, payload_text
from monitoring.views.replay_scene import Address

MAX_LINES = 200
_LEVELS = {"error": "fail", "critical": "fail", "fatal": "fail", "warning": "warn", "warn": "warn"}


@dataclass(frozen=True, slots=True)
class RelatedRow:
    """Another execution that belongs to this one, and how."""

    role: str
    name: str
    status: Status
    at: datetime | None
    duration_ms: float | None
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class LogRow:
    """A line of the log with the step that wrote it."""

    line: LogRecord
    tone: str
    step: str
    href: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One feedback on the execution."""

    key: str
    score: str
    comment: str


def related_rows(
    execution: ExecutionRecord, found: Sequence[Related], slug: str, address: Address
) -> Sequence[RelatedRow]:
    """Parent, attempts and children; nothing when the execution stands alone."""
    parent = execution.parent_execution_id
    rows = [
        RelatedRow(
            _role(execution, one),
            one.external_id,
            one.status,
            one.started_at,
            one.duration_ms,
            address.other(slug, one.id),
            one.id == execution.id,
        )
        for one in found
    ]
    ranked = [row for _one, row in sorted(zip(found, rows, strict=True), key=lambda pair: pair[0].id != parent)]
    return [] if all(row.current for row in rows) else ranked


def _role(execution: ExecutionRecord, other: Related) -> str:
    if other.id == execution.parent_execution_id:
        return _("Parent")
    is_attempt = other.origin_id == execution.origin_id
    return _("Attempt {number}").format(number=other.attempt) if is_attempt else _("Child")


def facts(replay: Replay) -> list[tuple[str, str]]:
    """What is known about the execution besides its payload; what was not told is left out."""
    execution, tokens = replay.execution, replay.execution.tokens
    told = [
        (_("Environment"), execution.environment),
        (_("Release"), execution.release),
        (_("Trigger"), execution.trigger),
        (_("Input type"), execution.input_type),
        (_("Session"), replay.payload.get("session")),
        (_("User"), replay.payload.get("user")),
        (_("Tokens in"), _count(tokens.input)),
        (_("Tokens from cache"), _count(tokens.cache_read)),
        (_("Tokens to cache"), _count(tokens.cache_write)),
        (_("Tokens out"), _count(tokens.output)),
        (_("Reasoning tokens, part of those out"), _count(tokens.reasoning)),
        *execution_costs(replay),
        (_("API calls"), _count(execution.api_call_count)),
        (_("Peak memory"), _used(execution.peak_memory_bytes, execution.memory_limit_bytes)),
        (_("Storage"), _used(execution.storage_bytes, execution.storage_limit_bytes)),
        (_("Retried steps"), str(execution.retry_count) if execution.retry_count else None),
        (_("Status as sent"), replay.payload.get("told_status")),
    ]
    return [(name, str(value)) for name, value in told if value]


def _count(value: int | None) -> str | None:
    return None if value is None else wording.count(value)


def _used(used: int | None, limit: int | None) -> str | None:
    if used is None:
        return None
    if not limit:
        return wording.bytes_size(used)
    return _("{used} of {limit}").format(used=wording.bytes_size(used), limit=wording.bytes_size(limit))


def log_rows(replay: Replay, address: Address) -> list[LogRow]:
    """The first lines of the whole log."""
    names = {step.id: step.name for step in replay.steps}
    return [
        LogRow(
            line,
            _LEVELS.get((line.level or "").lower(), ""),
            names.get(line.step_id, "") if line.step_id is not None else "",
            address.href(line.step_id, "step", tab="log") if line.step_id in names else "",
        )
        for line in replay.logs[:MAX_LINES]
    ]


def judgements(payload: Mapping[str, Any]) -> list[Judgement]:
    """The feedback on the execution, by key."""
    told = payload.get("feedback")
    if not isinstance(told, Mapping):
        return []
    return [_judgement(str(key), value) for key, value in told.items()]


def _judgement(key: str, value: Any) -> Judgement:
    inner = value if isinstance(value, Mapping) else {"score": value}
    score = inner.get("score")
    words = formats.number(f"{score:g}") if isinstance(score, int | float) else str(score or "")
    return Judgement(key, words, str(inner.get("comment") or ""))


def carried(replay: Replay, raw: Address) -> dict[str, PayloadText]:
    """Input, output, attributes and error details of the execution itself, as texts, where they were told."""
    found = {name: replay.payload[name] for name in ("input", "output", "attributes") if name in replay.payload}
    error = replay.payload.get("error")
    if isinstance(error, Mapping) and error.get("detail") is not None:
        found["error"] = error["detail"]
    return {name: payload_text(value, raw.href(part=name)) for name, value in found.items()}


def not_captured(replay: Replay) -> str:
    """By which rule of the team the payload was not kept: "metadata: by the rule of …"; empty where it was."""
    told = replay.payload.get("attributes")
    return str(told.get(CAPTURE_MARK) or "") if isinstance(told, Mapping) else ""


def safe_url(url: str | None) -> str:
    """The address of the run in its own tool, when it is one that a browser may be sent to; else nothing."""
    return url if url and url.lower().startswith(("https://", "http://")) else ""
