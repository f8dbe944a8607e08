"""Secrets and public keys of Standard Webhooks, and the signatures that they make good.

A secret (`whsec_` and base64) signs and verifies with HMAC-SHA256: `v1`. Of a pair of ed25519 keys the sender keeps the
private one (`whsk_`) and gives away the public one (`whpk_`), which only verifies: `v1a`. Each verifies its own kind
alone: whoever knows a public key could make a `v1` with it as if it were a secret.
"""

import base64
import binascii
import hmac
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from accounts.phrases import gettext_noop

SECRET, PUBLIC, PRIVATE = "whsec_", "whpk_", "whsk_"
SYMMETRIC, ASYMMETRIC = "v1", "v1a"
FORM_OF_KEYS = gettext_noop(
    "A Standard Webhooks secret is 'whsec_' and base64; a public key is 'whpk_' and base64 of 32 bytes."
)
NOT_THE_PRIVATE_KEY = gettext_noop(
    "That is the sender's private key (whsk_): keep it there, and give the public one (whpk_)."
)


class Secret:
    """What verifies `v1`. Raises `ValueError` where the text is no secret."""

    version = SYMMETRIC

    def __init__(self, text: str) -> None:
        # The package would leave out every character that is not base64.
        if not _decoded(text.removeprefix(SECRET)):
            raise ValueError(FORM_OF_KEYS)
        self.text = text

    def verifies(self, signature: str, message: str, at: datetime, body: bytes) -> bool:
        """Whether the secret made this signature, in constant time. A body that is not UTF-8 was never signed."""
        from standardwebhooks import Webhook

        try:
            expected = Webhook(self.text).sign(message, at, body.decode()).partition(",")[2]
        except UnicodeDecodeError:
            return False
        return hmac.compare_digest(signature.rstrip("=").encode(), expected.rstrip("=").encode())


class PublicKey:
    """What verifies `v1a`. Raises `ValueError` where the text is no public key."""

    version = ASYMMETRIC

    def __init__(self, text: str) -> None:
        try:
            self.key = Ed25519PublicKey.from_public_bytes(_decoded(text.removeprefix(PUBLIC)))
        except ValueError as error:
            raise ValueError(FORM_OF_KEYS) from error

    def verifies(self, signature: str, message: str, at: datetime, body: bytes) -> bool:
        """Whether the private key of this public one made the signature. Signed is `id.timestamp.body`, in bytes."""
        try:
            told = _decoded(signature)
            self.key.verify(told, f"{message}.{int(at.timestamp())}.".encode() + body)
        except (InvalidSignature, ValueError):
            return False
        return True


Key = Secret | PublicKey


def read_key(text: str) -> Key:
    """A secret or a public key. Raises `ValueError` with what it should be."""
    if text.startswith(PRIVATE):
        raise ValueError(NOT_THE_PRIVATE_KEY)
    return PublicKey(text) if text.startswith(PUBLIC) else Secret(text)


def _decoded(text: str) -> bytes:
    """Bytes of base64, with or without its padding. Raises `ValueError`."""
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(FORM_OF_KEYS) from error
