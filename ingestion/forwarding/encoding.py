"""Which encoder speaks to which kind of destination, and what an answer of it means. Pure.

Encoders are loaded when they are first needed: protobuf alone is several megabytes.
"""

import gzip
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from ingestion.forwarding import bulk
from ingestion.forwarding.parcels import Message, Parcel

_MODULES = {"otlp": "otlp", "elastic": "bulk", "hec": "hec", "loki": "loki"}
# A small body costs more to inflate than to send.
COMPRESSED_FROM = 1_000


def encode(kind: str, parcels: Sequence[Parcel], settings: Mapping[str, Any]) -> list[Message]:
    """The requests that bring these parcels to a receiver of this kind."""
    module = import_module(f"ingestion.forwarding.{_MODULES[kind]}")
    found: list[Message] = module.encode(parcels, settings)
    return [_compressed(message) for message in found]


def _compressed(message: Message) -> Message:
    if len(message.body) < COMPRESSED_FROM:
        return message
    return Message(message.path, gzip.compress(message.body, 5, mtime=0), message.content_type, "gzip")


def address(kind: str, url: str, path: str) -> str:
    """Where to send a message: the destination's address with the path, unless it has one of that end already.

    An OTLP address may be the base, or that of one signal: the others are then beside it.
    """
    base, mark, query = url.partition("?")
    base = base.rstrip("/")
    if kind == "otlp":
        signals = ("/v1/traces", "/v1/logs", "/v1/metrics")
        base = next((base.removesuffix(signal) for signal in signals if base.endswith(signal)), base)
        # Addresses that do not follow the convention take traces only, as they are.
        if base.endswith("/v2/trace/otlp"):
            path = ""
    elif base.endswith(path):
        path = ""
    return f"{base}{path}{mark}{query}"


def refusals(kind: str, body: bytes) -> tuple[str, bool] | None:
    """What a successful answer says about single items: the first reason, and whether trying again can help."""
    return bulk.refusals(body) if kind == "elastic" else None
