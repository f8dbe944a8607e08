"""What real histories and events have that the REST way in refuses: clocks that ran backwards.

A report can be corrected and sent again; history, and the events of other systems, cannot. So such a value is moved
among the attributes, under a name that says what it is, and the rest goes in.
"""

from datetime import datetime
from typing import Any

import msgspec


def _moment(value: Any) -> datetime | None:
    try:
        return msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return None


def _ends_before_start(told: dict[str, Any]) -> bool:
    start, end = _moment(told.get("started_at")), _moment(told.get("finished_at"))
    if start is None or end is None or (start.tzinfo is None) != (end.tzinfo is None):
        return False
    return end < start


def _faults(told: dict[str, Any]) -> dict[str, Any]:
    """The values to move, by their new names."""
    faults: dict[str, Any] = {}
    duration = told.get("duration_ms")
    if isinstance(duration, int | float) and duration < 0:
        faults["told_duration_ms"] = duration
    if _ends_before_start(told):
        faults["told_finished_at"] = told["finished_at"]
    return faults


def forgive(told: dict[str, Any]) -> dict[str, Any]:
    """An execution or step without a negative duration and without a finish before its start."""
    faults = _faults(told)
    if not faults:
        return told
    removed = {name.removeprefix("told_") for name in faults}
    attributes = told.get("attributes")
    kept = {**attributes, **faults} if isinstance(attributes, dict) else faults
    return {**{name: value for name, value in told.items() if name not in removed}, "attributes": kept}
