"""Dify: the events of a workflow run, as its API streams them and an app or an HTTP node posts them on.

Each event is a part of an execution, so they may come singly, together, repeated and in any order. A node's price
counts only when it is told in US dollars; 0 for a call that used tokens means that Dify knows no price.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from ingestion.adapters import wire
from ingestion.adapters.refusals import Refused
from ingestion.adapters.webhooks.told import (
    About,
    Item,
    an_object,
    attributes_of,
    id_of,
    object_in,
    only_told,
    text_of,
)

_KINDS = {
    "knowledge-retrieval": "retriever",
    "http-request": "http",
    "question-classifier": "llm",
    "parameter-extractor": "llm",
}
_NODE_EVENTS = ("node_started", "node_finished", "node_retry")
_RUN_EVENTS = ("workflow_started", "workflow_finished", "workflow_paused")
_RUN_KEPT = ("workflow_id", "sequence_number", "total_tokens", "total_steps", "exceptions_count")
_NODE_KEPT = ("node_id", "predecessor_node_id", "iteration_id", "loop_id", "parallel_id", "retry_index")


def _milliseconds(seconds: Any) -> float | None:
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return seconds * 1000 if is_number and seconds >= 0 else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _price(told: dict[str, Any], tokens: Any) -> Decimal | None:
    """A price in US dollars, or None when it is not told, in another currency, or 0 for tokens that were used."""
    try:
        price = Decimal(str(told.get("total_price")))
    except InvalidOperation:
        return None
    if not price.is_finite() or told.get("currency") != "USD" or price < 0:
        return None
    return None if price == 0 and tokens else price


def _usage(data: dict[str, Any]) -> dict[str, Any]:
    """Tokens and cost of a node. The total alone does not say which were input: it stays an attribute."""
    metadata = object_in(data, "execution_metadata")
    usage = object_in(object_in(data, "outputs"), "usage") or object_in(object_in(data, "process_data"), "usage")
    tokens = {"input": _count(usage.get("prompt_tokens")), "output": _count(usage.get("completion_tokens"))}
    price = _price(metadata, metadata.get("total_tokens"))
    if price is None:
        price = _price(usage, usage.get("total_tokens"))
    return {"tokens": only_told(tokens) or None, "cost_usd": price, "usage": usage or None}


def _node_status(event: str, data: dict[str, Any]) -> str | None:
    if event == "node_started":
        return "running"
    return "failed" if event == "node_retry" or data.get("status") == "exception" else text_of(data.get("status"), 100)


def _attempt(event: str, data: dict[str, Any]) -> int | None:
    return max(1, _count(data.get("retry_index")) or 1) if event == "node_retry" else None


def _step(event: str, data: dict[str, Any], run: str) -> dict[str, Any]:
    node_id = id_of(data.get("node_id") or data.get("id"), "data.node_id")
    own = text_of(data.get("id"), wire.MAX_ID)
    # Some versions tell the run's id here: then node and place are the step's.
    own = own if own and own != run else f"{node_id}:{data.get('index')}"
    process, kind, attempt = object_in(data, "process_data"), text_of(data.get("node_type")), _attempt(event, data)
    done = event != "node_started"
    metadata = attributes_of(object_in(data, "execution_metadata"), "total_tokens", "total_price", "currency")
    return only_told(
        {
            "id": f"{own}:try{attempt}" if attempt else own,
            "attempt": attempt,
            "node": text_of(data.get("title")) or node_id,
            "kind": _KINDS.get(kind or "", kind),
            "position": _count(data.get("index")),
            "status": _node_status(event, data),
            "started_at": data.get("created_at"),
            "finished_at": data.get("finished_at") if done else None,
            "duration_ms": _milliseconds(data.get("elapsed_time")) if done else None,
            "provider": text_of(process.get("model_provider")),
            "model": text_of(process.get("model_name")),
            "error": text_of(data.get("error"), wire.MAX_ERROR),
            "input": data.get("inputs"),
            "output": data.get("outputs"),
            "attributes": {**(attributes_of(data, *_NODE_KEPT) or {}), **(metadata or {})} or None,
            **_usage(data),
        }
    )


def _run(event: str, data: dict[str, Any], about: About) -> dict[str, Any]:
    done = event == "workflow_finished"
    workflow_id = text_of(data.get("workflow_id"))
    words = {"workflow_started": "running", "workflow_paused": "paused"}
    return {
        "workflow": about.workflow or (f"Dify {workflow_id}" if workflow_id else None),
        "status": text_of(data.get("status"), 100) if done else words[event],
        "started_at": data.get("created_at"),
        "finished_at": data.get("finished_at") if done else None,
        "duration_ms": _milliseconds(data.get("elapsed_time")) if done else None,
        "error": text_of(data.get("error"), wire.MAX_ERROR),
        "input": data.get("inputs"),
        "output": data.get("outputs"),
        "user": text_of(object_in(data, "created_by").get("user") or object_in(data, "created_by").get("id")),
        "attributes": attributes_of(data, *_RUN_KEPT),
    }


def read(event: Any, about: About) -> list[Item]:
    """One event. Those that only stream text or sound say nothing. Raises `Refused`."""
    told = an_object(event)
    name = told.get("event")
    if name is None:
        raise Refused("event", "is missing")
    if name not in _NODE_EVENTS + _RUN_EVENTS:
        return []
    data = an_object(told.get("data"), "data")
    run = id_of(told.get("workflow_run_id") or (data.get("id") if name in _RUN_EVENTS else None), "workflow_run_id")
    execution: dict[str, Any] = {
        "id": f"dify-{run}",
        "workflow_type": "dify",
        "session": text_of(told.get("conversation_id"), wire.MAX_ID),
    }
    if name in _NODE_EVENTS:
        # The workflow's name is the source's, where it has one; only run events tell the id that stands for it.
        execution |= {"workflow": about.workflow, "steps": [_step(name, data, run)]}
    else:
        execution |= _run(name, data, about)
    return [only_told(execution)]
