"""API keys: their format, how they are made and how one is verified.

Format: `sr_<8 letters: finds the key>_<32 letters: the secret><6 letters: checksum>`. The fixed start and
the checksum let secret scanners recognise a key without asking anybody.
"""

import hashlib
import hmac
import secrets
import string
import zlib
from dataclasses import dataclass

ALPHABET = string.digits + string.ascii_letters
START = "sr_"
PREFIX_LENGTH = 8
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
KEY_LENGTH = len(START) + PREFIX_LENGTH + 1 + SECRET_LENGTH + CHECKSUM_LENGTH


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key: `text` is shown once, the other two are kept."""

    text: str
    prefix: str
    secret_hash: bytes


def _letters(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def checksum(body: str) -> str:
    """CRC-32 of the key's body in base 62, padded: tells a mistyped key from an unknown one."""
    value, letters = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        value, digit = divmod(value, len(ALPHABET))
        letters = ALPHABET[digit] + letters
    return letters


def hash_key(text: str) -> bytes:
    """SHA-256 of the whole key. A key has 190 random bits, so no slow hash is needed."""
    return hashlib.sha256(text.encode()).digest()


def make_key() -> NewKey:
    """A fresh random key."""
    prefix = _letters(PREFIX_LENGTH)
    body = f"{START}{prefix}_{_letters(SECRET_LENGTH)}"
    text = body + checksum(body)
    return NewKey(text, prefix, hash_key(text))


def prefix_of(text: str) -> str | None:
    """The part that finds the key, or None when the text cannot be one (length, start or checksum)."""
    if len(text) != KEY_LENGTH or not text.startswith(START) or not text.isascii():
        return None
    body, told = text[:-CHECKSUM_LENGTH], text[-CHECKSUM_LENGTH:]
    if not hmac.compare_digest(checksum(body), told):
        return None
    return text[len(START) : len(START) + PREFIX_LENGTH]
