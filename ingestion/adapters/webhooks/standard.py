"""Standard Webhooks: an envelope of type, timestamp and data. The data has the shape of the REST way in.

An event without a status gets the one that its type ends with, where that is one: `workflow.run.failed`.
"""

from typing import Any

from ingestion.adapters.refusals import Refused
from ingestion.adapters.webhooks.told import About, Item, an_object
from monitoring.statuses import Status, parse_status

_STATUS_NAMES = frozenset({"status", "state", "outcome"})


def _told_by_type(name: Any) -> str | None:
    word = name.replace(":", ".").rpartition(".")[2] if isinstance(name, str) else ""
    return word if word and parse_status(word) is not Status.UNKNOWN else None


def read(event: Any, about: About) -> list[Item]:
    """One event; its data is one execution or a list of them. Raises `Refused`."""
    told = an_object(event)
    data = told.get("data")
    status = _told_by_type(told.get("type"))
    return [_item(one, status, about) for one in (data if isinstance(data, list) else [data])]


def _item(data: Any, status: str | None, about: About) -> Item:
    """One execution; a bad one of a list is refused alone."""
    try:
        execution = an_object(data, "data")
    except Refused as refused:
        return refused
    filled = {"workflow": about.workflow} if about.workflow and not _names_workflow(execution) else {}
    if status and _STATUS_NAMES.isdisjoint(execution):
        filled["status"] = status
    return {**filled, **execution}


def _names_workflow(execution: dict[str, Any]) -> bool:
    return not {"workflow", "workflow_name", "name"}.isdisjoint(execution)
