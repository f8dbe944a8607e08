"""Telling at one look whether rules of masking may find something in a whole report. Pure.

A report is looked at as all its texts, between line ends. A hint is a pattern over them that finds something wherever a
rule would; where it finds nothing, no text of the report is looked at by itself.
"""

from collections.abc import Sequence
from typing import Any

import re2

_NOTHING = re2.compile(r"[^\s\S]")
# What JSON tells with a backslash, and what it means: two backslashes first, as they end a sequence.
_ESCAPES = (
    *((b"\\\\", b"\x01"), (b'\\"', b"\x02"), (b"\\n", b"\n"), (b"\\t", b"\t"), (b"\\r", b"\r")),
    *((b"\\/", b"/"), (b"\\b", b"\b"), (b"\\f", b"\f")),
)


def joined_texts(encoded: bytes) -> bytes | None:
    """All texts of a JSON document as they are, between line ends; None where that cannot be told without reading it.

    Control characters stand in for what is told with a backslash, as no JSON holds them.
    """
    if b"\\" in encoded:
        for told, meant in _ESCAPES:
            encoded = encoded.replace(told, meant)
        if b"\\" in encoded:
            return None
        return encoded.replace(b'"', b"\n").replace(b"\x01", b"\\").replace(b"\x02", b'"')
    return encoded.replace(b'"', b"\n")


def any_of(patterns: Sequence[str]) -> Any:
    """A pattern that finds something where one of them does, without groups; None where they cannot be joined."""
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = 8 << 20
    if any(r"\Q" in pattern for pattern in patterns):
        return None
    try:
        return re2.compile("|".join(patterns), options=options) if patterns else _NOTHING
    except re2.error:
        return None


def is_anchored(pattern: str) -> bool:
    """Whether a pattern may ask for the beginning or the end of a text."""
    plain = pattern.replace("[^", "[")
    return any(mark in plain for mark in ("^", "$", r"\A", r"\z"))


def name_hint(name: str) -> str:
    """Finds a field of this name, or a name whose last part it is, among joined texts."""
    # Lines of a run have the path `log` and stand in the field `logs`.
    told = "logs?" if name == "log" else re2.escape(name)
    return rf"(?i:[\n.]{told}\n)"
