"""Opening the body of a delivery: JSON, a form, or a stream of server-sent events, bounded before it is decoded."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ingestion.adapters import careful
from ingestion.adapters.refusals import TooLarge, Undecodable

MAX_BYTES = 5 * 1024 * 1024
# Bounds the memory that small values take.
MAX_VALUES = 200_000
MAX_FIELDS = 1_000
_FORM = "application/x-www-form-urlencoded"
_STREAM = "text/event-stream"


def _json(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    try:
        return careful.read(text.decode())
    except UnicodeDecodeError as error:
        raise Undecodable(f"The body is not valid UTF-8 (byte {error.start}).") from error


def _form(body: bytes) -> Any:
    """The fields of a form. One called `payload` that holds JSON is the event, as GitHub and Slack send it."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise Undecodable(f"The body is no form of at most {MAX_FIELDS:,} fields in UTF-8.") from error
    fields = dict(pairs)
    payload = fields.get("payload", "")
    return _json(payload.encode()) if payload.lstrip()[:1] in ("{", "[") else fields


def _events(body: bytes) -> list[Any]:
    """The data of a stream of server-sent events, each a JSON object; comments and pings carry none."""
    if body.count(b"data:") > MAX_VALUES:
        raise TooLarge(f"A delivery may hold at most {MAX_VALUES:,} values.")
    lines = [line[5:].strip() for line in body.splitlines() if line.startswith(b"data:")]
    return [_json(line) for line in lines if line.startswith(b"{")]


def open_body(body: bytes, content_type: str = "") -> Any:
    """The decoded body. Raises `Undecodable` (with the field that is at fault, where one is) or `TooLarge`."""
    if len(body) > MAX_BYTES:
        raise TooLarge(f"A delivery may have at most {MAX_BYTES:,} bytes; this one has {len(body):,}.")
    if body.count(b",") > MAX_VALUES:
        raise TooLarge(f"A delivery may hold at most {MAX_VALUES:,} values.")
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        raise Undecodable("The body is empty: send the event as JSON.")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _STREAM or text.startswith((b"data:", b"event:")):
        value: Any = _events(text)
    elif kind == _FORM and text[:1] not in (b"{", b"["):
        value = _form(text)
    else:
        value = _json(text)
    if flaw := careful.find_flaw(value):
        raise Undecodable(flaw.reason, flaw.field)
    return value
