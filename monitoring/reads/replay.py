"""One execution with everything that is known about it: the Replay page, its raw JSON and the reading API."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from monitoring.models import Execution, Label, LogLine, Payload, Step, Workflow
from monitoring.reads.replay_records import ExecutionRecord, LogRecord, Related, Replay, StepRecord, Tokens
from monitoring.statuses import Status
from monitoring.store.payloads import ExecutionPayload, merge_chunks

MAX_LOGS = 10_000
MAX_RELATED = 200

_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
_STEP_LABELS = ("node_id", "kind_id", "provider_id", "model_id", "tool_id", "system_id")
_STEP_FIELDS = (
    *("id", "parent_id", "position", "attempt", "status", "started_at", "ended_at", "duration_ms", "error", "cost_usd"),
    *_STEP_LABELS,
    *_TOKENS,
)
_COPIED = (
    *("id", "external_id", "attempt", "origin_id", "parent_execution_id", "workflow_id", "failure_group_id"),
    *("started_at", "finished_at", "placed_at", "received_at", "counted_at", "clock", "duration_ms", "error", "url"),
    *("cost_usd", "unpriced_tokens", "api_call_count", "peak_memory_bytes", "memory_limit_bytes", "storage_bytes"),
    *("storage_limit_bytes", "step_count", "failed_step_count", "retry_count", "is_imported", "environment_id"),
)
_EXECUTION_LABELS = ("release_id", "environment_id", "trigger_id", "input_type_id", "error_id", "failed_node_id")


def load(team_id: uuid.UUID, execution_id: uuid.UUID, *, payloads: bool = True) -> Replay | None:
    """The execution with its steps in order, or None when the team has none with this id.

    The number of queries does not depend on the number of steps. Without `payloads` neither inputs, outputs,
    attributes, tags and feedback nor logs are read: for readers whose role does not show them.
    """
    row = Execution.objects.filter(team_id=team_id, id=execution_id).first()
    if row is None:
        return None
    place = {
        "team_id": team_id,
        "execution_id": row.id,
        "retention_class": row.retention_class,
        "anchor_day": row.anchor_day,
    }
    steps = list(Step.objects.filter(**place).order_by("id").values(*_STEP_FIELDS))
    bodies = list(Payload.objects.filter(**place).order_by("digest").values_list("body", flat=True)) if payloads else []
    merged = merge_chunks(bytes(body) for body in bodies)
    lines = _read_logs(place) if payloads else []
    names = _names(team_id, row, steps)
    is_expired = not steps and not bodies and not lines and _is_dropped(row)
    return Replay(
        execution=_execution_record(row, _workflow(team_id, row.workflow_id), names),
        steps=_step_records(steps, names, merged),
        logs=lines[:MAX_LOGS],
        payload=merged.execution,
        has_payloads=payloads,
        is_expired=is_expired,
        more_logs=len(lines) > MAX_LOGS,
    )


def related(team_id: uuid.UUID, execution: ExecutionRecord) -> Sequence[Related]:
    """Executions that belong to this one: its attempts (itself too), its parent and its children, oldest first."""
    wanted = (
        Q(id=execution.origin_id)
        | (Q(origin_id=execution.origin_id) & ~Q(id=execution.origin_id))
        | Q(parent_execution_id=execution.id)
    )
    if execution.parent_execution_id:
        wanted |= Q(id=execution.parent_execution_id)
    rows = Execution.objects.filter(wanted, team_id=team_id).order_by("counted_at", "attempt", "id")
    fields = ("id", "external_id", "attempt", "origin_id", "parent_execution_id", "status", "counted_at", "started_at")
    found = []
    for row in rows.values(*fields, "duration_ms", "workflow_id")[:MAX_RELATED]:
        row["status"] = Status(row["status"])
        found.append(Related(**row))
    return found


_NEIGHBOURS = """
(SELECT 0, id FROM execution WHERE team_id = %(team)s AND workflow_id = %(workflow)s
    AND environment_id = %(environment)s AND status IN (7, 8) AND (counted_at, id) < (%(at)s, %(id)s)
    ORDER BY counted_at DESC, id DESC LIMIT 1)
UNION ALL
(SELECT 1, id FROM execution WHERE team_id = %(team)s AND workflow_id = %(workflow)s
    AND environment_id = %(environment)s AND status IN (7, 8) AND (counted_at, id) > (%(at)s, %(id)s)
    ORDER BY counted_at, id LIMIT 1)
