"""A destination as the sending of it needs it: its headers readable, without the row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from accounts.encryption import decrypt, encrypt
from ingestion.models import Destination


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where and how to send."""

    kind: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)


def receiver_of(destination: Destination) -> Receiver:
    """The receiver of a destination. Raises `accounts.encryption.Unreadable`."""
    return Receiver(destination.kind, destination.url, headers_of(destination), destination.settings)


def headers_of(destination: Destination) -> dict[str, str]:
    """The headers of a destination. Raises `accounts.encryption.Unreadable`."""
    if not destination.headers:
        return {}
    return msgspec.json.decode(decrypt(bytes(destination.headers)), type=dict[str, str])


def sealed(headers: Mapping[str, str]) -> bytes | None:
    """The headers as a destination keeps them."""
    return encrypt(msgspec.json.encode(dict(headers)).decode()) if headers else None
