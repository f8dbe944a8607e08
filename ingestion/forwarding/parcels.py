"""Parcels: the neutral records of one accepted request, packed for the outbox and unpacked for the encoders. Pure."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
import zstandard

from ingestion.records import Decoded, ExecutionReport, LooseLine, MetricPoint, Rejection

# Where an OTLP receiver takes log lines.
LOGS_PATH = "/v1/logs"
# Level 1: the sender of the request waits for it.
_LEVEL = 1
MAX_PACKED = 256 * 1024 * 1024


class Contents(msgspec.Struct, kw_only=True):
    """The records of one request that were accepted."""

    reports: list[ExecutionReport] = []
    lines: list[LooseLine] = []
    metrics: list[MetricPoint] = []


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one request brought, and for whom: all that an encoder knows."""

    team_id: UUID
    item_id: UUID
    received_at: datetime
    contents: Contents


@dataclass(frozen=True, slots=True)
class Message:
    """One HTTP request to a receiver: `path` is added to the destination's address."""

    path: str
    body: bytes
    content_type: str
    encoding: str = ""


# A compressor serves one thread at a time, and is dear to make.
_own = threading.local()
_encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.Decoder(Contents, strict=False).decode


def pack(decoded: Decoded, rejected: Sequence[Rejection]) -> tuple[bytes, int]:
    """The accepted records of a request, as the outbox keeps them, and their size in bytes before packing."""
    refused = {one.index for one in rejected}
    contents = Contents(
        reports=[report for index, report in decoded.reports if index not in refused],
        lines=[line for index, line in decoded.lines if index not in refused],
        metrics=[point for index, point in decoded.metrics if index not in refused],
    )
    whole = _encode(contents)
    if not hasattr(_own, "compress"):
        _own.compress = zstandard.ZstdCompressor(level=_LEVEL).compress
    return _own.compress(whole), len(whole)


def unpack(payload: bytes) -> Contents:
    """The records of `pack`."""
    return _decode(zstandard.ZstdDecompressor().decompress(payload, max_output_size=MAX_PACKED))


def executions(parcels: Sequence[Parcel]) -> Iterator[tuple[Parcel, ExecutionReport]]:
    """Each report with the parcel it came in."""
    for parcel in parcels:
        for report in parcel.contents.reports:
            yield parcel, report
