"""Values of OTLP in JSON as plain data, and the attributes of a span, understood."""

import math
from itertools import islice
from typing import Any

from ingestion.adapters.otlp.jsonshapes import AnyValue, KeyValue, Real, Whole
from ingestion.adapters.otlp.shapes import MAX_ATTRIBUTES, Attributes, check_count
from ingestion.adapters.otlp.told import Memory, Told
from ingestion.adapters.refusals import Refused

MAX_DEPTH = 64
_MAX_64 = 2**64


def attributes(told: list[KeyValue]) -> Attributes:
    """Attributes as a dictionary."""
    found: Attributes = {}
    count = len(told)
    for pair in told if count <= MAX_ATTRIBUTES else islice(told, MAX_ATTRIBUTES):
        found.setdefault(pair.key, _value(pair.value))
    return found if count <= MAX_ATTRIBUTES else check_count(found, count)


def understood(listed: list[KeyValue], memory: Memory) -> Told:
    """The attributes of a span, understood."""
    count = len(listed)
    pairs = listed if count <= MAX_ATTRIBUTES else listed[:MAX_ATTRIBUTES]
    names = tuple([pair.key for pair in pairs])
    values = [_value(pair.value) for pair in pairs]
    return memory.tell(names, values, count)


def _value(value: AnyValue | None) -> Any:
    if value is None:
        return None
    text = value.string_value
    return text if text is not None else plain(value)


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
