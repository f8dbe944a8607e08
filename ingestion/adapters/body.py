"""Splitting a body into items: one JSON object, a JSON array, or lines of JSON.

Three readings, each for what the one before it does not take. The strict one decodes straight into the shape of the
wire; the plain one into dictionaries, for items with other names or unknown fields; the careful one finds and names
flaws. The first two are believed when cheap counts over the bytes show that nothing was lost (a key told twice),
nothing is nested suspiciously deep, and no text can hold NUL.
"""

from typing import Any

import msgspec

from ingestion.adapters import careful
from ingestion.adapters.careful import Flawed
from ingestion.adapters.refusals import TooLarge, Undecodable
from ingestion.adapters.wire import WireExecution

MAX_ITEMS = 10_000
# These bound the memory that small values take: `[[],[],...` costs 25 times its own size when decoded.
MAX_COMMAS = 3_000_000
MAX_BRACKETS = 1_000_000
MAX_LINES = 1_000_000
# An item in the shape of the wire has room for all fields: 450 bytes, however few it tells.
MAX_STRICT = 200_000
LINE_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")

_decoder = msgspec.json.Decoder()
# Of lines: a number or text on its own is no item, and `1 1 1 ...` would be very many of them.
_structures = msgspec.json.Decoder(dict[str, Any] | list[Any])
_strict_decoder = msgspec.json.Decoder(WireExecution)
_strict_list_decoder = msgspec.json.Decoder(list[WireExecution])
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
    return _colons(body) != _colons(_encoder.encode(value))


def _colons(text: bytes) -> int:
    """Colons, but for those of the offset that a time loses when it is written again (`+00:00` becomes `Z`)."""
    # One byte is found twenty times faster than several.
    return text.count(b":") - (text.count(b'+00:00"') if b"+" in text else 0)


def _hides_text(body: bytes) -> bool:
    return b"\\" in body and b"\\u0000" in body


def check_values(body: bytes) -> None:
    """Raises `TooLarge` for a body of so many small values that decoding it would take much memory."""
    if len(body) <= MAX_BRACKETS:
        return
    if body.count(b",") + body.count(b'""') > MAX_COMMAS or body.count(b"{") + body.count(b"[") > MAX_BRACKETS:
        raise TooLarge(
            f"The body may hold at most {MAX_COMMAS:,} values and {MAX_BRACKETS:,} objects and lists. "
            "Send the items in several requests."
        )


def check_lines(body: bytes) -> None:
    """Raises `TooLarge` for a body of more lines than are ever read, also empty ones."""
    if len(body) > MAX_LINES and body.count(b"\n") > MAX_LINES:
        raise TooLarge(f"A body may have at most {MAX_LINES:,} lines. Send the items in several requests.")


def _is_lines(body: bytes, content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in LINE_TYPES


def _read_lines_carefully(text: str) -> list[Any]:
    values: list[Any] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if len(values) > MAX_ITEMS:
            raise TooLarge(f"A body may hold at most {MAX_ITEMS:,} items; this one has more.")
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
        return _structures.decode_lines(body)
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError as error:
        if "trailing characters" in str(error):
            check_lines(body)
            return _structures.decode_lines(body)
        raise


def _read_strict(body: bytes, *, lines: bool) -> list[WireExecution] | None:
    """The items in the wire's own shape; None when one of them is not, or when anything is unsure.

    Fields told as null are not written again, so a body with any cannot be checked for lost keys here.
    """
    if b"null" in body or _hides_text(body) or body.count(b"{") > MAX_STRICT:
        return None
    try:
        if lines:
            items = _strict_decoder.decode_lines(body)
        elif body.lstrip()[:1] == b"[":
            items = _strict_list_decoder.decode(body)
        else:
            items = [_strict_decoder.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None if _lost_keys(body, items) or _looks_deep(body) else items


def _read(body: bytes, *, lines: bool) -> tuple[Any, bool]:
    """The decoded body, and whether its items have to be looked at closely."""
    try:
        value = _read_fast(body, lines=lines)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_carefully(body, lines=lines), True
    if _lost_keys(body, value) or _hides_text(body):
        return _read_carefully(body, lines=lines), True
    return value, _looks_deep(body)


def decode(body: bytes, content_type: str = "", *, strict: bool = True) -> Items:
    """The items of an inflated body, each with its place.

    An item is a `WireExecution` (only with `strict`), or any other decoded value; a flawed one is a `Flawed` that
    names its field.

    Raises `Undecodable` (nothing can be read) and `TooLarge` (over `MAX_ITEMS` items, or too many values).
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        raise Undecodable("The body is empty: send one execution, a list of them, or one a line.")
    check_values(body)
    lines = _is_lines(body, content_type)
    if lines:
        check_lines(body)
    ready = _read_strict(body, lines=lines) if strict else None
    value, unsure = _read(body, lines=lines) if ready is None else (ready, False)
    items = value if isinstance(value, list) else [value]
    if not items:
        raise Undecodable("The body holds no execution.")
    if len(items) > MAX_ITEMS:
        raise TooLarge(f"A body may hold at most {MAX_ITEMS:,} items; this one has {len(items):,}.")
    if not unsure:
        return list(enumerate(items))
    return [(index, careful.find_flaw(item) or item) for index, item in enumerate(items)]


__all__ = ["Flawed", "Items", "decode"]
