"""A replay as one JSON document: what `raw.json` and the reading API give out. Field names are those of the API."""

from typing import Any

from monitoring.reads.figures import Tokens
from monitoring.reads.replay_records import ExecutionRecord, LogRecord, Replay, StepRecord

# Copied as they are; None says "not told".
_EXECUTION = (
    *("id", "external_id", "attempt", "origin_id", "parent_execution_id", "workflow", "release", "environment"),
    *(
        "trigger",
        "input_type",
        "started_at",
        "finished_at",
        "placed_at",
        "received_at",
        "counted_at",
        "duration_ms",
        "error",
    ),
    *("failed_node", "failure_group_id", "url", "cost_usd", "unpriced_tokens", "api_call_count", "peak_memory_bytes"),
    *("memory_limit_bytes", "storage_bytes", "storage_limit_bytes", "step_count", "failed_step_count", "retry_count"),
    *("is_imported", "is_unmet", "told_cost_usd", "needs_review"),
)
_STEP = (
    *("node", "kind", "attempt", "position", "started_at", "duration_ms", "error", "error_type"),
    *("error_detail", "provider", "model", "tool", "cost_usd", "told_cost_usd", "computed_cost_usd", "price_id"),
    *("is_covered", "told_status"),
)
_CARRIED = ("input", "output", "tags", "feedback", "attributes", "session", "user", "told_status")


def document(replay: Replay) -> dict[str, Any]:
    """The whole replay. Values are plain but for UUID, datetime, Decimal: `DjangoJSONEncoder` writes those."""
    execution = replay.execution
    ids = {step.id: step.external_id or str(step.id) for step in replay.steps}
    return {
        **execution_fields(execution),
        "error_detail": replay.payload.get("error"),
        **{key: replay.payload.get(key) for key in _CARRIED},
        "payloads_shown": replay.has_payloads,
        "deleted_by_retention": replay.is_expired,
        "steps": [step_fields(step, ids) for step in replay.steps],
        "logs": [log_fields(line, ids) for line in replay.logs],
        "logs_cut": replay.more_logs,
    }


def execution_fields(execution: ExecutionRecord) -> dict[str, Any]:
    """The execution without what it carried."""
    return {
        **{name: getattr(execution, name) for name in _EXECUTION},
        "status": execution.status.word,
        "clock": ("told", "shifted", "placed")[execution.clock],
        "tokens": token_fields(execution.tokens),
    }


def step_fields(step: StepRecord, ids: dict[int, str]) -> dict[str, Any]:
    """One step; `ids` gives the sender's ids by ours. `parent_id` is as the sender told it."""
    parent = ids.get(step.parent_id) if step.parent_id is not None else None
    return {
        "id": ids[step.id],
        "parent_id": step.parent_external_id or parent,
        "number": step.number,
        "status": step.status.word if step.status is not None else None,
        **{name: getattr(step, name) for name in _STEP},
        # The word of the wire; in the records it is `ended_at`.
        "finished_at": step.ended_at,
        "external_system": step.system,
        "tokens": token_fields(step.tokens),
        "usage_detail": dict(step.usage_detail) or None,
        **{name: step.payload.get(name) for name in ("input", "output", "attributes", "usage")},
    }


def log_fields(line: LogRecord, ids: dict[int, str]) -> dict[str, Any]:
    """One line of the log."""
    return {
        "at": line.logged_at,
        "level": line.level,
        "message": line.message,
        "step_id": ids.get(line.step_id) if line.step_id is not None else None,
        "position": line.position,
    }


def token_fields(tokens: Tokens) -> dict[str, int | None]:
    """Token counts by bucket."""
    return {
        "input": tokens.input,
        "cache_read": tokens.cache_read,
        "cache_write": tokens.cache_write,
        "output": tokens.output,
        "reasoning": tokens.reasoning,
    }
