"""What the presets share: the circumstances of a delivery, and reading single values out of what senders tell."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from ingestion.adapters import wire
from ingestion.adapters.refusals import ITEM, Refused, type_word
from ingestion.adapters.rest import MAX_AHEAD
from ingestion.records import LooseLine
from monitoring.windows import EARLIEST

# What a preset makes of one event: executions in the words of the REST way in, loose lines, and why a part of it is
# refused. Nothing: ignored.
Item = dict[str, Any] | LooseLine | Refused
CUT = "…"


class About(Struct, frozen=True, kw_only=True):
    """The circumstances of a delivery. `workflow` is the source's own, for events that tell no readable name."""

    received_at: datetime
    headers: Mapping[str, str] = {}
    workflow: str | None = None


def an_object(value: Any, field: str = ITEM) -> dict[str, Any]:
    """The value, which must be an object. Raises `Refused`."""
    if not isinstance(value, dict):
        raise Refused(field, f"must be an object, not {type_word(value)}")
    return value


def object_in(told: dict[str, Any], name: str) -> dict[str, Any]:
    """The object called `name`, or an empty one."""
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def objects_in(told: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of the list called `name`; anything else in it is left out."""
    value = told.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text_of(value: Any, limit: int = wire.MAX_NAME) -> str | None:
    """A text or number as text, cut to the limit: these senders cannot be asked to shorten. None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        return None
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + CUT


def id_of(value: Any, field: str) -> str:
    """A text or number as an id; never cut (`rest` refuses one that is too long). Raises `Refused`."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise Refused(field, "is missing" if value in (None, "") else f"must be text, not {type_word(value)}")
    return str(value)


def url_of(value: Any) -> str | None:
    """An address that can be opened, or None."""
    is_web = isinstance(value, str) and value.startswith(("http://", "https://")) and len(value) <= wire.MAX_URL
    return value if is_web else None


def moment_of(value: Any) -> Any:
    """A time as the REST way in reads it: also `2026-01-04 10:00:00 UTC`, and numbers told as text."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.endswith(" UTC"):
        return f"{text.removesuffix(' UTC')}Z"
    try:
        return float(text)
    except ValueError:
        return text or None


def time_of(value: Any, received_at: datetime) -> datetime | None:
    """A time from 1990 on, at most a day after the receipt; None when it is not told or cannot be one."""
    try:
        read = msgspec.convert(moment_of(value), datetime, strict=False)
    except msgspec.ValidationError:
        return None
    read = read if read.tzinfo else read.replace(tzinfo=UTC)
    return read if EARLIEST <= read <= received_at + MAX_AHEAD else None


def seconds_of(value: Any) -> float | None:
    """A time as seconds since 1970, to compare versions of one thing; None when it cannot be read."""
    moment = moment_of(value)
    if isinstance(moment, str):
        try:
            read = datetime.fromisoformat(moment)
        except ValueError:
            return None
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    return float(moment) if isinstance(moment, int | float) and not isinstance(moment, bool) else None


def only_told(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that are told."""
    return {name: value for name, value in fields.items() if value is not None}


def attributes_of(told: dict[str, Any], *names: str) -> dict[str, Any] | None:
    """Some fields as attributes; None when none of them is told."""
    return only_told({name: told.get(name) for name in names}) or None
