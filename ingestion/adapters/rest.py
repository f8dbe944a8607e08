"""The REST way in: bodies of `POST /api/v1/executions` as neutral records. Pure; the clock is passed in.

`decode` splits a body into items; `parse_item` reads one of them wholly or says which field is at fault. msgspec checks
shapes and bounds; what it cannot say (words of a status, order of times, money) is settled here.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from ingestion.adapters import wire
from ingestion.adapters.adopt import adopt_execution
from ingestion.adapters.body import decode
from ingestion.adapters.careful import Flawed
from ingestion.adapters.refusals import ITEM, Refused, explain, type_word
from ingestion.adapters.settled_usage import settle_usage
from ingestion.adapters.wire import WireExecution, WireStep
from ingestion.records import ExecutionReport, Failure, Rejection, Resources
from monitoring.analysis.schedule import UnreadableSchedule, read_schedule
from monitoring.statuses import SPELLINGS, Status, parse_status
from monitoring.windows import EARLIEST

MAX_AHEAD = timedelta(days=1)
MAX_USD = Decimal(10) ** 15
MIN_EXPONENT = -30
_URL_REASON = "must start with http:// or https://"
_UNKNOWN = Status.UNKNOWN
_ERROR_TYPE = ("type", "name", "code", "class")
_ERROR_MESSAGE = ("message", "msg", "description", "error", "reason")


def _time(value: datetime, field: str, latest: datetime) -> datetime:
    """An aware UTC time; one without a zone means UTC."""
    if value.tzinfo is not UTC:
        try:
            value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError:
            raise Refused(field, "must be a time from 1990 on") from None
    if not EARLIEST <= value <= latest:
        raise Refused(
            field, f"must be from {EARLIEST:%Y-%m-%d} to a day from now ({latest:%Y-%m-%dT%H:%MZ}); times are UTC"
        )
    return value


def _status(word: str) -> tuple[Status, str | None]:
    """The status that a word means, and the word itself where nobody knows it."""
    status = parse_status(word)
    return status, word if status is _UNKNOWN and word.strip().lower() != "unknown" else None


def _check_money(amount: Decimal) -> None:
    if not amount.is_finite() or not 0 <= amount <= MAX_USD:
        raise Refused("cost_usd", f"must be US dollars from 0 to {MAX_USD:,}")
    text = str(amount)
    # The exponent itself is slow to ask for; short plain numbers cannot have a small one.
    if (len(text) > -MIN_EXPONENT or "E" in text) and int(amount.as_tuple().exponent) < MIN_EXPONENT:
        raise Refused("cost_usd", f"must have at most {-MIN_EXPONENT} digits after the point")


def _text_part(parts: dict[str, Any], names: tuple[str, ...], field: str, limit: int) -> str | None:
    """Takes the first told text out of an error's parts."""
    for name in names:
        value = parts.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool):
            del parts[name]
            if len(text := str(value)) > limit:
                raise Refused(f"{field}.{name}", f"must have at most {limit:,} characters")
            return text
    return None


def _failure(error: Any, field: str) -> Failure | None:
    """An error told as text, or as an object with type, message and anything else (kept as detail)."""
    if isinstance(error, str):
        if len(error) > wire.MAX_ERROR:
            raise Refused(field, f"must have at most {wire.MAX_ERROR:,} characters")
        return Failure(message=error) if error else None
    if not isinstance(error, dict):
        raise Refused(field, f"must be text or an object with type and message, not {type_word(error)}")
    parts = {name: value for name, value in error.items() if value is not None}
    kind = _text_part(parts, _ERROR_TYPE, field, wire.MAX_NAME)
    message = _text_part(parts, _ERROR_MESSAGE, field, wire.MAX_ERROR)
    detail = parts.get("detail") if parts.keys() == {"detail"} else parts or None
    return Failure(type=kind, message=message, detail=detail) if error else None


def _settle_common(report: Any, latest: datetime) -> None:
    """What executions and steps share. Runs for every step of every body: no text is built unless it is refused."""
    word, started, finished = report.status, report.started_at, report.finished_at
    if word is not None:
        report.status = status = SPELLINGS.get(word, _UNKNOWN)
        if status is _UNKNOWN:
            report.status, report.told_status = _status(word)
    # Most are as they should be, which is cheaper to see here than in a function of its own.
    if started is not None and not (started.tzinfo is UTC and EARLIEST <= started <= latest):
        report.started_at = started = _time(started, "started_at", latest)
    if finished is not None:
        if not (finished.tzinfo is UTC and EARLIEST <= finished <= latest):
            report.finished_at = finished = _time(finished, "finished_at", latest)
        if started is not None and finished < started:
            raise Refused("finished_at", "must not be before started_at")
    if report.error is not None:
        report.error = _failure(report.error, "error")
    if report.cost_usd is not None:
        _check_money(report.cost_usd)
    settle_usage(report)