"""


def neighbours(team_id: uuid.UUID, execution: ExecutionRecord) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """The failed executions of the same workflow and environment just before and just after this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            _NEIGHBOURS,
            {
                "team": team_id,
                "workflow": execution.workflow_id,
                "environment": execution.environment_id,
                "at": execution.counted_at,
                "id": execution.id,
            },
        )
        found = dict(cursor.fetchall())
    return found.get(0), found.get(1)


def _is_dropped(row: Execution) -> bool:
    """Whether the partition that held the records of this execution is gone: the retention rule dropped it."""
    name = f"public.step_{'d' if row.retention_class else 'p'}_{row.anchor_day:%Y%m%d}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NULL", [name])
        found = cursor.fetchone()
    return bool(found and found[0])


def _workflow(team_id: uuid.UUID, workflow_id: uuid.UUID | None) -> Workflow | None:
    return Workflow.objects.filter(team_id=team_id, id=workflow_id).first() if workflow_id else None


def _read_logs(place: dict[str, Any]) -> list[LogRecord]:
    """The log in order; one line more than is shown says that there are more."""
    rows = LogLine.objects.filter(**place).order_by("logged_at", "position", "id")
    fields = ("id", "step_id", "logged_at", "position", "level", "message")
    return [LogRecord(*row) for row in rows.values_list(*fields)[: MAX_LOGS + 1]]


def _names(team_id: uuid.UUID, row: Execution, steps: Iterable[dict[str, Any]]) -> dict[int, str]:
    """The words of all label ids of the execution and its steps, in one query."""
    ids = {getattr(row, name) for name in _EXECUTION_LABELS}
    ids.update(step[name] for step in steps for name in _STEP_LABELS)
    return dict(Label.objects.filter(team_id=team_id, id__in=ids - {None}).values_list("id", "value"))


def _execution_record(row: Execution, workflow: Workflow | None, names: dict[int, str]) -> ExecutionRecord:
    ids = {name.removesuffix("_id"): getattr(row, name) for name in _EXECUTION_LABELS}
    labels: dict[str, Any] = {name: names.get(number) for name, number in ids.items()}
    labels["error_kind"] = labels.pop("error")
    copied = {name: getattr(row, name) for name in _COPIED}
    return ExecutionRecord(
        **copied,
        **labels,
        status=Status(row.status),
        tokens=Tokens(*(getattr(row, name) for name in _TOKENS)),
        workflow=workflow.name if workflow else None,
        workflow_slug=workflow.slug if workflow else None,
        is_sample=bool(workflow and workflow.is_sample),
    )


def _step_records(rows: Iterable[dict[str, Any]], names: dict[int, str], payload: ExecutionPayload) -> list[StepRecord]:
    """The steps in the order in which they ran, as far as it is known."""
    records = [_step_record(row, names, payload.steps.get(row["id"], {})) for row in rows]
    by_position = sorted(records, key=lambda step: (step.position is None, step.position or 0, step.id))
    latest = datetime.min.replace(tzinfo=UTC)
    placed: list[tuple[tuple[datetime, int], StepRecord]] = []
    for index, step in enumerate(by_position):
        # A step without a time of its own stays where its sender put it: behind its neighbour.
        latest = step.started_at or latest
        placed.append(((latest, index), step))
    placed.sort(key=lambda pair: pair[0])
    return [replace(step, number=number) for number, (_, step) in enumerate(placed, start=1)]


def _step_record(row: dict[str, Any], names: dict[int, str], payload: dict[str, Any]) -> StepRecord:
    status = row["status"]
    labels: dict[str, Any] = {name.removesuffix("_id"): names.get(row[name]) for name in _STEP_LABELS}
    error = payload.get("error") or {}
    return StepRecord(
        id=row["id"],
        external_id=payload.get("id"),
        parent_id=row["parent_id"],
        parent_external_id=payload.get("parent"),
        position=row["position"],
        attempt=row["attempt"],
        status=None if status is None else Status(status),
        told_status=payload.get("told_status"),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        duration_ms=row["duration_ms"],
        error=row["error"] or error.get("message"),
        error_type=error.get("type"),
        error_detail=error.get("detail"),
        cost_usd=row["cost_usd"],
        tokens=Tokens(*(row[name] for name in _TOKENS)),
        payload={key: payload[key] for key in ("input", "output", "attributes") if key in payload},
        **labels,
    )
