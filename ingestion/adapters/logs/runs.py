"""A line that tells of a whole run: the common workflow logger's `timestamp, workflow, status, duration_seconds,
tokens_used, cost_usd`. Pure.

`timestamp` is the end of the run and has no zone (UTC). The line has no id, so the run's id is a digest (BLAKE2b) of
all that the line says: every own field, normalised, and the instant. So

* the same line sent again, in any batch, order or number, by any of the protocols, is the same run;
* equal lines at different instants are different runs;
* lines that are equal in every field and in their instant are one run. Counting them inside a request would tell them
  apart there, but the same lines sent in other batches would then become other runs, and a run that is counted twice
  cannot be told from a real one. A logger that writes whole seconds and has equal runs in one second adds a `run_id`.

A line that names its execution is a report of that one instead. What a log shipper adds is no part of the line.
"""

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from ingestion.adapters import careful, wire
from ingestion.adapters.logs import moments, texts
from ingestion.adapters.logs.places import Fields
from ingestion.adapters.redact import redact
from ingestion.adapters.refusals import TIME_REASON, Refused
from ingestion.adapters.rest import read_item
from ingestion.records import ExecutionReport
from monitoring.statuses import TERMINAL, Status, parse_status

TIME_NAMES = ("timestamp", "@timestamp", "time", "ts", "finished_at", "ended_at", "date")
DURATION_NAMES = {"duration_seconds": 1000, "duration_s": 1000, "duration_ms": 1}
_NUMBERS = frozenset({*DURATION_NAMES, "tokens_used", "cost_usd"})
# What log shippers add to a line, with other values each time that they read it.
SHIPPED = frozenset(
    {
        "date",
        "@timestamp",
        "@version",
        "@metadata",
        "agent",
        "ecs",
        "host",
        "log",
        "offset",
        "stream",
        "_p",
        "fluentd_time",
    }
)
MAX_NUMBER = 10**18
_SAMPLE = frozenset({"timestamp", "workflow", "status", *_NUMBERS})
# Fields of an execution that such loggers also write, each where it has the right type; the rest are attributes.
_TEXTS = ("environment", "release", "trigger", "input_type", "session", "user", "workflow_type")
_OTHER_NAMES = {
    "env": "environment",
    "version": "release",
    "workflow_version": "release",
    "session_id": "session",
    "user_id": "user",
}
_encode = msgspec.json.Encoder(order="sorted", decimal_format="string").encode


def looks_like_run(fields: Fields) -> bool:
    """Whether a line tells a workflow, a status and one of the logger's numbers."""
    if not isinstance(fields.get("workflow"), str) or not isinstance(fields.get("status"), str):
        return False
    return bool(fields["workflow"].strip()) and not _NUMBERS.isdisjoint(fields)


def tells_end(fields: Fields) -> bool:
    """Whether the line's status is one that a run ends with, or a word that nobody knows."""
    status = parse_status(fields["status"])
    return status in TERMINAL or status is Status.UNKNOWN


def _number(value: Any, field: str) -> Decimal | None:
    """A number told as one or as text. Raises `Refused`."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise InvalidOperation
        number = Decimal(str(value))
    except (InvalidOperation, ValueError):
        raise Refused(field, "must be a number") from None
    if not number.is_finite() or not 0 <= number <= MAX_NUMBER or len(str(value)) > 40:
        raise Refused(field, f"must be a finite number from 0 to {MAX_NUMBER:,}")
    return number


def _end(fields: Fields, at: datetime | None) -> tuple[datetime, str]:
    """When the run ended, and under which name the line tells it; else the instant of its envelope."""
    for name in TIME_NAMES:
        value = fields.get(name)
        if value is None or value == "":
            continue
        moment = moments.read(value)
        if moment is None:
            raise Refused(name, TIME_REASON)
        return moment.at, name
    if at is None:
        raise Refused("timestamp", "is missing")
    return at, ""


def _duration(fields: Fields) -> tuple[float | None, str]:
    for name, scale in DURATION_NAMES.items():
        number = _number(fields.get(name), name)
        if number is not None:
            if (told := float(number * scale)) > wire.MAX_MS:
                raise Refused(name, "must be at most a hundred years")
            return told, name
    return None, ""


def _plain(value: Any) -> Any:
    """A value so that equal ones are written alike: shippers rewrite 12.0 as 12."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def sample_of(fields: Fields) -> Fields:
    """What may be shown of a refused line: the logger's own fields, nothing that could be customer data."""
    return {name: value for name, value in fields.items() if name in _SAMPLE and not isinstance(value, dict | list)}


