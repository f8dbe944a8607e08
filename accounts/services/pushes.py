"""What every signed push of a team shares: where it goes, and the secret that its receiver verifies it with."""

from typing import Any, Protocol
from urllib.parse import urlsplit

from django.db import transaction

from accounts.encryption import encrypt
from accounts.outgoing import Refused, check
from accounts.signing import new_secret


class PushRefused(Exception):
    """Settings that cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


class Push(Protocol):
    """A model of a place that is pushed to."""

    url: Any
    secret: Any

    def save(self, *, update_fields: list[str]) -> None:
        """Saves those fields."""


def refusals_of(url: str) -> dict[str, str]:
    """Why nothing may be pushed to this address, by field; empty where it may."""
    try:
        check(url)
    except Refused as refused:
        return {"url": str(refused)}
    return {}


def aim(one: Push, url: str) -> str:
    """Points it at the address, unsaved; the text of its secret if that is new: the one time that it can be seen.

    An address on another host gets a new secret, so that nobody there can sign for the old one.
    """
    is_moved = _host(one.url) != _host(url)
    one.url = url
    return _renew(one) if is_moved else ""


@transaction.atomic
def change_secret(one: Push) -> str:
    """A new secret in place of the old one; its text, which is shown once."""
    secret = _renew(one)
    one.save(update_fields=["secret"])
    return secret


def _renew(one: Push) -> str:
    secret = new_secret()
    one.secret = encrypt(secret)
    return secret


def _host(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
