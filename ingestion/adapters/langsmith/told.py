"""Reading single values that the SDK tells: JSON, ids, times, numbers, names. Each says which field is at fault."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from ingestion.adapters import careful, wire
from ingestion.adapters.body import decode
from ingestion.adapters.careful import Flawed
from ingestion.adapters.refusals import Refused, Undecodable
from ingestion.adapters.rest import MAX_AHEAD, MAX_USD, MIN_EXPONENT
from monitoring.windows import EARLIEST

# JS tells milliseconds since 1970; the year 2100 is 4.1e9 seconds.
_MILLISECONDS = 1e11
_UUID_LENGTH = 36
# What is no UTF-8 takes several times its size when it is mended.
MAX_BROKEN_BYTES = 4 * 1024 * 1024
_REPLACEMENT = "\ufffd"


def read_json(text: bytes, field: str) -> Any:
    """One JSON value. Raises `Refused` for the field.

    Characters that cannot be stored (NUL, halves of surrogate pairs, which JS makes by cutting text) are replaced,
    numbers that are none are null: the SDK's users cannot be asked to send their text again.
    """
    value, is_flawed = read_flawed_json(text, field)
    return mend(value, field) if is_flawed else value


def read_flawed_json(text: bytes, field: str) -> tuple[Any, bool]:
    """One JSON value, and whether it has to be mended before it is used. Raises `Refused` for the field."""
    if not text.strip():
        raise Refused(field, "is empty")
    try:
        items = decode(b"[%b]" % text, strict=False)
        if len(items) != 1:
            raise Refused(field, "must be one JSON value")
        value = items[0][1]
        if not isinstance(value, Flawed):
            return value, False
        return careful.read(text.decode("utf-8", "replace")), True
    except Undecodable as error:
        if len(text) > MAX_BROKEN_BYTES:
            raise Refused(field, error.reason.removeprefix("The body ")) from None
        whole = text.decode("utf-8", "replace").encode()
        if whole != text:
            return read_flawed_json(whole, field)
        raise Refused(field, error.reason.removeprefix("The body ")) from None


def storable(text: str) -> str:
    """The text with a sign in place of each character that cannot be stored."""
    text = text.replace("\x00", _REPLACEMENT)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def mend(value: Any, field: str, level: int = 0) -> Any:
    """The value with everything replaced that cannot be stored. Raises `Refused` when it is nested too deeply."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict | list) and level >= careful.MAX_DEPTH:
        raise Refused(field, f"is nested too deeply: at most {careful.MAX_DEPTH} levels are read")
    if isinstance(value, dict):
        return {mend(key, field): mend(one, field, level + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [mend(one, field, level + 1) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, int | float) else None


def read_id(value: Any, field: str) -> str:
    """A UUID in its usual form. Raises `Refused`."""
    try:
        told = UUID(value) if isinstance(value, str) else None
    except ValueError:
        told = None
    if told is None or not told.int:
        raise Refused(field, "must be a UUID such as 0198c4a2-7d51-7c3e-9f41-2b6a0d9c1e57, and not all zeros")
    return str(told)


def read_optional_id(value: Any, field: str) -> str | None:
    """The same, or None where nothing was told."""
    return None if value in (None, "") else read_id(value, field)


def read_time(value: Any, field: str, now: datetime) -> datetime | None:
    """An aware UTC time: ISO 8601 (without a zone it means UTC), or seconds or milliseconds since 1970."""
    if value is None:
        return None
    told = _moment(value)
    latest = now + MAX_AHEAD
    if told is None:
        raise Refused(field, "must be a time such as 2026-08-04T20:02:37Z, or milliseconds since 1970")
    if not EARLIEST <= told <= latest:
        raise Refused(field, f"must be from {EARLIEST:%Y-%m-%d} to a day from now ({latest:%Y-%m-%dT%H:%MZ})")
    return told


def _moment(value: Any) -> datetime | None:
    try:
        if isinstance(value, str):
            told = datetime.fromisoformat(value.strip())
            return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) >= _MILLISECONDS else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def read_count(value: Any) -> int | None:
    """A count of tokens; None for anything that is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= wire.MAX_TOKENS
    return value if is_count else None


def read_money(value: Any) -> Decimal | None:
    """US dollars; None for anything that is no amount."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 60:
        return None
    try:
        amount = Decimal(str(value))
    except ArithmeticError:
        return None
    if not amount.is_finite() or not 0 <= amount <= MAX_USD or int(amount.as_tuple().exponent) < MIN_EXPONENT:
        return None
    return amount


def cut(text: str, limit: int) -> str:
    """The text, with an ellipsis in place of what is over the limit."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def read_name(value: Any) -> str | None:
    """A name of at most `wire.MAX_NAME` characters, cut; None for anything that is no text or says nothing."""
    return cut(value, wire.MAX_NAME) if isinstance(value, str) and value.strip() else None


def as_text(value: Any) -> str:
    """Text as it is, anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def as_object(value: Any) -> dict[str, Any]:
    """The object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


class Ancestry(msgspec.Struct, frozen=True):
    """What a dotted order tells: the trace, when it began, the parent, and when the run began."""

    trace_id: str | None = None
    trace_at: datetime | None = None
    parent_id: str | None = None
    run_at: datetime | None = None


def read_dotted_order(value: Any, now: datetime) -> Ancestry:
    """`20260804T200237123456Z<run id>` of each run from the root on, joined by dots. Raises `Refused`."""
    if value in (None, ""):
        return Ancestry()
    if not isinstance(value, str):
        raise Refused("dotted_order", "must be text")
    segments = value.split(".")
    first, last = segments[0], segments[-1]
    return Ancestry(
        trace_id=read_id(first[-_UUID_LENGTH:], "dotted_order"),
        trace_at=_segment_time(first, now),
        parent_id=read_id(segments[-2][-_UUID_LENGTH:], "dotted_order") if len(segments) > 1 else None,
        run_at=_segment_time(last, now),
    )


def _segment_time(segment: str, now: datetime) -> datetime | None:
    told = segment[:-_UUID_LENGTH]
    # Its seconds and their fraction stand without a point between them.
    return read_time(f"{told[:15]}.{told[15:]}" if len(told) > 16 else told or None, "dotted_order", now)
