"""Splunk's HTTP Event Collector: objects with an `event`, one behind the other; or raw lines. Pure.

Fields of an object: `time` (seconds, a fraction), `host`, `source`, `sourcetype`, `index`, `event` (any
value), `fields`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ingestion.adapters.logs import moments
from ingestion.adapters.logs.lines import Entry, Reader
from ingestion.adapters.logs.splitting import Broken, split, split_text
from ingestion.records import Decoded

LABELS = ("host", "source", "sourcetype", "index")
# What the collector itself answers about an event, in its own words.
EVENT_REQUIRED = "Event field is required"
EVENT_BLANK = "Event field cannot be blank"
INVALID = "Invalid data format"


def _labels(about: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name in LABELS if (value := about.get(name)) not in (None, "")}


def _add(reader: Reader, index: int, told: dict[str, Any], around: dict[str, Any]) -> None:
    event = told.get("event")
    if event is None:
        reader.reject(index, "event", EVENT_REQUIRED)
    elif event == "":
        reader.reject(index, "event", EVENT_BLANK)
    else:
        fields = told.get("fields")
        labels = {**around, **_labels(told), **(fields if isinstance(fields, dict) else {})}
        moment = moments.read(told.get("time"))
        at, rest_ns = (moment.at, moment.rest_ns) if moment else (None, 0)
        reader.add(index, Entry(event, at, rest_ns, labels=labels))


def read_events(body: bytes, query: Mapping[str, Any], now: datetime) -> Decoded:
    """What the events of a body mean; `query` tells about all of them. Raises `Undecodable` and `TooLarge`."""
    reader, around = Reader(now), _labels(query)
    for index, record in enumerate(split(body)):
        if isinstance(record, dict):
            _add(reader, index, record, around)
        else:
            sample = None if isinstance(record, Broken) else type(record).__name__
            reader.reject(index, "(event)", INVALID, sample)
    return reader.decoded()


def read_raw(body: bytes, query: Mapping[str, Any], now: datetime) -> Decoded:
    """What the lines of a raw body mean. Raises `Undecodable` and `TooLarge`."""
    reader, labels = Reader(now), _labels(query)
    moment = moments.read(query.get("time"))
    for index, line in enumerate(split_text(body)):
        reader.add(index, Entry(line, moment.at if moment else None, labels=labels))
    return reader.decoded()
