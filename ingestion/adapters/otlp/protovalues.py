"""Attributes and values of OTLP in protobuf as plain data."""

import base64
import math
import struct
from collections.abc import Callable
from typing import Any

from ingestion.adapters.otlp.messages import MESSAGE
from ingestion.adapters.otlp.shapes import Attributes

_read_pair = MESSAGE["KeyValue"].FromString
_KEY, _VALUE, _TEXT, _INT, _DOUBLE = 0x0A, 0x12, 0x0A, 0x18, 0x21
_double = struct.Struct("<d").unpack_from
Pair = tuple[str, Any]


def read_pair(raw: bytes) -> Pair:
    """One attribute. What is commonest is read without making a message: a key of up to 127 bytes (0x0a), then a value
    (0x12) that is a text, a number or a truth and reaches exactly to the end.
    """
    size = len(raw)
    end = 2 + raw[1] if size > 5 else 0
    if 2 < end < size - 3 and raw[1] < 128 and raw[0] == _KEY and raw[end] == _VALUE:
        length, tag = raw[end + 1], raw[end + 2]
        if length < 128:
            if end + 2 + length == size:
                if tag == _TEXT and raw[end + 3] == length - 2:
                    return raw[2:end].decode(), raw[end + 4 :].decode()
                if tag == _INT and raw[-1] < 128 and length < 10:
                    return raw[2:end].decode(), _small(raw, end + 3, size)
                if tag == _DOUBLE and length == 9:
                    return raw[2:end].decode(), _finite(_double(raw, end + 3)[0])
        elif tag < 128 and raw[end + 3] == _TEXT:
            # Two bytes of length: up to 16,383 bytes of value. The text's own length has one byte or two.
            told, start = raw[end + 4], end + 5
            if told >= 128:
                told, start = (told & 127) + (raw[start] << 7), start + 1
            if start + told == size and end + 3 + (length & 127) + (tag << 7) == size and raw[start - 1] < 128:
                return raw[2:end].decode(), raw[start:].decode()
    found = _read_pair(raw)
    return found.key.decode(), plain(found.value)


def _small(raw: bytes, start: int, end: int) -> int:
    """A number of seven bits a byte, the lowest first. Up to eight bytes, so none of them is negative."""
    number = shift = 0
    for byte in raw[start:end]:
        number |= (byte & 127) << shift
        shift += 7
    return number


def _finite(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def plain(told: Any) -> Any:
    """An AnyValue as plain data: numbers that JSON does not have as text, bytes as base64."""
    for descriptor, value in told.ListFields():
        return _PLAIN[descriptor.name](value)
    return None


def _pairs(told: Any) -> Attributes:
    return {pair.key.decode(): plain(pair.value) for pair in told.values}


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "string_value": lambda value: value.decode(),
    "bool_value": bool,
    "int_value": int,
    "double_value": _finite,
    "array_value": lambda value: [plain(one) for one in value.values],
    "kvlist_value": _pairs,
    "bytes_value": lambda value: base64.b64encode(value).decode(),
}
