"""One execution with everything that is known about it: the Replay page, its raw JSON and the reading API."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from accounts.statements import find_row, run_planned, run_prepared
from monitoring.models import Workflow
from monitoring.models.execution import RetentionClass
from monitoring.reads.deleted import deleted_payload
from monitoring.reads.figures import Tokens
from monitoring.reads.labels import label_values
from monitoring.reads.places import in_places
from monitoring.reads.replay_records import NOTHING, ExecutionRecord, LogRecord, Related, Replay, StepRecord
from monitoring.statuses import Status
from monitoring.store.payloads import ExecutionPayload, merge_chunks
from monitoring.store.totals import STEPS_NEED_REVIEW

MAX_LOGS = 10_000
MAX_RELATED = 200

_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
_STEP_LABELS = ("node_id", "kind_id", "provider_id", "model_id", "tool_id", "system_id")
_CARRIED = ("input", "output", "attributes", "usage")
_NO_TOKENS = Tokens()


_STATUSES = {status.value: status for status in Status}


class _Row(NamedTuple):
    """A row of `step`: thousands are read for one page, so they stay what the driver gives."""

    id: int
    parent_id: int | None
    position: int | None
    attempt: int
    status: int | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: float | None
    error: str | None
    cost_usd: Decimal | None
    node_id: int | None
    kind_id: int | None
    provider_id: int | None
    model_id: int | None
    tool_id: int | None
    system_id: int | None
    input_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    told_cost_usd: Decimal | None
    priced_cost_usd: Decimal | None
    price_id: int | None
    usage_detail: Mapping[str, Any] | None
    is_covered: bool
    xmin: int


_FIRST_LABEL = _Row._fields.index(_STEP_LABELS[0])
_COPIED = (
    *("id", "external_id", "attempt", "origin_id", "parent_execution_id", "workflow_id", "failure_group_id"),
    *("started_at", "finished_at", "placed_at", "received_at", "counted_at", "clock", "duration_ms", "error", "url"),
    *("cost_usd", "unpriced_tokens", "api_call_count", "peak_memory_bytes", "memory_limit_bytes", "storage_bytes"),
    *("storage_limit_bytes", "step_count", "failed_step_count", "retry_count", "is_imported", "environment_id"),
    *("is_unmet", "unmet_criteria", "told_cost_usd"),
)
_EXECUTION_LABELS = ("release_id", "environment_id", "trigger_id", "input_type_id", "error_id", "failed_node_id")
_PLACED = ("status", "steps_tell", "retention_class", "anchor_day")
_EXECUTION_FIELDS = tuple(sorted({*_COPIED, *_EXECUTION_LABELS, *_TOKENS, *_PLACED}))


# Plain SQL where rows are many or the query is on every page: the ORM takes longer to write it than to run it.
_PLACE = """WHERE team_id = %(team)s AND execution_id = %(execution)s
    AND retention_class = %(class)s AND anchor_day = %(day)s"""
_EXECUTION = f"SELECT {', '.join(_EXECUTION_FIELDS)} FROM execution WHERE team_id = %s AND id = %s"
# `xmin` is the transaction that wrote a row: their sum changes with every row that does.
_STEPS = f"SELECT {', '.join(_Row._fields[:-1])}, xmin::text::bigint FROM step {_PLACE}"
_PAYLOADS = f"SELECT body FROM payload {_PLACE} ORDER BY digest"
_LOGS = f"""SELECT id, step_id, logged_at, position, level, message FROM log_line
    WHERE team_id = %(team)s AND execution_id = %(execution)s AND {{places}}
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
    steps = [_Row(*values) for values in run_planned(_STEPS, place)]
    bodies = [body for (body,) in run_planned(_PAYLOADS, place)] if payloads else []
    lines = _lines(place) if payloads else []
    merged = merge_chunks(row["id"], bodies)
    is_expired = not steps and not bodies and not lines and _is_dropped(row)
    deleted = deleted_payload(team_id, row["retention_class"], row["anchor_day"]) if payloads and not bodies else None
    names, workflow = _names(team_id, row, steps), _workflow(team_id, row["workflow_id"])
    return Replay(
        execution=_execution_record(row, workflow, names),
        workflow=workflow,
        steps=_step_records(steps, names, merged),
        logs=lines[:MAX_LOGS],
        payload=merged.execution,
        has_payloads=payloads,
        is_expired=is_expired,
        deleted=deleted,
        is_held=row["retention_class"] == RetentionClass.HELD,
        more_logs=len(lines) > MAX_LOGS,
        version=_version(row, steps, bodies),
    )


def _lines(place: Mapping[str, Any]) -> list[LogRecord]:
    """The log lines, one more than are shown where there are more."""
    # DEBUG lines are kept as long as debug executions are, wherever they come from.
    where, values = in_places((kept, place["day"]) for kept in (place["class"], int(RetentionClass.DEBUG)))
    return [LogRecord(*told) for told in run_planned(_LOGS.format(places=where), {**place, **values})]


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


