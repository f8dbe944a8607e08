"""Secrets at rest: what must be read again (signing secrets, tokens of others) is encrypted with a key of ours."""

import base64
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_noop

# Models load this file, and the library takes 6 MB: it comes with the first secret.
if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class Unreadable(Exception):
    """The secret was encrypted with another `SECRET_KEY`; it must be entered again."""


def _derived(secret_key: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"steadyrun secrets").derive(secret_key.encode())
    return base64.urlsafe_b64encode(key)


@cache
def _keys(secret_keys: tuple[str, ...]) -> "MultiFernet":
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(_derived(key)) for key in secret_keys])


def _current() -> "MultiFernet":
    return _keys((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def encrypt(text: str) -> bytes:
    """The text, encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA256)."""
    return _current().encrypt(text.encode())


def decrypt(value: bytes) -> str:
    """The text of `encrypt`, also of one made with a fallback key. Raises `Unreadable`."""
    from cryptography.fernet import InvalidToken

    try:
        return _current().decrypt(bytes(value)).decode()
    except InvalidToken as error:
        raise Unreadable(gettext_noop("a secret cannot be decrypted with this SECRET_KEY")) from error


def is_newest(value: bytes) -> bool:
    """Whether a secret is encrypted with the key in force, not with a fallback. False for one that nothing reads."""
    from cryptography.fernet import InvalidToken

    try:
        _keys((settings.SECRET_KEY,)).decrypt(bytes(value))
    except InvalidToken:
        return False
    return True


def renewed(value: bytes) -> bytes:
    """The same secret, encrypted with the key in force. Raises `Unreadable`."""
    from cryptography.fernet import InvalidToken

    try:
        return _current().rotate(bytes(value))
    except InvalidToken as error:
        raise Unreadable(gettext_noop("a secret cannot be decrypted with this SECRET_KEY")) from error


class EncryptedField(models.BinaryField):  # type: ignore[type-arg]
    """A column that holds what `encrypt` made, so that key rotation finds it. For the database it is bytes."""

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """As migrations write it: plain bytes."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.BinaryField", args, kwargs


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """As `EncryptedField`, for a column of text: what `encrypt` made, decoded; empty where there is no secret."""

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """As migrations write it: plain text."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs
