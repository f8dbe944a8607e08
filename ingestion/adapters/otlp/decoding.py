"""A body of one signal to records, whatever its encoding."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct

from ingestion.adapters.otlp import jsontext, logs, metrics, protobuf, traces
from ingestion.adapters.otlp.answers import JSON
from ingestion.adapters.otlp.shapes import Bundle
from ingestion.records import Decoded


class Signal(Struct, frozen=True):
    """One of OTLP's signals: how its items are read and called in answers."""

    item: str
    rejected_field: str
    form: jsontext.Form
    read_item: Callable[[protobuf.Reader, bytes], Any]
    to_records: Callable[[Iterator[Bundle], datetime], Decoded]

    def decode(self, body: bytes, encoding: str, now: datetime) -> Decoded:
        """The records of a body in `application/json`, or else protobuf. Raises `Undecodable`."""
        bundles = self.form.read(body) if encoding == JSON else protobuf.read(body, self.read_item)
        return self.to_records(bundles, now)


TRACES = Signal("span", "rejectedSpans", jsontext.SPANS, protobuf.Reader.span, traces.to_executions)
LOGS = Signal("log record", "rejectedLogRecords", jsontext.LOGS, protobuf.Reader.log, logs.to_lines)
METRICS = Signal("data point", "rejectedDataPoints", jsontext.METRICS, protobuf.Reader.points, metrics.to_points)
