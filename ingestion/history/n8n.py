"""Executions as n8n's public API lists them: `GET /api/v1/executions`, saved; `includeData=true` adds their nodes."""

from collections.abc import Iterator
from typing import Any

from ingestion.history.n8n_schedule import schedule_of

_TAKEN = frozenset({"id", "status", "mode", "startedAt", "stoppedAt", "retryOf", "data", "workflowData", "finished"})


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _status(item: dict[str, Any]) -> Any:
    """Older versions tell no status, only whether the execution finished (which then means success)."""
    if item.get("status") is not None:
        return item["status"]
    if item.get("finished"):
        return "success"
    return "failed" if item.get("stoppedAt") else "running"


def _error(error: Any) -> Any:
    if not isinstance(error, dict):
        return error
    kept = {"type": error.get("name"), "message": error.get("message"), "description": error.get("description")}
    return {name: value for name, value in kept.items() if value is not None}


def _token_usage(run: dict[str, Any]) -> dict[str, Any]:
    """Token counts that a language model node tells in its own output."""
    try:
        usage = run["data"]["ai_languageModel"][0][0]["json"]["tokenUsage"]
        return {"input": usage["promptTokens"], "output": usage["completionTokens"]}
    except (KeyError, IndexError, TypeError):
        return {}


def _step(node: str, number: int, run: dict[str, Any], kinds: dict[str, str]) -> dict[str, Any]:
    source = run.get("source")
    before = _dict(source[0]) if isinstance(source, list) and source else {}
    previous = before.get("previousNode")
    told = {
        "id": f"{node}:{number}",
        "node": node,
        "kind": kinds.get(node),
        "parent_id": f"{previous}:{before.get('previousNodeRun') or 0}" if previous else None,
        "status": run.get("executionStatus"),
        "started_at": run.get("startTime"),
        "duration_ms": run.get("executionTime"),
        "error": _error(run.get("error")),
        "output": run.get("data"),
        "tokens": _token_usage(run) or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _steps(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The visits of the nodes; a node that ran several times was visited in a loop."""
    nodes = _dict(item.get("workflowData")).get("nodes")
    kinds = {
        str(node.get("name")): str(node.get("type")).rpartition(".")[2]
        for node in (nodes if isinstance(nodes, list) else ())
        if isinstance(node, dict) and node.get("type")
    }
    visits = _dict(_dict(_dict(item.get("data")).get("resultData")).get("runData"))
    for node, runs in visits.items():
        for number, run in enumerate(runs if isinstance(runs, list) else ()):
            yield _step(node, number, _dict(run), kinds)


def translate(item: dict[str, Any]) -> dict[str, Any]:
    """An execution in the words of the REST way in."""
    result = _dict(_dict(item.get("data")).get("resultData"))
    workflow = _dict(item.get("workflowData"))
    retry_of = item.get("retryOf")
    told = {
        "id": f"n8n-{item['id']}" if item.get("id") is not None else None,
        "workflow": workflow.get("name") or (f"n8n {item['workflowId']}" if item.get("workflowId") else None),
        "workflow_type": "n8n",
        "status": _status(item),
        "started_at": item.get("startedAt"),
        "finished_at": item.get("stoppedAt"),
        "trigger": item.get("mode"),
        **schedule_of(workflow),
        # The version that ran: `includeData=true` tells the workflow as it was then.
        "release": workflow.get("versionId"),
        # Which try it was is not told: the second at least.
        "attempt": 2 if retry_of else None,
        "retry_of": f"n8n-{retry_of}" if retry_of else None,
        "error": _error(result.get("error")),
        "steps": list(_steps(item)) or None,
        "attributes": {name: value for name, value in item.items() if name not in _TAKEN and value is not None},
    }
    return {name: value for name, value in told.items() if value is not None}
