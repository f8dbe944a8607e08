"""Texts of log lines: without secrets and without what PostgreSQL does not take, cut where they are too long. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec

from ingestion.adapters import wire
from ingestion.adapters.redact import REDACTED, is_secret_name, redact, redact_text

MARK = "…"
TOO_DEEP = "(nested too deeply)"
MAX_LABELS = 50
MAX_LABEL_LENGTH = 200
_encode = msgspec.json.Encoder(decimal_format="number").encode


def clean(text: str) -> str:
    """The text with NUL shown as a sign and halves of surrogate pairs replaced."""
    if text.isascii():
        return text.replace("\0", "\N{SYMBOL FOR NULL}") if "\0" in text else text
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()


def cut(text: str, limit: int) -> str:
    """The text in at most `limit` characters; one that was cut ends with a mark."""
    return text if len(text) <= limit else text[: limit - 1] + MARK


def message_of(text: str) -> str:
    """A message as it is kept: clean, bounded, without secrets and without the line's end."""
    return cut(redact_text(clean(text.rstrip("\r\n")[: wire.MAX_LOG_MESSAGE + 1])), wire.MAX_LOG_MESSAGE)


def show(value: Any) -> str:
    """A value as text: text as it is, anything else as compact JSON."""
    if isinstance(value, str):
        return value
    try:
        return _encode(value).decode()
    except (msgspec.EncodeError, UnicodeEncodeError, RecursionError, TypeError, ValueError):
        return repr(value)[: wire.MAX_LOG_MESSAGE]


def labels_of(pairs: Iterable[tuple[Any, Any]]) -> dict[str, str] | None:
    """At most 50 labels of 200 characters; the first told wins, empty ones are none."""
    labels: dict[str, str] = {}
    for name, value in pairs:
        if len(labels) == MAX_LABELS:
            break
        if value is None or value == "" or name in labels:
            continue
        labels[cut(clean(str(name)), MAX_LABEL_LENGTH)] = cut(show_safe(str(name), value), MAX_LABEL_LENGTH)
    return labels or None


def without_secrets(value: Any) -> Any:
    """A value without secrets; one that is nested too deeply to be looked through is not kept."""
    try:
        return redact(value)
    except RecursionError:
        return TOO_DEEP


def show_safe(name: str, value: Any) -> str:
    """A field's value as text, clean and without secrets."""
    return (
        REDACTED
        if isinstance(value, str) and is_secret_name(name)
        else redact_text(clean(show(without_secrets(value))))
    )
