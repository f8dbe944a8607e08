"""Secrets at rest: what must be read again (signing secrets, tokens of others) is encrypted with a key of ours."""

import base64
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """The secret was encrypted with another `SECRET_KEY`; it must be entered again."""


def _fernet(secret_key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"steadyrun secrets").derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


@cache
def _keys(secret_keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([_fernet(key) for key in secret_keys])


def _current() -> MultiFernet:
    return _keys((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def encrypt(text: str) -> bytes:
    """The text, encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA256)."""
    return _current().encrypt(text.encode())


def decrypt(value: bytes) -> str:
    """The text of `encrypt`, also of one made with a fallback key. Raises `Unreadable`."""
    try:
        return _current().decrypt(bytes(value)).decode()
    except InvalidToken as error:
        raise Unreadable("a secret cannot be decrypted with this SECRET_KEY") from error