def _settle_steps(steps: list[WireStep], latest: datetime) -> None:
    ordered = True
    for index, step in enumerate(steps):
        try:
            _settle_common(step, latest)
        except Refused as refused:
            raise Refused(f"steps[{index}].{refused.field}", refused.reason) from None
        step.ended_at = step.finished_at
        ordered = ordered and (step.started_at is not None or step.position is not None)
    if not ordered:
        # Without clock and position only the list's own order tells what came first.
        for index, step in enumerate(steps):
            step.position = index if step.position is None else step.position


def _tags(told: Any) -> dict[str, str]:
    """Tags as an object of scalars, or as a list of words (each then has the value `true`)."""
    pairs = (
        told.items() if isinstance(told, dict) else [(tag, "true") for tag in told] if isinstance(told, list) else None
    )
    if pairs is None:
        raise Refused("tags", f"must be an object or a list, not {type_word(told)}")
    if len(pairs) > wire.MAX_TAGS:
        raise Refused("tags", f"must have at most {wire.MAX_TAGS} entries")
    tags = {}
    for name, value in pairs:
        if not isinstance(name, str) or isinstance(value, dict | list):
            raise Refused("tags", "must be names with text, numbers, true or false")
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        if not name or len(name) > wire.MAX_NAME or len(text) > wire.MAX_TAG_LENGTH:
            limit = f"1 to {wire.MAX_NAME} characters and values at most {wire.MAX_TAG_LENGTH}"
            raise Refused("tags", f"must have names of {limit}")
        if value is not None:
            tags[name] = text
    return tags


def _resources(report: WireExecution) -> Resources | None:
    told = Resources(
        memory_bytes=report.memory_bytes,
        memory_limit_bytes=report.memory_limit_bytes,
        storage_bytes=report.storage_bytes,
        storage_limit_bytes=report.storage_limit_bytes,
        api_call_count=report.api_call_count,
    )
    return None if told == Resources() else told


def _settle_schedule(report: WireExecution, text: str) -> None:
    """A schedule is kept in cron's own words with the name of its zone."""
    try:
        found = read_schedule(text, report.schedule_zone or "")
    except UnreadableSchedule as error:
        raise Refused(error.field, str(error)) from None
    report.schedule, report.schedule_zone = found.cron, found.zone


def _settle(report: WireExecution, latest: datetime) -> WireExecution:
    _settle_common(report, latest)
    if report.tags is not None:
        report.tags = _tags(report.tags)
    if report.schedule:
        _settle_schedule(report, report.schedule)
    report.resources = _resources(report)
    if report.steps is not None:
        _settle_steps(report.steps, latest)
    for index, line in enumerate(report.logs or ()):
        if line.at is not None:
            line.at = _time(line.at, f"logs[{index}].at", latest)
    return report


def _convert(item: dict[str, Any]) -> WireExecution:
    """The item in the wire's shape, after the patient reading. Raises `Refused`."""
    try:
        return msgspec.convert(adopt_execution(item), WireExecution)
    except msgspec.ValidationError as error:
        field, reason = explain(str(error))
        raise Refused(field, _URL_REASON if field == "url" and "regex" in reason else reason) from error


def read_item(item: Any, now: datetime) -> ExecutionReport:
    """One decoded item as a record. Raises `Refused`."""
    if isinstance(item, WireExecution):
        return _settle(item, now + MAX_AHEAD)
    if isinstance(item, Flawed):
        raise Refused(item.field, item.reason)
    if not isinstance(item, dict):
        raise Refused(ITEM, f"must be an object, not {type_word(item)}")
    return _settle(_convert(item), now + MAX_AHEAD)


def parse_item(index: int, item: Any, now: datetime) -> ExecutionReport | Rejection:
    """One decoded item as a record, or why it is refused. Never half an item."""
    try:
        return read_item(item, now)
    except Refused as refused:
        return Rejection(index=index, field=refused.field, reason=refused.reason)


__all__ = ["decode", "parse_item", "read_item"]
