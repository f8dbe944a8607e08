"""Loki push: a line of JSON for each execution, step, line and metric, in streams of few labels. Pure.

Format: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs. Loki drops a line that it has with
the same time and labels, so what is sent twice is kept once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from ingestion.forwarding.documents import Document, documents
from ingestion.forwarding.parcels import Message, Parcel

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


def encode(parcels: Sequence[Parcel], settings: Mapping[str, Any]) -> list[Message]:
    """The request for these parcels; none where they hold nothing."""
    streams: dict[tuple[tuple[str, str], ...], list[tuple[str, str]]] = defaultdict(list)
    for one in documents(parcels, settings):
        line = _encode({"record_id": one.id, **one.body}).decode()
        streams[_labels(one)].append((_nanoseconds(one.at), line))
    found = [{"stream": dict(labels), "values": sorted(values)} for labels, values in streams.items()]
    return [Message("/loki/api/v1/push", _encode({"streams": found}), "application/json")] if found else []


def _labels(one: Document) -> tuple[tuple[str, str], ...]:
    """The labels of a stream: values of which there are few."""
    names = {"workflow": "workflow", "environment": "environment", "status": "status", "level": "level"}
    told = [(label, str(one.body[name])) for label, name in names.items() if one.body.get(name)]
    return (("source", "steadyrun"), ("kind", one.kind), *told)


def _nanoseconds(at: datetime) -> str:
    since = at - _EPOCH
    return str((since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds) * 1000)
