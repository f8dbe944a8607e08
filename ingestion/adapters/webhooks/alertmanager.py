"""Alertmanager, version 4 of its webhook: alerts of other systems.

An alert that names a workflow in a label is a failed execution of it: from when it began to fire until it was resolved.
Every other alert is a loose line of the source. Fingerprint and start say which alert it is, so notices about the same
one, firing or resolved, repeated or not, are parts of one execution.
"""

from collections.abc import Sequence
from typing import Any

from ingestion.adapters import wire
from ingestion.adapters.refusals import Refused
from ingestion.adapters.webhooks.told import (
    About,
    Item,
    an_object,
    id_of,
    object_in,
    only_told,
    text_of,
    time_of,
    url_of,
)
from ingestion.records import LooseLine

WORKFLOW_LABELS = ("workflow", "workflow_name", "dag_id")
_SUMMARIES = ("summary", "description", "message")


def _labels(alert: dict[str, Any]) -> dict[str, str]:
    """The labels as tags, as many and as long as tags may be."""
    told = list(object_in(alert, "labels").items())[: wire.MAX_TAGS]
    named = ((name[: wire.MAX_NAME], text_of(value, wire.MAX_TAG_LENGTH)) for name, value in told if name)
    return {name: value for name, value in named if value}


def _summary(alert: dict[str, Any]) -> str | None:
    notes = object_in(alert, "annotations")
    return next((text for name in _SUMMARIES if (text := text_of(notes.get(name), wire.MAX_ERROR))), None)


def _times(alert: dict[str, Any], *, is_resolved: bool) -> dict[str, Any]:
    """An alert that still fires tells the year 1, or when it will be forgotten, as its end."""
    return {"started_at": alert.get("startsAt"), "finished_at": alert.get("endsAt") if is_resolved else None}


def _execution(
    alert: dict[str, Any], place: str, workflow: str, labels: dict[str, str], kept: Sequence[str]
) -> dict[str, Any]:
    fingerprint = id_of(alert.get("fingerprint"), f"{place}.fingerprint")
    started = id_of(alert.get("startsAt"), f"{place}.startsAt")
    error = {"type": labels.get("alertname"), "message": _summary(alert) or labels.get("alertname")}
    return only_told(
        {
            "id": f"alert-{fingerprint}-{started}",
            "workflow": workflow,
            "status": "failed",
            **_times(alert, is_resolved=alert.get("status") == "resolved"),
            "trigger": "alert",
            "error": only_told(error) or "alert",
            "tags": labels or None,
            "url": next((found for name in kept if (found := url_of(alert.get(name)))), None),
            "attributes": only_told(
                {**{name: alert.get(name) for name in kept}, "annotations": object_in(alert, "annotations") or None}
            ),
        }
    )


def _line(alert: dict[str, Any], labels: dict[str, str], about: About) -> LooseLine:
    status = text_of(alert.get("status"), 50) or "alert"
    name, summary = labels.get("alertname", "alert"), _summary(alert)
    at = alert.get("endsAt") if status == "resolved" else alert.get("startsAt")
    return LooseLine(
        message=f"{status}: {name}" + (f": {summary}" if summary else ""),
        at=time_of(at, about.received_at) or about.received_at,
        level="info" if status == "resolved" else labels.get("severity", "error")[:50],
        labels=labels or None,
    )


def read_alerts(event: Any, about: About, kept: Sequence[str]) -> list[Item]:
    """The alerts of one notice; `kept` are the fields of an alert that are kept with it. Raises `Refused`."""
    told = an_object(event)
    alerts = told.get("alerts")
    if not isinstance(alerts, list):
        raise Refused("alerts", "is missing" if alerts is None else "must be a list")
    return [_item(alert, f"alerts[{number}]", about, kept) for number, alert in enumerate(alerts)]


def _item(alert: Any, place: str, about: About, kept: Sequence[str]) -> Item:
    """One alert; a bad one is refused alone."""
    try:
        own = an_object(alert, place)
        labels = _labels(own)
        workflow = next((labels[name] for name in WORKFLOW_LABELS if name in labels), about.workflow)
        if workflow is None:
            return _line(own, labels, about)
        return _execution(own, place, workflow[: wire.MAX_NAME], labels, kept)
    except Refused as refused:
        return refused


def read(event: Any, about: About) -> list[Item]:
    """One notice. Raises `Refused`."""
    return read_alerts(event, about, ("generatorURL",))
