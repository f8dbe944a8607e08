"""Splunk HTTP Event Collector: one event for each execution, step, line and metric. Pure.

Format: https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector. Splunk keeps what
it gets twice; the field `id` tells such events.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ingestion.forwarding.documents import documents
from ingestion.forwarding.parcels import Message, Parcel

_encode = msgspec.json.Encoder().encode


def encode(parcels: Sequence[Parcel], settings: Mapping[str, Any]) -> list[Message]:
    """The request for these parcels; none where they hold nothing."""
    index = {"index": settings["index"]} if settings.get("index") else {}
    events = [
        _encode(
            {
                "time": round(one.at.timestamp(), 6),
                "source": "steadyrun",
                "sourcetype": f"steadyrun:{one.kind}",
                **index,
                "event": {"record_id": one.id, "kind": one.kind, **one.body},
            }
        )
        for one in documents(parcels, settings)
    ]
    return [Message("/services/collector/event", b"\n".join(events), "application/json")] if events else []
