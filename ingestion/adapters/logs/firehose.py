"""Amazon Data Firehose to an HTTP endpoint, with what CloudWatch Logs subscriptions put into its records. Pure.

A body is `{requestId, timestamp, records: [{data: base64}]}`. A record is text, JSON lines, or (magic number) gzip; a
CloudWatch subscription's is a gzip JSON object with `messageType` DATA_MESSAGE and `logEvents`, or CONTROL_MESSAGE,
which only tries the connection. Sources: "HTTP endpoint delivery request and response specifications" in Firehose's
developer guide, "Log group-level subscription filters" in the user guide of CloudWatch Logs.
"""

import base64
import binascii
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from ingestion.adapters.inflate import inflate
from ingestion.adapters.logs import moments
from ingestion.adapters.logs.lines import Entry, Reader
from ingestion.adapters.logs.splitting import MAX_RECORDS, Broken, check_size, split
from ingestion.adapters.refusals import TooLarge, Undecodable
from ingestion.records import Decoded

_GZIP = b"\x1f\x8b"


class _Record(Struct):
    data: str = ""


class Delivery(Struct, rename="camel"):
    """A delivery as it is sent."""

    records: list[_Record]
    request_id: str = ""
    timestamp: int | None = None


_delivery = msgspec.json.Decoder(Delivery)


def read_delivery(body: bytes) -> Delivery:
    """The delivery of a body. Raises `Undecodable` and `TooLarge`."""
    check_size(body)
    try:
        return _delivery.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Undecodable(f"The body is no delivery of Firehose: {error}") from error


class _Unpacker:
    """Unpacks records one after the other; all of them together may inflate to `limit` bytes."""

    def __init__(self, now: datetime, limit: int, labels: dict[str, Any]) -> None:
        self.reader = Reader(now)
        self.left = limit
        self.labels = labels
        self.count = 0

    def next_index(self) -> int:
        if self.count == MAX_RECORDS:
            raise TooLarge(f"A delivery may hold at most {MAX_RECORDS:,} lines. Lower the buffer size of the stream.")
        self.count += 1
        return self.count - 1

    def record(self, data: str) -> None:
        """Reads one record; a bad one is refused alone."""
        try:
            content = base64.b64decode(data, validate=True)
            if content.startswith(_GZIP):
                content = inflate(content, "gzip", self.left)
        except (binascii.Error, ValueError):
            self.reader.reject(self.next_index(), "data", "is not valid base64")
            return
        except Undecodable as error:
            self.reader.reject(self.next_index(), "data", error.reason)
            return
        self.left -= len(content)
        for value in split(content) if content.strip() else ():
            self.value(value)

    def value(self, value: Any) -> None:
        """Reads one value of a record."""
        if isinstance(value, dict) and isinstance(value.get("messageType"), str) and "logGroup" in value:
            self.subscription(value)
            return
        told = value.text if isinstance(value, Broken) else value
        self.reader.add(self.next_index(), Entry(told, labels=self.labels))

    def subscription(self, told: dict[str, Any]) -> None:
        """Reads what a CloudWatch subscription sends."""
        events = told.get("logEvents")
        if told["messageType"] != "DATA_MESSAGE":
            self.next_index()
            self.reader.ignore()
            return
        labels = {**self.labels, **{name: told.get(name) for name in ("logGroup", "logStream", "owner")}}
        for event in events if isinstance(events, list) else ():
            index = self.next_index()
            if not isinstance(event, dict) or "message" not in event:
                self.reader.reject(index, "message", "is missing")
                continue
            moment = moments.read(event.get("timestamp"))
            self.reader.add(index, Entry(event["message"], moment.at if moment else None, labels=labels))


def read(delivery: Delivery, labels: dict[str, Any], now: datetime, limit: int) -> Decoded:
    """What the records mean; `labels` came with the whole delivery, `limit` bounds them when inflated.

    Raises `TooLarge`.
    """
    if len(delivery.records) > MAX_RECORDS:
        raise TooLarge(f"A delivery may hold at most {MAX_RECORDS:,} records. Lower the buffer size of the stream.")
    unpacker = _Unpacker(now, limit, labels)
    for record in delivery.records:
        unpacker.record(record.data)
    return unpacker.reader.decoded()
