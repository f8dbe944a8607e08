"""Splitting a body into items: one JSON object, a JSON array, or lines of JSON.

The fast reading is msgspec's. It is believed when cheap counts over the bytes show that nothing was lost (a key told
twice), nothing is nested suspiciously deep, and no text can hold NUL; otherwise `careful` looks closely.
"""

from typing import Any

import msgspec

from ingestion.adapters import careful
from ingestion.adapters.careful import Flawed
from ingestion.adapters.refusals import TooLarge, Undecodable

MAX_ITEMS = 10_000
# Bounds the memory that small values take: `[[],[],...` costs 25 times its own size when decoded.
MAX_COMMAS = 4_000_000
LINE_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()
_ALL_BUT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
Items = list[tuple[int, Any]]


def _looks_deep(body: bytes) -> bool:
    """Whether a value may be nested deeper than is read. Brackets inside text can only make it say yes."""
    brackets = body.translate(None, _ALL_BUT_BRACKETS)
    # One round takes away up to two levels.
    for _ in range(careful.MAX_DEPTH // 2):
        if not brackets:
            return False
        shorter = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if len(shorter) == len(brackets):
            return True
        brackets = shorter
    return bool(brackets)


def _lost_keys(body: bytes, value: Any) -> bool:
    """Whether the body seems to tell more keys than were read: then one was told twice.

    Each key has one colon, and the colons inside text are the same on both sides.
    """
    return body.count(b":") != _encoder.encode(value).count(b":")


def _hides_text(body: bytes) -> bool:
    return b"\\u0000" in body


def _is_lines(body: bytes, content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in LINE_TYPES


def _read_lines_carefully(text: str) -> list[Any]:
    values = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            values.append(careful.read(line))
        except Undecodable as error:
            raise Undecodable(f"Line {number}: {error.reason}", error.field) from error
    return values


def _read_carefully(body: bytes, *, lines: bool) -> Any:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Undecodable(f"The body is not valid UTF-8 (byte {error.start}).") from error
    if lines:
        return _read_lines_carefully(text)
    try:
        return careful.read(text)
    except Undecodable as error:
        # Several lines under another content type: the first line alone tells.
        if "Extra data" in error.reason and "\n" in text.strip():
            return _read_lines_carefully(text)
        raise


def _read_fast(body: bytes, *, lines: bool) -> Any:
    if lines:
        return _decoder.decode_lines(body)
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError as error:
        if "trailing characters" in str(error):
            return _decoder.decode_lines(body)
        raise


def _read(body: bytes, *, lines: bool) -> tuple[Any, bool]:
    """The decoded body, and whether its items have to be looked at closely."""
    try:
        value = _read_fast(body, lines=lines)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_carefully(body, lines=lines), True
    if _lost_keys(body, value) or _hides_text(body):
        return _read_carefully(body, lines=lines), True
    return value, _looks_deep(body)


def decode(body: bytes, content_type: str = "") -> Items:
    """The items of an inflated body, each with its place. A flawed item is a `Flawed` that names its field.

    Raises `Undecodable` (nothing can be read) and `TooLarge` (over `MAX_ITEMS` items or `MAX_COMMAS` values).
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        raise Undecodable("The body is empty: send one execution, a list of them, or one a line.")
    if len(body) > MAX_COMMAS and body.count(b",") > MAX_COMMAS:
        raise TooLarge(f"The body may hold at most {MAX_COMMAS:,} values. Send the items in several requests.")
    value, unsure = _read(body, lines=_is_lines(body, content_type))
    items = value if isinstance(value, list) else [value]
    if not items:
        raise Undecodable("The body holds no execution.")
    if len(items) > MAX_ITEMS:
        raise TooLarge(f"A body may hold at most {MAX_ITEMS:,} items; this one has {len(items):,}.")
    if not unsure:
        return list(enumerate(items))
    return [(index, careful.find_flaw(item) or item) for index, item in enumerate(items)]


__all__ = ["Flawed", "Items", "decode"]
