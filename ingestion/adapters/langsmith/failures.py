"""Errors as the SDK tells them: one text with the exception as Python or JS shows it, and often the stack behind it."""

import re
from typing import Any

from ingestion.adapters import wire
from ingestion.adapters.langsmith.told import as_text, cut, storable
from ingestion.records import Failure
from monitoring.statuses import Status

_STACK = "Traceback (most recent call last)"
# `ValueError('no such order')`, as Python's repr shows an exception.
_SHOWN = re.compile(r"(?P<type>[A-Za-z_][\w.]*)\((?P<arguments>.*)\)", re.DOTALL)
# `TypeError: x is undefined`, as JS and the last line of a stack show it.
_NAMED = re.compile(
    r"(?P<type>(?=[A-Za-z_])[\w.$]*?(?:Error|Exception|Interrupt|Failure|Timeout|Exit|Warning))(?::\s*(?P<message>.*))?",
    re.DOTALL,
)
_LITERAL = re.compile(r"""'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)\"""", re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_JS_STACK = re.compile(r"\n[ \t]+at ")
# Exceptions by which a program is stopped or waits on purpose: LangGraph asks a person by raising one.
_STATUSES = {
    "CancelledError": Status.CANCELLED,
    "KeyboardInterrupt": Status.CANCELLED,
    "GeneratorExit": Status.CANCELLED,
    "AbortError": Status.CANCELLED,
    "GraphInterrupt": Status.WAITING,
    "NodeInterrupt": Status.WAITING,
}


def read_failure(error: Any) -> tuple[Failure | None, Status | None]:
    """The failure, and the status that it means; nothing for an error that says nothing."""
    text = as_text(error).strip() if error not in (None, "", {}, []) else ""
    if not text:
        return None, None
    head, stack = _split_stack(text)
    kind, message = _name(head)
    if kind is None and stack:
        kind = _last_name(stack)
    short = kind.rpartition(".")[2] if kind else ""
    failure = Failure(
        type=cut(kind, wire.MAX_NAME) if kind else None,
        message=cut(message, wire.MAX_ERROR) if message else None,
        detail=cut(stack, wire.MAX_ERROR) if stack else None,
    )
    return failure, _STATUSES.get(short, Status.FAILED)


def _split_stack(text: str) -> tuple[str, str]:
    """The exception itself, and the stack behind it."""
    place = text.find(_STACK)
    if place < 0 and (match := _JS_STACK.search(text)):
        place = match.start()
    # A text that is nothing but a stack still says what happened, in its last line.
    if place == 0:
        return text.rstrip().rpartition("\n")[2], text
    return (text[:place].strip(), text[place:].strip()) if place > 0 else (text, "")


def _name(head: str) -> tuple[str | None, str]:
    if match := _SHOWN.fullmatch(head):
        return match["type"], _arguments(match["arguments"])
    if match := _NAMED.fullmatch(head):
        return match["type"], (match["message"] or "").strip()
    return None, head


def _last_name(stack: str) -> str | None:
    for line in reversed(stack.splitlines()):
        if line[:1].isalpha() and (match := _NAMED.match(line)):
            return match["type"]
    return None


def _arguments(text: str) -> str:
    """What an exception was made with: a single text without its quotes, anything else as it is."""
    match = _LITERAL.fullmatch(text.strip().removesuffix(","))
    if match is None:
        return text
    return _ESCAPE.sub(_unescape, match["single"] if match["single"] is not None else match["double"])


def _unescape(match: re.Match[str]) -> str:
    told = match[1]
    if len(told) > 1:
        return storable(chr(int(told[1:], 16)))
    return _ESCAPED.get(told, told)
