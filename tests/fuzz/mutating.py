"""Strategies that make a valid value of JSON, or bytes, into one that is not: where fuzzing starts from."""

import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.texts import ALL, STRANGE

VALUES = st.sampled_from(ALL) | st.sampled_from(STRANGE) | st.text(max_size=12) | st.integers() | st.floats()
JSON_VALUES = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(ALL[:12]) | st.text(), inner, max_size=3)
    ),
    max_leaves=6,
)
_CONTENT_TYPES = (
    "application/json",
    "application/x-ndjson",
    "application/x-protobuf",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=a3f1",
    "application/json; charset=utf-16",
    "",
    "x",
)
CONTENT_TYPES = st.sampled_from(_CONTENT_TYPES)
ENCODINGS = st.sampled_from(["", "", "", "", "gzip", "zstd", "deflate", "snappy", "br", "gzip, gzip", "identity"])


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values inside a value, its own first."""
    found = [path]
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in entries:
        found += _places(child, (*path, key))
    return found


def _change(value: Any, path: tuple[Any, ...], action: str, fresh: Any) -> Any:
    """The value with what is at `path` replaced, removed, repeated, wrapped, or under another name."""
    if not path:
        return fresh if action == "replace" else [value] if action == "wrap" else value
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    last = path[-1]
    if action == "remove":
        del holder[last]
    elif action == "wrap":
        holder[last] = {"value": holder[last]} if isinstance(fresh, dict) else [holder[last]]
    elif action == "repeat" and isinstance(holder, list):
        holder.append(deepcopy(holder[last]))
    elif action == "rename" and isinstance(holder, dict):
        holder[fresh if isinstance(fresh, str) else str(fresh)] = holder.pop(last)
    else:
        holder[last] = fresh
    return value


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[Any], most: int = 4) -> Any:
    """One of `seeds` with up to `most` changes at any depth."""
    value = deepcopy(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, most))):
        path = draw(st.sampled_from(_places(value)))
        action = draw(st.sampled_from(["replace", "replace", "replace", "remove", "repeat", "wrap", "rename"]))
        # Copied: some of these values are kept in lists, and may be changed themselves in the next round.
        value = _change(value, path, action, deepcopy(draw(JSON_VALUES)))
    return value


@st.composite
def spoiled(draw: st.DrawFn, body: bytes) -> bytes:
    """The bytes cut off, with some changed, repeated, or put into others."""
    how = draw(st.sampled_from(["cut", "flip", "insert", "twice", "none"]))
    place = draw(st.integers(0, max(0, len(body))))
    some = draw(st.binary(max_size=8) | st.sampled_from([b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\r\n", b'"', b"{"]))
    if how == "cut":
        return body[:place]
    if how == "twice":
        return body + body
    if how == "insert":
        return body[:place] + some + body[place:]
    return body[:place] + some + body[place + len(some) :] if how == "flip" else body


def to_bytes(value: Any) -> bytes:
    """The value as JSON, NaN and halves of surrogate pairs included, as careless senders write it."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text.encode("utf-8", "surrogatepass")


def bodies(seeds: Sequence[Any]) -> st.SearchStrategy[bytes]:
    """Bodies of JSON: mutated values, and now and then spoiled bytes of them."""
    escaped = mutated(seeds).map(lambda value: json.dumps(value, default=str).encode())
    plain = mutated(seeds).map(to_bytes)
    return escaped | plain | plain.flatmap(spoiled)
