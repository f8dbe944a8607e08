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
# The longest value whose header is looked up.
_LONGEST = 20_000
_headers: dict[int, bytes] = {}
Pair = tuple[str, Any]


def read_pair(raw: bytes) -> Pair:
    """One attribute. What is commonest is read without making a message: a key of up to 127 bytes (0x0a), then a value
    (0x12) that is a text, a number or a truth and reaches exactly to the end.
    """
    size = len(raw)
    end = 2 + raw[1] if size > 5 else 0
    if 2 < end < size - 3 and end < 130 and raw[0] == _KEY:
        rest = size - end
        header = _headers.get(rest) or _header(rest)
        if raw.startswith(header, end):
            return raw[2:end].decode(), raw[end + len(header) :].decode()
        if raw[end] == _VALUE and raw[end + 1] == rest - 2:
            tag = raw[end + 2]
            if tag == _INT and raw[-1] < 128 and rest < 12:
                return raw[2:end].decode(), _small(raw, end + 3, size)
            if tag == _DOUBLE and rest == 11:
                return raw[2:end].decode(), _finite(_double(raw, end + 3)[0])
    found = _read_pair(raw)
    return found.key.decode(), plain(found.value)


def _header(size: int) -> bytes:
    """What a value of so many bytes begins with if it is one text: two tags, each with a length."""
    for length in range(max(size - 8, 0), size - 3):
        inner = bytes([_TEXT]) + _varint(length)
        found = bytes([_VALUE]) + _varint(len(inner) + length) + inner
        if len(found) + length == size:
            if size <= _LONGEST:
                _headers[size] = found
            return found
    # No text has this size (its length would need one byte less): nothing begins so.
    return bytes([_VALUE, 0, _VALUE])


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; a set eighth bit says that more follow."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


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
