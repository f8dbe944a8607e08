"""Elasticsearch `_bulk`: a document for each execution, step, line and metric. Pure.

Executions and steps are upserts by their id, so parts of one execution become one document; lines and metrics are
written under an id made of their content. Format: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ingestion.forwarding.documents import Document, documents
from ingestion.forwarding.parcels import Message, Parcel

DEFAULT_INDEX = "steadyrun"
# Elasticsearch refuses ids of more than 512 bytes.
MAX_ID_BYTES = 512
_encode = msgspec.json.Encoder().encode


def encode(parcels: Sequence[Parcel], settings: Mapping[str, Any]) -> list[Message]:
    """The request for these parcels; none where they hold nothing."""
    index = settings.get("index") or DEFAULT_INDEX
    lines: list[bytes] = []
    for one in documents(parcels, settings):
        body = {"@timestamp": one.at, "kind": one.kind, **one.body}
        if one.kind in ("execution", "step"):
            lines += [_encode({"update": _address(index, one)}), _encode({"doc": _flat(body), "doc_as_upsert": True})]
        else:
            lines += [_encode({"index": _address(index, one)}), _encode(body)]
    return [Message("/_bulk", b"\n".join([*lines, b""]), "application/x-ndjson")] if lines else []


def _address(index: str, one: Document) -> dict[str, str]:
    return {"_index": index, "_id": one.id.encode()[:MAX_ID_BYTES].decode(errors="ignore")}


def _flat(body: dict[str, Any]) -> dict[str, Any]:
    """Payloads as JSON text: objects of many shapes under one name would fight over the types of its fields."""
    texts: dict[str, Any] = {
        name: _encode(body[name]).decode() for name in ("input", "output", "attributes") if name in body
    }
    return body | texts


def refusals(body: bytes) -> tuple[str, bool] | None:
    """What a 200 says of its items: the first reason and whether trying again can help. None when all were taken.

    An answer that is cut off or not JSON is taken for a success, as its status says.
    """
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(told, dict) or not told.get("errors"):
        return None
    found = [one for item in told.get("items") or () for one in item.values() if int(one.get("status", 200)) >= 300]
    if not found:
        return None
    error = found[0].get("error") or {}
    reason = f"{error.get('type', 'error')}: {error.get('reason', '')}" if isinstance(error, dict) else str(error)
    return reason[:300], any(int(one.get("status", 0)) in (429, 503) for one in found)