def _version(row: dict[str, Any], steps: Sequence[_Row], bodies: Sequence[bytes]) -> str:
    """A text that is another one when anything was told since: payloads are only added."""
    own = (row[name] for name in ("status", "started_at", "finished_at", "duration_ms"))
    return "|".join(map(str, (*own, len(steps), sum(step.xmin for step in steps), len(bodies))))


def _is_dropped(row: dict[str, Any]) -> bool:
    """Whether the partition that held the records of this execution is gone: the retention rule dropped it."""
    name = f"public.step_{'d' if row['retention_class'] else 'p'}_{row['anchor_day']:%Y%m%d}"
    return run_prepared("SELECT to_regclass(%(name)s) IS NULL", {"name": name}) == [(True,)]


def _workflow(team_id: uuid.UUID, workflow_id: uuid.UUID | None) -> Workflow | None:
    return find_row(Workflow, "team_id = %s AND id = %s", [team_id, workflow_id]) if workflow_id else None


def _names(team_id: uuid.UUID, row: dict[str, Any], steps: Iterable[_Row]) -> dict[int, str]:
    """The words of all label ids of the execution and its steps, in one query."""
    ids = {row[name] for name in _EXECUTION_LABELS}
    for step in steps:
        ids.update(step[_FIRST_LABEL : _FIRST_LABEL + len(_STEP_LABELS)])
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
        needs_review=bool(row["steps_tell"] & STEPS_NEED_REVIEW),
        tokens=Tokens(*(row[name] for name in _TOKENS)),
        workflow=workflow.name if workflow else None,
        workflow_slug=workflow.slug if workflow else None,
        is_sample=bool(workflow and workflow.is_sample),
    )


def _step_records(rows: Sequence[_Row], names: dict[int, str], payload: ExecutionPayload) -> list[StepRecord]:
    """The steps in the order in which they ran, as far as it is known."""
    by_position = sorted(rows, key=lambda row: (row.position is None, row.position or 0, row.id))
    latest = datetime.min.replace(tzinfo=UTC)
    placed: list[tuple[datetime, _Row]] = []
    for row in by_position:
        # A step without a time of its own stays where its sender put it: behind its neighbour.
        latest = row.started_at or latest
        placed.append((latest, row))
    placed.sort(key=itemgetter(0))
    ordered: list[_Row] = []
    for _, at_once in groupby(placed, key=itemgetter(0)):
        ordered += _parents_first([row for _, row in at_once])
    return [_step_record(number, row, names, payload.steps) for number, row in enumerate(ordered, start=1)]


def _parents_first(steps: Sequence[_Row]) -> Sequence[_Row]:
    """Steps that began at the same time; some clocks tell whole milliseconds. What the sender numbered stays put."""
    if len(steps) == 1:
        return steps
    inside = {step.id: step for step in steps if step.position is None}
    placed: set[int] = set()
    found: list[_Row] = []
    for step in steps:
        above: _Row | None = step
        chain = []
        while above is not None and above.id not in placed:
            placed.add(above.id)
            chain.append(above)
            above = inside.get(above.parent_id) if above.position is None and above.parent_id is not None else None
        found += reversed(chain)
    return found


def _step_record(
    number: int, row: _Row, names: Mapping[Any, str], payloads: Mapping[int, Mapping[str, Any]]
) -> StepRecord:
    payload = payloads.get(row.id, NOTHING)
    error = payload.get("error") or NOTHING
    name_of = names.get
    return StepRecord(
        id=row.id,
        number=number,
        external_id=payload.get("id"),
        parent_id=row.parent_id,
        parent_external_id=payload.get("parent"),
        position=row.position,
        attempt=row.attempt,
        node=name_of(row.node_id),
        kind=name_of(row.kind_id),
        status=None if row.status is None else _STATUSES[row.status],
        told_status=payload.get("told_status"),
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration_ms=row.duration_ms,
        error=row.error or error.get("message"),
        error_type=error.get("type"),
        error_detail=error.get("detail"),
        provider=name_of(row.provider_id),
        model=name_of(row.model_id),
        tool=name_of(row.tool_id),
        system=name_of(row.system_id),
        tokens=_tokens(row),
        cost_usd=row.cost_usd,
        # Rows from before prices existed have what was told as the cost that counts.
        told_cost_usd=row.cost_usd if row.told_cost_usd is None and row.priced_cost_usd is None else row.told_cost_usd,
        computed_cost_usd=row.priced_cost_usd,
        price_id=row.price_id,
        usage_detail=row.usage_detail or NOTHING,
        is_covered=row.is_covered,
        payload={key: payload[key] for key in _CARRIED if key in payload},
    )


def _tokens(row: _Row) -> Tokens:
    """The tokens of a step; most have none, and share one value."""
    told = (row.input_tokens, row.cache_read_tokens, row.cache_write_tokens, row.output_tokens, row.reasoning_tokens)
    return _NO_TOKENS if told == (None,) * len(told) else Tokens(*told)