def dedupe_id(fields: Fields, ended_at: datetime, taken: frozenset[str] = frozenset()) -> str:
    """The id of a run whose line names none: a digest of its instant and its own fields, but for those in `taken`."""
    own = {name: _plain(value) for name, value in fields.items() if name not in SHIPPED and name not in taken}
    own["status"] = str(own["status"]).strip().lower()
    for name in _NUMBERS & own.keys():
        number = _number(own[name], name)
        own[name] = None if number is None else str(number.normalize())
    told = {name: value for name, value in own.items() if value is not None}
    text = _encode([f"{ended_at:%Y-%m-%dT%H:%M:%S.%f}", told])
    return "line-" + hashlib.blake2b(text, digest_size=16, person=b"workflow line").hexdigest()


def _error(fields: Fields, rest: Fields) -> Any:
    """The error of a line: one field, or a type and a message told apart."""
    if isinstance(fields.get("error"), str | dict) and fields["error"]:
        rest.pop("error", None)
        error = fields["error"]
        return texts.cut(error, wire.MAX_ERROR) if isinstance(error, str) else error
    parts = {name: fields.get(f"error_{name}") for name in ("type", "message")}
    told = {name: value for name, value in parts.items() if isinstance(value, str) and value}
    for name in told:
        rest.pop(f"error_{name}", None)
    return {name: texts.cut(value, wire.MAX_NAME) for name, value in told.items()} or None


def _item(fields: Fields, used: set[str]) -> Fields:
    """The line in the words of the REST way in, without its times."""
    rest = {name: value for name, value in fields.items() if name not in used and value is not None}
    item: Fields = {"workflow": texts.cut(fields["workflow"].strip(), wire.MAX_NAME), "status": fields["status"]}
    if (error := _error(fields, rest)) is not None:
        item["error"] = error
    if (cost := _number(rest.pop("cost_usd", None), "cost_usd")) is not None:
        item["cost_usd"] = str(cost)
    for name in (*_TEXTS, *_OTHER_NAMES):
        field, value = _OTHER_NAMES.get(name, name), rest.get(name)
        if field not in item and isinstance(value, str) and 0 < len(value) <= wire.MAX_NAME:
            item[field] = rest.pop(name)
    for name in ("input_tokens", "output_tokens"):
        if isinstance(rest.get(name), int) and not isinstance(rest[name], bool):
            item[name] = rest.pop(name)
    for name in ("input", "output"):
        if name in rest:
            item[name] = rest.pop(name)
    # `tokens_used` is a total: how it splits into input and output was not told, so it stays an attribute.
    item["attributes"] = rest
    return item


def read_run(fields: Fields, at: datetime | None, execution: str | None, now: datetime) -> ExecutionReport:
    """The run that a line tells; `at` is the instant of its envelope. Raises `Refused`."""
    if flaw := careful.find_flaw(fields):
        raise Refused(flaw.field, flaw.reason)
    ended_at, time_name = _end(fields, at)
    if not moments.is_believable(ended_at, now):
        raise Refused(time_name or "timestamp", "must be from 1990-01-01 to a day from now; a time without zone is UTC")
    duration_ms, duration_name = _duration(fields)
    taken = frozenset({time_name} if time_name else ())
    item = _item(redact(fields), {*taken, duration_name, "workflow", "status"})
    item["id"] = execution or dedupe_id(fields, ended_at, taken)
    if tells_end(fields):
        item["finished_at"] = ended_at
        if duration_ms is not None:
            item["duration_ms"] = duration_ms
            item["started_at"] = _start(ended_at, duration_ms, duration_name)
    elif parse_status(fields["status"]) is Status.RUNNING:
        item["started_at"] = ended_at
    return read_item(item, now)


def _start(ended_at: datetime, duration_ms: float, field: str) -> datetime:
    try:
        return ended_at - timedelta(milliseconds=duration_ms)
    except OverflowError:
        raise Refused(field, "must be at most a hundred years") from None
