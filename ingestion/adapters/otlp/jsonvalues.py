"""Values of OTLP in JSON as plain data, and the attributes of a span, understood."""

import math
from itertools import islice
from typing import Any

from ingestion.adapters.otlp.jsonshapes import AnyValue, KeyValue, Real, Whole
from ingestion.adapters.otlp.shapes import MAX_ATTRIBUTES, Attributes, check_count
from ingestion.adapters.otlp.told import Got, Told, understand
from ingestion.adapters.refusals import Refused

MAX_DEPTH = 64
# Short texts are often the same in many spans of a request: these are understood once.
_SHORT = 64
_MAX_64 = 2**64


class Memory:
    """What was understood already in a request, and the names that nothing understood."""

    __slots__ = ("known", "unknown")

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Got] = {}
        self.unknown: dict[str, str] = {}


def attributes(told: list[KeyValue]) -> Attributes:
    """Attributes as a dictionary."""
    found: Attributes = {}
    count = len(told)
    for pair in told if count <= MAX_ATTRIBUTES else islice(told, MAX_ATTRIBUTES):
        value = pair.value
        if value is None:
            found[pair.key] = None
        elif value.string_value is not None:
            found[pair.key] = value.string_value
        else:
            found[pair.key] = plain(value)
    return found if count <= MAX_ATTRIBUTES else check_count(found, count)


def understood(listed: list[KeyValue], memory: Memory) -> Told:
    """The attributes of a span, understood."""
    known, unknown = memory.known, memory.unknown
    fields: dict[str, Got] = {}
    rest: Attributes = {}
    several: list[Got] | None = None
    count = len(listed)
    for pair in listed if count <= MAX_ATTRIBUTES else islice(listed, MAX_ATTRIBUTES):
        value = pair.value
        text = None if value is None else value.string_value
        if text is None:
            got = understand(pair.key, None if value is None else plain(value), unknown)
        elif len(text) > _SHORT:
            got = understand(pair.key, text, unknown)
        else:
            about = (pair.key, text)
            found = known.get(about)
            got = known[about] = understand(pair.key, text, unknown) if found is None else found
        field = got[0]
        if field is None:
            rest[got[1]] = got[2]
        elif field and field not in fields:
            fields[field] = got
            if got[4]:
                rest[got[1]] = got[2]
        else:
            several = several or []
            several.append(got)
    if count > MAX_ATTRIBUTES:
        check_count(rest, count)
    return Told(fields, rest, several)


def plain(value: AnyValue, depth: int = 0) -> Any:
    """A value as plain data: numbers that JSON does not have as text, bytes as base64."""
    if depth > MAX_DEPTH:
        raise Refused("attributes", f"is nested too deeply: at most {MAX_DEPTH} levels are read")
    if value.string_value is not None:
        return value.string_value
    if value.int_value is not None:
        return whole(value.int_value, "intValue")
    if value.bool_value is not None:
        return value.bool_value
    if value.double_value is not None:
        number = real(value.double_value)
        return number if math.isfinite(number) else str(number)
    if value.array_value is not None:
        return [plain(one, depth + 1) for one in value.array_value.values]
    if value.kvlist_value is not None:
        pairs = value.kvlist_value.values
        return {pair.key: plain(pair.value, depth + 1) if pair.value else None for pair in pairs}
    return value.bytes_value


def whole(value: Whole, field: str, names: dict[str, int] | None = None) -> int:
    """A whole number of up to 64 bits, told as one or as text, or a name of an enumeration."""
    if isinstance(value, str):
        if names and value in names:
            return names[value]
        try:
            value = int(value) if len(value) <= 20 else _MAX_64
        except ValueError:
            raise Refused(field, "must be a whole number, as a number or as text") from None
    if not -_MAX_64 < value < _MAX_64:
        raise Refused(field, "must fit into 64 bits")
    return value


def real(value: Real) -> float:
    """A number, told as one or as text (`NaN`, `Infinity`)."""
    return float(value) if isinstance(value, str) else value
