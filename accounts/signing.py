"""Webhooks of ours, signed as Standard Webhooks says: a secret of the receiver's own, and three headers."""

import base64
import binascii
import secrets
from datetime import datetime

SECRET_BYTES = 32
# Less would be guessed sooner than the signature (Standard Webhooks: 24 to 64 bytes).
LEAST_BYTES = 24
SECRET_START = "whsec_"  # noqa: S105 - how every secret begins


def new_secret() -> str:
    """A secret as Standard Webhooks writes it."""
    return SECRET_START + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether a text is a secret as `new_secret` writes one, with at least `LEAST_BYTES` bytes."""
    try:
        made = base64.b64decode(text.removeprefix(SECRET_START), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(SECRET_START) and len(made) >= LEAST_BYTES


def signed_headers(secret: str, id: str, now: datetime, body: str) -> dict[str, str]:
    """The headers of a message: its id (the same on each try), when it is sent, and the signature of all of it."""
    from standardwebhooks import Webhook

    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, now, body),
    }
