"""Elasticsearch's `_bulk`: a line with an action, then a line with its document. Pure.

An action line that cannot be read makes the whole body undecodable, as with Elasticsearch itself: nobody knows which
lines are documents from there on. A document that cannot be read is refused alone.
"""

import hashlib
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from ingestion.adapters.logs.lines import Entry, Reader
from ingestion.adapters.logs.splitting import MAX_RECORDS, check_size
from ingestion.adapters.refusals import TooLarge, Undecodable
from ingestion.records import Decoded

OPERATIONS = frozenset({"index", "create", "update", "delete"})
STORING = frozenset({"index", "create"})
MAX_ACTION_TEXT = 512
_decode = msgspec.json.Decoder().decode


class Action(Struct, frozen=True):
    """One action of the body, as the answer names it."""

    operation: str
    index: str
    id: str


class Bulk(Struct):
    """The actions in the order of the body; places in `decoded` count them."""

    decoded: Decoded
    actions: list[Action]


def _action(line: bytes, number: int, default_index: str, place: bytes) -> Action:
    try:
        told = _decode(line)
        ((operation, about),) = told.items()
    except (msgspec.DecodeError, UnicodeError, RecursionError, AttributeError, ValueError):
        raise Undecodable(f"Malformed action/metadata line [{number}], expected an object with one action") from None
    if operation not in OPERATIONS or not isinstance(about, dict):
        raise Undecodable(f"Malformed action/metadata line [{number}], expected one of index, create, update, delete")
    index, id = about.get("_index") or default_index, about.get("_id")
    if id is None:
        id = hashlib.blake2b(place, digest_size=15).hexdigest()[:20]
    return Action(operation, str(index)[:MAX_ACTION_TEXT], str(id)[:MAX_ACTION_TEXT])


def _document(line: bytes) -> dict[str, Any] | None:
    try:
        value = _decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read(body: bytes, default_index: str, now: datetime) -> Bulk:
    """The actions of a body and what their documents mean. Raises `Undecodable` and `TooLarge`."""
    check_size(body)
    # A carriage return before the line's end is white space to JSON.
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    if len(lines) > 2 * MAX_RECORDS:
        raise TooLarge(f"A body may hold at most {MAX_RECORDS:,} actions. Send them in several requests.")
    reader, actions = Reader(now), list[Action]()
    place = 0
    while place < len(lines):
        number, line = lines[place]
        document = lines[place + 1][1] if place + 1 < len(lines) else b""
        action = _action(line, number, default_index, document)
        _perform(reader, len(actions), action, document)
        actions.append(action)
        place += 1 if action.operation == "delete" else 2
    return Bulk(reader.decoded(), actions)


def _perform(reader: Reader, index: int, action: Action, document: bytes) -> None:
    if action.operation not in STORING:
        reader.reject(index, "(action)", f"{action.operation} is not possible here: only index and create are")
    elif (told := _document(document)) is None:
        reader.reject(index, "(document)", "failed to parse: the document is not a JSON object")
    else:
        reader.add(index, Entry(told, labels={"_index": action.index} if action.index else None))
