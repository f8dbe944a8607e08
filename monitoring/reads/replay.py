"""One execution with everything that is known about it: the Replay page, its raw JSON and the reading API."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from accounts.statements import find_row, run_planned, run_prepared
from monitoring.models import Workflow
from monitoring.reads.figures import Tokens
from monitoring.reads.labels import label_values
from monitoring.reads.replay_records import ExecutionRecord, LogRecord, Related, Replay, StepRecord
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
    *("is_unmet", "unmet_criteria"),
)
_EXECUTION_LABELS = ("release_id", "environment_id", "trigger_id", "input_type_id", "error_id", "failed_node_id")
_EXECUTION_FIELDS = tuple(sorted({*_COPIED, *_EXECUTION_LABELS, *_TOKENS, "status", "retention_class", "anchor_day"}))


# Plain SQL where rows are many or the query is on every page: the ORM takes longer to write it than to run it.
_PLACE = """WHERE team_id = %(team)s AND execution_id = %(execution)s
    AND retention_class = %(class)s AND anchor_day = %(day)s"""
_EXECUTION = f"SELECT {', '.join(_EXECUTION_FIELDS)} FROM execution WHERE team_id = %s AND id = %s"
_STEPS = f"SELECT {', '.join(_STEP_FIELDS)} FROM step {_PLACE}"
_PAYLOADS = f"SELECT body FROM payload {_PLACE} ORDER BY digest"
_LOGS = f"""SELECT id, step_id, logged_at, position, level, message FROM log_line {_PLACE}
    ORDER BY logged_at, position, id LIMIT {MAX_LOGS + 1}"""


def load(team_id: uuid.UUID, execution_id: uuid.UUID, *, payloads: bool = True) -> Replay | None:
    """The execution with its steps in order, or None when the team has none with this id.

    The number of queries does not depend on the number of steps. Without `payloads` neither inputs, outputs,
    attributes, tags and feedback nor logs are read: for readers whose role does not show them.
    """
    found = run_prepared(_EXECUTION, [team_id, execution_id])
    if not found:
        return None
    row = dict(zip(_EXECUTION_FIELDS, found[0], strict=True))
    place = {"team": team_id, "execution": row["id"], "class": row["retention_class"], "day": row["anchor_day"]}
    steps = [dict(zip(_STEP_FIELDS, values, strict=True)) for values in run_planned(_STEPS, place)]
    bodies = [body for (body,) in run_planned(_PAYLOADS, place)] if payloads else []
    # One line more than is shown says that there are more.
    lines = [LogRecord(*values) for values in run_planned(_LOGS, place)] if payloads else []
    merged = merge_chunks(bodies)
    names, workflow = _names(team_id, row, steps), _workflow(team_id, row["workflow_id"])
    return Replay(
        execution=_execution_record(row, workflow, names),
        workflow=workflow,
        steps=_step_records(steps, names, merged),
        logs=lines[:MAX_LOGS],
        payload=merged.execution,
        has_payloads=payloads,
        is_expired=not steps and not bodies and not lines and _is_dropped(row),
        more_logs=len(lines) > MAX_LOGS,
    )


_RELATED_FIELDS = (
    *("id", "external_id", "attempt", "origin_id", "parent_execution_id", "status", "counted_at", "started_at"),
    *("duration_ms", "workflow_id"),
)
_RELATED = f"""SELECT {", ".join(_RELATED_FIELDS)} FROM execution WHERE team_id = %(team)s AND (
    id = %(origin)s OR (origin_id = %(origin)s AND origin_id <> id) OR parent_execution_id = %(own)s OR id = %(parent)s)
    ORDER BY counted_at, attempt, id LIMIT {MAX_RELATED}"""


def related(team_id: uuid.UUID, execution: ExecutionRecord) -> Sequence[Related]:
    """Executions that belong to this one: its attempts (itself too), its parent and its children, oldest first."""
    params = {
        "team": team_id,
        "origin": execution.origin_id,
        "own": execution.id,
        "parent": execution.parent_execution_id,
    }
    found = (dict(zip(_RELATED_FIELDS, values, strict=True)) for values in run_prepared(_RELATED, params))
    return [Related(**{**row, "status": Status(row["status"])}) for row in found]


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
    params = {
        "team": team_id,
        "workflow": execution.workflow_id,
        "environment": execution.environment_id,
        "at": execution.counted_at,
        "id": execution.id,
    }
    found: dict[int, uuid.UUID] = dict(run_prepared(_NEIGHBOURS, params))
    return found.get(0), found.get(1)


def _is_dropped(row: dict[str, Any]) -> bool:
    """Whether the partition that held the records of this execution is gone: the retention rule dropped it."""
    name = f"public.step_{'d' if row['retention_class'] else 'p'}_{row['anchor_day']:%Y%m%d}"
    return run_prepared("SELECT to_regclass(%(name)s) IS NULL", {"name": name}) == [(True,)]


def _workflow(team_id: uuid.UUID, workflow_id: uuid.UUID | None) -> Workflow | None:
    return find_row(Workflow, "team_id = %s AND id = %s", [team_id, workflow_id]) if workflow_id else None


def _names(team_id: uuid.UUID, row: dict[str, Any], steps: Iterable[dict[str, Any]]) -> dict[int, str]:
    """The words of all label ids of the execution and its steps, in one query."""
    ids = {row[name] for name in _EXECUTION_LABELS}
    ids.update(step[name] for step in steps for name in _STEP_LABELS)
    return label_values(team_id, ids)


def _execution_record(row: dict[str, Any], workflow: Workflow | None, names: dict[int, str]) -> ExecutionRecord:
    ids = {name.removesuffix("_id"): row[name] for name in _EXECUTION_LABELS}
    labels: dict[str, Any] = {name: names.get(number) for name, number in ids.items()}
    labels["error_kind"] = labels.pop("error")
    copied = {name: row[name] for name in _COPIED}
    return ExecutionRecord(
        **copied,
        **labels,
        status=Status(row["status"]),
        tokens=Tokens(*(row[name] for name in _TOKENS)),
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
    ordered: list[StepRecord] = []
    for _, at_once in groupby(placed, key=lambda pair: pair[0][0]):
        ordered += _parents_first([step for _, step in at_once])
    return [replace(step, number=number) for number, step in enumerate(ordered, start=1)]


def _parents_first(steps: Sequence[StepRecord]) -> list[StepRecord]:
    """Steps that began at the same time; some clocks tell whole milliseconds. What the sender numbered stays put."""
    inside = {step.id: step for step in steps if step.position is None}
    placed: set[int] = set()
    found: list[StepRecord] = []
    for step in steps:
        above: StepRecord | None = step
        chain = []
        while above is not None and above.id not in placed:
            placed.add(above.id)
            chain.append(above)
            above = inside.get(above.parent_id) if above.position is None and above.parent_id is not None else None
        found += reversed(chain)
    return found


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
