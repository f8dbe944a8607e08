"""Texts of log lines: without what PostgreSQL does not take, cut with a mark where they are too long. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec

from ingestion.adapters import wire

MARK = "…"
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
    """A message as it is kept: clean, bounded, without the line's end."""
    return cut(clean(text.rstrip("\r\n")), wire.MAX_LOG_MESSAGE)


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
        labels[cut(clean(str(name)), MAX_LABEL_LENGTH)] = cut(clean(show(value)), MAX_LABEL_LENGTH)
    return labels or None
