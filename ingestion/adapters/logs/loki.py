"""Loki's push: JSON, or protobuf in a snappy block. Pure.

The protobuf messages are described at run time and read by google.protobuf's own parser (in C, which bounds depth and
sizes): a reader in Python would be slower and one more thing to get wrong. Source of names and numbers: `push.proto` of
grafana/loki (pkg/push). Texts are declared as bytes, because agents ship what is no UTF-8.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from ingestion.adapters.logs import moments
from ingestion.adapters.logs.lines import Entry, Reader
from ingestion.adapters.logs.splitting import MAX_RECORDS, check_size
from ingestion.adapters.refusals import TooLarge, Undecodable
from ingestion.records import Decoded

# Bounds the memory that empty messages take: a message has one of these bytes before it, as a line's end is one.
MAX_TAGS = 4_000_000
_TAGS = (b"\x0a", b"\x12", b"\x1a")
PROTOBUF_TYPES = ("application/x-protobuf", "application/protobuf")
_decode = msgspec.json.Decoder().decode
_LABEL = re.compile(r'\s*([A-Za-z_][\w.:-]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
# (message, field, number, type, repeated); a type in capitals is a message.
_FIELDS = (
    ("PushRequest", "streams", 1, "Stream", True),
    ("Stream", "labels", 1, "bytes", False),
    ("Stream", "entries", 2, "Entry", True),
    ("Entry", "timestamp", 1, "Timestamp", False),
    ("Entry", "line", 2, "bytes", False),
    ("Entry", "metadata", 3, "Pair", True),
    ("Timestamp", "seconds", 1, "int64", False),
    ("Timestamp", "nanos", 2, "int32", False),
    ("Pair", "name", 1, "bytes", False),
    ("Pair", "value", 2, "bytes", False),
)


@cache
def _push_request() -> Any:
    """The class of the message `PushRequest`."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="steadyrun_loki.proto", package="steadyrun_loki", syntax="proto3")
    messages = {name: file.message_type.add(name=name) for name in dict.fromkeys(field[0] for field in _FIELDS)}
    for message, name, number, type, is_repeated in _FIELDS:
        field = messages[message].field.add(name=name, number=number)
        field.label = kinds.LABEL_REPEATED if is_repeated else kinds.LABEL_OPTIONAL
        if type in messages:
            field.type, field.type_name = kinds.TYPE_MESSAGE, f".steadyrun_loki.{type}"
        else:
            field.type = {"bytes": kinds.TYPE_BYTES, "int64": kinds.TYPE_INT64, "int32": kinds.TYPE_INT32}[type]
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("steadyrun_loki.PushRequest"))


def labels_in(text: str) -> dict[str, str]:
    """Labels as Prometheus writes them: `{app="x", env="y"}`. Raises `Undecodable`."""
    inner = text.strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        raise Undecodable(f'The labels of a stream are not like {{name="value"}}: {text[:100]!r}')
    inner, labels, place = inner[1:-1].strip(), dict[str, str](), 0
    while place < len(inner):
        match = _LABEL.match(inner, place)
        if match is None:
            raise Undecodable(f'The labels of a stream are not like {{name="value"}}: {text[:100]!r}')
        labels[match[1]] = _ESCAPE.sub(lambda escape: _ESCAPES.get(escape[1], escape[1]), match[2])
        place = match.end()
    return labels


def _unpack(body: bytes, limit: int) -> bytes:
    """The body without snappy's block format, whose head tells the size before anything is inflated."""
    import cramjam

    try:
        if cramjam.snappy.decompress_raw_len(body) > limit:
            raise TooLarge(
                f"The body may have at most {limit} bytes when inflated. Send the lines in several requests."
            )
        inflated = bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise Undecodable("The body is not a valid snappy block.") from error
    if len(inflated) > MAX_TAGS and sum(map(inflated.count, _TAGS)) > MAX_TAGS:
        raise TooLarge(f"A push may hold at most {MAX_RECORDS:,} lines. Send them in several requests.")
    return inflated


def _protobuf_entries(body: bytes, limit: int) -> Iterator[Entry]:
    from google.protobuf.message import DecodeError

    try:
        request = _push_request().FromString(_unpack(body, limit))
    except DecodeError as error:
        raise Undecodable("The body is not a valid PushRequest of Loki.") from error
    for stream in request.streams:
        labels = labels_in(stream.labels.decode("utf-8", "replace"))
        for entry in stream.entries:
            pairs = {_text(pair.name): _text(pair.value) for pair in entry.metadata}
            told = entry.timestamp.seconds * 10**9 + entry.timestamp.nanos if entry.HasField("timestamp") else 0
            yield _entry(_text(entry.line), moments.of_nanoseconds(told), {**labels, **pairs} if pairs else labels)


def _text(told: bytes) -> str:
    return told.decode("utf-8", "replace")


def _entry(line: Any, moment: moments.Moment | None, labels: dict[str, Any]) -> Entry:
    return Entry(line, moment.at, moment.rest_ns, labels=labels) if moment else Entry(line, labels=labels)


def _json_entries(body: bytes) -> Iterator[Entry | str]:
    """Entries of a JSON push, also in the older form with `labels` and `entries`; a bad value is its reason."""
    try:
        told = _decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Undecodable(f"The body is not valid JSON: {error}") from error
    streams = told.get("streams") if isinstance(told, dict) else None
    if not isinstance(streams, list):
        raise Undecodable("The body has no list 'streams'.")
    for stream in streams:
        if not isinstance(stream, dict):
            yield "a stream must be an object"
        elif "entries" in stream:
            yield from _older_entries(stream)
        else:
            yield from _values(stream)


def _older_entries(stream: dict[str, Any]) -> Iterator[Entry | str]:
    labels = labels_in(str(stream.get("labels") or "{}"))
    for told in stream["entries"] if isinstance(stream["entries"], list) else ():
        if isinstance(told, dict) and isinstance(told.get("line"), str):
            yield _entry(told["line"], moments.read(told.get("ts") or told.get("timestamp")), labels)
        else:
            yield "an entry must have ts and line"


def _values(stream: dict[str, Any]) -> Iterator[Entry | str]:
    told_labels, values = stream.get("stream"), stream.get("values")
    labels = told_labels if isinstance(told_labels, dict) else {}
    for value in values if isinstance(values, list) else ():
        if not isinstance(value, list) or len(value) < 2 or not isinstance(value[1], str):
            yield 'a value must be ["<nanoseconds>", "line"]'
            continue
        metadata = value[2] if len(value) > 2 and isinstance(value[2], dict) else {}
        yield _entry(value[1], moments.read(value[0]), {**labels, **metadata} if metadata else labels)


def read(body: bytes, content_type: str, now: datetime, limit: int) -> Decoded:
    """What the lines of a push mean; `limit` bounds a snappy body when inflated. Raises `Undecodable`, `TooLarge`."""
    is_protobuf = content_type.partition(";")[0].strip().lower() in PROTOBUF_TYPES
    if not is_protobuf:
        check_size(body)
    reader = Reader(now)
    for index, entry in enumerate(_protobuf_entries(body, limit) if is_protobuf else _json_entries(body)):
        if index == MAX_RECORDS:
            raise TooLarge(f"A push may hold at most {MAX_RECORDS:,} lines. Send them in several requests.")
        if isinstance(entry, str):
            reader.reject(index, "(value)", entry)
        else:
            reader.add(index, entry)
    return reader.decoded()
