"""n8n: what an error workflow gets from its Error Trigger and posts on. It tells failures only.

Executions have the ids of n8n itself, as in a saved list of executions (`ingestion.history.n8n`). There is no clock in
the event; the error often has one, and the receipt is at most moments later. A failure of a trigger has no execution:
it gets an id of its own from workflow and time.
"""

import hashlib
from typing import Any

import msgspec

from ingestion.adapters import wire
from ingestion.adapters.webhooks.told import About, Item, an_object, id_of, object_in, only_told, text_of, url_of


def _error(told: Any) -> dict[str, Any] | None:
    if isinstance(told, str):
        return {"message": told[: wire.MAX_ERROR]} if told else None
    if not isinstance(told, dict):
        return None
    kept = {
        "type": text_of(told.get("name")),
        "message": text_of(told.get("message"), wire.MAX_ERROR) or text_of(told.get("description"), wire.MAX_ERROR),
        "description": text_of(told.get("description"), wire.MAX_ERROR),
        "stack": text_of(told.get("stack"), wire.MAX_ERROR),
        "http_code": text_of(told.get("httpCode")),
    }
    return only_told(kept) or None


def _failed_at(error: Any, about: About) -> Any:
    """When it failed: the error's own time in milliseconds, else the receipt."""
    at = error.get("timestamp") if isinstance(error, dict) else None
    return at if isinstance(at, int | float) and not isinstance(at, bool) and at > 0 else about.received_at


def _node_of(error: Any) -> str | None:
    return text_of(object_in(error, "node").get("name")) if isinstance(error, dict) else None


def _shared(told: dict[str, Any], failure: dict[str, Any], about: About) -> dict[str, Any]:
    """What both kinds of failures tell; the node that failed becomes a step."""
    workflow, error = object_in(told, "workflow"), failure.get("error")
    node = text_of(failure.get("lastNodeExecuted")) or _node_of(error)
    failed_at, cause = _failed_at(error, about), _error(error)
    step = {"id": node, "node": node, "status": "failed", "finished_at": failed_at, "error": cause}
    name = text_of(workflow.get("name")) or (f"n8n {workflow['id']}" if workflow.get("id") else about.workflow)
    return {
        "workflow": name,
        "workflow_type": "n8n",
        "status": "failed",
        "finished_at": failed_at,
        "trigger": text_of(failure.get("mode")),
        "error": cause,
        "steps": [only_told(step)] if node else None,
        "attributes": only_told({"workflow_id": text_of(workflow.get("id"))}) or None,
    }


def _trigger_id(told: dict[str, Any], trigger: dict[str, Any]) -> str:
    error = object_in(trigger, "error")
    about = [object_in(told, "workflow").get("id"), error.get("timestamp"), error.get("message"), trigger.get("mode")]
    return f"n8n-trigger-{hashlib.sha256(msgspec.json.encode(about)).hexdigest()[:24]}"


def _translate(told: dict[str, Any], about: About) -> dict[str, Any]:
    execution, trigger = object_in(told, "execution"), object_in(told, "trigger")
    if not execution and trigger:
        return {"id": _trigger_id(told, trigger), **_shared(told, trigger, about)}
    retry_of = text_of(execution.get("retryOf"), wire.MAX_ID)
    if execution.get("id") in (None, ""):
        # n8n tells no id when it does not save executions that failed.
        own = f"n8n-unsaved-{hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:24]}"
    else:
        own = f"n8n-{id_of(execution['id'], 'execution.id')}"
    return {
        "id": own,
        # Which try it was is not told: the second at least.
        "attempt": 2 if retry_of else None,
        "retry_of": f"n8n-{retry_of}" if retry_of else None,
        "url": url_of(execution.get("url")),
        **_shared(told, execution, about),
    }


def read(event: Any, about: About) -> list[Item]:
    """One failure. Raises `Refused`."""
    told = an_object(event)
    # A node may hand on whole items: the data is then under `json`; a webhook node puts it under `body`.
    for wrapper in ("json", "body"):
        told = object_in(told, wrapper) or told
    if not object_in(told, "execution") and not object_in(told, "trigger"):
        return []
    return [only_told(_translate(told, about))]
