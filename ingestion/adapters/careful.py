"""The slow, exact reading of a JSON body that the fast one refused or was unsure of.

It finds what standard JSON parsers let through or cannot name: keys told twice, NaN and infinities, halves of
surrogate pairs, NUL in text, depth. Each such flaw is found with its place, so that the answer can name the field.
"""

import json
import math
import re
from collections import Counter
from itertools import count
from typing import Any

from msgspec import Struct

from ingestion.adapters.refusals import ITEM, Undecodable

MAX_DEPTH = 64
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]', re.DOTALL)
_NAMED_LEVELS = 3


class Flawed(Struct, frozen=True):
    """Stands for an item that cannot be stored: the field, and what is wrong with it."""

    field: str
    reason: str


class _NotFinite(Struct, frozen=True):
    word: str


class _Doubled(dict[str, Any]):
    """An object in which one key was told more than once."""

    key = ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) == len(pairs):
        return told
    doubled = _Doubled(told)
    times = Counter(key for key, _ in pairs)
    doubled.key = next(key for key, number in times.items() if number > 1)
    return doubled


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_NotFinite)


def read(text: str) -> Any:
    """The value of a JSON text, with marks where it is flawed. Raises `Undecodable`."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise Undecodable(f"is nested too deeply: at most {MAX_DEPTH} levels are read", deep_place(text)) from None
    except json.JSONDecodeError as error:
        raise Undecodable(f"The body is not valid JSON: {error.msg} at character {error.pos}.") from error
    except ValueError as error:
        raise Undecodable("A number of the body has too many digits: at most 4,300 are read.") from error


def deep_place(text: str) -> str:
    """Where a text goes deeper than is read: the outermost keys and places."""
    path: list[str] = []
    positions: list[int] = []
    key = ""
    for match in _TOKENS.finditer(text):
        sign = match[0]
        if sign in "[{":
            if len(path) >= _NAMED_LEVELS:
                break
            path.append(f"[{positions[-1]}]" if not key and positions else key)
            positions.append(0)
            key = ""
        elif sign in "]}" and path:
            path.pop()
            positions.pop()
        elif sign == "," and positions:
            positions[-1] += 1
        elif sign[0] == '"':
            key = sign[1:-1]
        if sign == ",":
            key = ""
    return join_path(path) or ITEM


def join_path(parts: list[str]) -> str:
    """`["", "steps", "[3]", "id"]` as `steps[3].id`."""
    return "".join(part if part.startswith("[") else f".{part}" for part in parts if part).lstrip(".")


def _text_flaw(text: str) -> str | None:
    if "\x00" in text:
        return "holds the character NUL, which no text may"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair (\\ud800 to \\udfff), which is no character"
    return None


def _scalar_flaw(value: Any) -> str | None:
    if isinstance(value, str):
        return _text_flaw(value)
    if isinstance(value, _NotFinite):
        return f"is {value.word}, which is no number in JSON: send null or leave it out"
    if isinstance(value, float) and not math.isfinite(value):
        return "is too large for a number of 64 bits"
    return None


def find_flaw(value: Any, path: tuple[str, ...] = ()) -> Flawed | None:
    """The first flaw of a value with its place, or None."""
    if not isinstance(value, dict | list):
        reason = _scalar_flaw(value)
        return Flawed(join_path(list(path)) or ITEM, reason) if reason else None
    if len(path) >= MAX_DEPTH:
        place = join_path(list(path[:_NAMED_LEVELS]))
        return Flawed(place, f"is nested too deeply: at most {MAX_DEPTH} levels are read")
    if isinstance(value, _Doubled):
        return Flawed(join_path([*path, value.key]), "is told more than once in one object")
    entries = value.items() if isinstance(value, dict) else zip(map("[{}]".format, count()), value, strict=False)
    for key, child in entries:
        if isinstance(value, dict) and (reason := _text_flaw(key)):
            return Flawed(join_path([*path, key]), f"{reason} (in the name of the field)")
        if flaw := find_flaw(child, (*path, key)):
            return flaw
    return None
