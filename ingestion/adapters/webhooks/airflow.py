"""Airflow: what a callback of a DAG or of a task posts. The body is the user's own; the documented one is read here.

Field names are those of Airflow's REST API, so a saved list of runs (`ingestion.history.airflow`) gives the same ids.
A body with `task_id` tells one task instance; `task_instances` tells several.
"""

from typing import Any

from ingestion.adapters import wire
from ingestion.adapters.webhooks.told import (
    About,
    Item,
    an_object,
    attributes_of,
    id_of,
    objects_in,
    only_told,
    text_of,
    url_of,
)
from monitoring.analysis.schedule import UnreadableSchedule, read_schedule

_KEPT = ("operator", "map_index", "queue", "pool", "hostname", "max_tries")
_SCHEDULES = ("schedule", "timetable_summary", "schedule_interval")
_TIMES_KEPT = ("logical_date", "execution_date", "data_interval_start", "data_interval_end")
_RUN_KEPT = (*_TIMES_KEPT, "note", "reason", *_SCHEDULES)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _state(task: dict[str, Any]) -> str | None:
    """A try that will be followed by another one has failed."""
    word = text_of(task.get("state"), 100)
    return "failed" if word == "up_for_retry" else word


def _step(task: dict[str, Any]) -> dict[str, Any]:
    """One try of a task instance; a mapped task has one for each index."""
    name = id_of(task.get("task_id"), "task_id")
    index, number = task.get("map_index"), _count(task.get("try_number"))
    place = f"{name}[{index}]" if isinstance(index, int) and index >= 0 else name
    seconds = task.get("duration")
    return only_told(
        {
            "id": f"{place}#{number or 1}",
            "node": name[: wire.MAX_NAME],
            "kind": text_of(task.get("operator")),
            "status": _state(task),
            "started_at": task.get("start_date"),
            "finished_at": task.get("end_date"),
            "duration_ms": seconds * 1000 if isinstance(seconds, int | float) and seconds >= 0 else None,
            "attempt": number or None,
            "error": text_of(task.get("exception"), wire.MAX_ERROR),
            "attributes": attributes_of(task, *_KEPT),
        }
    )


def _schedule(told: dict[str, Any]) -> dict[str, str]:
    """When the DAG starts, where it is told as cron or a preset. A timetable in other words stays an attribute."""
    words = (text_of(told.get(name)) for name in _SCHEDULES)
    try:
        found = read_schedule(next(filter(None, words), ""), text_of(told.get("timezone")) or "")
    except UnreadableSchedule:
        return {}
    return {"schedule": found.cron, "schedule_zone": found.zone}


def read(event: Any, about: About) -> list[Item]:
    """One callback. Raises `Refused`."""
    told = an_object(event)
    dag = id_of(told.get("dag_id"), "dag_id")
    run = id_of(told.get("dag_run_id") or told.get("run_id"), "dag_run_id")
    is_task = told.get("task_id") is not None
    tasks = [told] if is_task else objects_in(told, "task_instances")
    # What a task tells about state and time is its own, not the run's.
    own = {} if is_task else told
    execution = {
        "id": f"{dag}/{run}",
        "workflow": text_of(dag),
        "workflow_type": "airflow",
        "status": text_of(own.get("state"), 100),
        "started_at": own.get("start_date"),
        "finished_at": own.get("end_date"),
        "trigger": text_of(told.get("run_type")),
        **_schedule(told),
        "release": text_of(told.get("dag_version")),
        "input": told.get("conf") or None,
        "error": text_of(own.get("exception"), wire.MAX_ERROR),
        "url": url_of(told.get("url") or own.get("log_url")),
        "attributes": attributes_of(told, *_RUN_KEPT),
        "steps": [_step(task) for task in tasks] or None,
    }
    return [only_told(execution)]
