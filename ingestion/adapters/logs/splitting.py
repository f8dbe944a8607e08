"""Splitting a body into records: an array, one object, lines, or objects one behind the other. Pure.

What cannot be read costs its own line only: the records before and after it are read.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

import msgspec

from ingestion.adapters.body import check_lines, check_values
from ingestion.adapters.refusals import TooLarge, Undecodable

MAX_RECORDS = 100_000
# An object that is written over several lines and broken is read to its end in vain, at most this often a body.
_MAX_SPANNING = 16
# What is no UTF-8 takes several times its size when it is mended.
MAX_BROKEN_BYTES = 4 * 1024 * 1024
_GAP = re.compile(r"[\s,]*")
_decoder = msgspec.json.Decoder()
# Takes what loggers write although JSON does not have it: NaN, infinities, halves of surrogate pairs.
_tolerant = json.JSONDecoder(strict=False)


class Broken(msgspec.Struct, frozen=True, gc=False):
    """Stands for a record that looks like JSON and is none."""

    text: str


def check_size(body: bytes) -> None:
    """Raises `Undecodable` for a body without content and `TooLarge` for one of too many small values."""
    if not body.strip():
        raise Undecodable("The body is empty: send at least one line.")
    check_values(body)
    check_lines(body)


def _text(body: bytes) -> str:
    """The body as text, with signs in place of what is no UTF-8. Raises `TooLarge`."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        if len(body) > MAX_BROKEN_BYTES:
            raise TooLarge(f"A body that is not valid UTF-8 may have at most {MAX_BROKEN_BYTES:,} bytes.") from None
        return body.decode("utf-8", "replace")


def _bounded(records: list[Any]) -> list[Any]:
    if len(records) > MAX_RECORDS:
        raise TooLarge(f"A body may hold at most {MAX_RECORDS:,} records; this one has {len(records):,}.")
    return records


def _flat(values: Iterable[Any]) -> list[Any]:
    """Records of a body in which arrays of records may stand for several."""
    records: list[Any] = []
    for value in values:
        records.extend(value) if isinstance(value, list) else records.append(value)
        if len(records) > MAX_RECORDS:
            break
    return records


def _read_fast(body: bytes) -> list[Any] | None:
    """The records of a faultless body, or None."""
    for read in (_decoder.decode, _decoder.decode_lines):
        try:
            value = read(body)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            continue
        return _flat(value) if isinstance(value, list) else [value]
    return None


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _read_one(text: str, start: int, *, may_span: bool) -> tuple[Any, int] | None:
    """The JSON value that begins here and where it ends, or None."""
    try:
        if may_span:
            return _tolerant.raw_decode(text, start)
        value, length = _tolerant.raw_decode(text[start : _line_end(text, start)])
    except (ValueError, RecursionError):
        return None
    return value, start + length


def _read_slowly(text: str) -> Iterator[Any]:
    place, failures = 0, 0
    while (place := _GAP.match(text, place).end()) < len(text):  # type: ignore[union-attr]  # it matches nothing, too
        sign = text[place]
        if sign in "{[":
            found = _read_one(text, place, may_span=failures < _MAX_SPANNING)
            if found is not None:
                value, place = found
                yield value
                continue
            failures += 1
        end = _line_end(text, place)
        line = text[place:end].rstrip("\r")
        yield Broken(line) if sign in "{[" else line
        place = end


def split(body: bytes) -> list[Any]:
    """The records of a body: decoded values, texts, and `Broken` ones. Raises `Undecodable` and `TooLarge`."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    check_size(body)
    records = _read_fast(body)
    if records is None:
        values = _read_slowly(_text(body))
        first = [*islice(values, 2)]
        # One array is the body itself; of several each stands for its records.
        records = _flat(first[0] if len(first) == 1 and isinstance(first[0], list) else chain(first, values))
    return _bounded(records)


def split_text(body: bytes) -> list[str]:
    """The lines of a plain text; one that begins with white space goes on with the line before it (stack traces)."""
    check_size(body)
    lines: list[str] = []
    for line in _text(body).split("\n"):
        if not line.strip():
            continue
        if lines and line[0] in " \t":
            lines[-1] += "\n" + line.rstrip("\r")
        else:
            lines.append(line.rstrip("\r"))
            if len(lines) > MAX_RECORDS:
                break
    return _bounded(lines)
