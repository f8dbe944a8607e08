"""Reading history files of any size in constant memory: lines of JSON, or a saved answer of an API.

A saved answer is one large object (or several, as paging tools write them) that holds its items in a list. The
splitter finds that list and gives one item at a time, without ever holding the whole.
"""

import gzip
import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from msgspec import Struct

MAX_ITEM_BYTES = 64 * 1024 * 1024
_HEAD_BYTES = 1024 * 1024
_BLOCK = 256 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
# A whole text, the start of one whose end is not there yet, or a bracket.
_SIGNS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|"|[\[\]{}]', re.DOTALL)
_LIST_KEYS = re.compile(rb'"(?:workflow_runs|dag_runs|data)"\s*:\s*\[')
_LIST_NAMES = {b'"workflow_runs"', b'"dag_runs"', b'"data"'}


class Piece(Struct):
    """One item's bytes. `number` is its line, or its place in a saved answer (from 1); `end` the offset behind it.

    `problem` says why the bytes cannot be an item.
    """

    number: int
    body: bytes
    end: int
    problem: str = ""


def digest_of(path: Path) -> str:
    """Tells files apart: SHA-256 over the first mebibyte and the size."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return hashlib.sha256(head + str(path.stat().st_size).encode()).hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The file's inflated bytes, and the file itself (whose position tells how far the reading got)."""
    with path.open("rb") as raw:
        compressed = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        yield (io.BufferedReader(gzip.GzipFile(fileobj=raw)) if compressed else raw), raw


def is_lines(path: Path) -> bool:
    """Whether a file holds one item a line: by its first line, which is then a whole object."""
    with opened(path) as (stream, _):
        first = b""
        while line := stream.readline(_BLOCK):
            first = line.strip().removeprefix(b"\xef\xbb\xbf")
            if first:
                break
    if any(part in {".jsonl", ".ndjson"} for part in path.suffixes):
        return True
    return first.startswith(b"{") and first.endswith(b"}") and not _LIST_KEYS.search(first[:_BLOCK])


def _skip_line(stream: IO[bytes]) -> int:
    """Reads on to the end of a line that is too long; how many bytes that was."""
    skipped = 0
    while part := stream.readline(_BLOCK):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped


def read_lines(stream: IO[bytes], *, offset: int = 0, number: int = 0) -> Iterator[Piece]:
    """The lines of a stream, from an offset on (which is behind line `number`)."""
    position = _skip(stream, offset)
    while line := stream.readline(MAX_ITEM_BYTES):
        number += 1
        position += len(line)
        if not line.endswith(b"\n") and len(line) == MAX_ITEM_BYTES:
            position += _skip_line(stream)
            yield Piece(number, b"", position, f"is longer than {MAX_ITEM_BYTES} bytes")
        elif line.strip():
            yield Piece(number, line, position)


def _skip(stream: IO[bytes], offset: int) -> int:
    """Moves to an offset; a compressed stream has to be read up to there."""
    left = offset
    while left > 0 and (part := stream.read(min(left, _BLOCK))):
        left -= len(part)
    return offset - left


class _Splitter:
    """Follows the brackets of JSON text that comes in blocks and cuts out the items."""

    def __init__(self) -> None:
        self.buffer = b""
        self.scanned = 0
        self.base = 0
        self.stack: list[bytes] = []
        self.last_text = b""
        self.item_depth = 0
        self.item_start = -1
        self.inside_list = False
        self.number = 0

    def feed(self, block: bytes, *, last: bool = False) -> Iterator[Piece]:
        """The items that a further block completes."""
        self.buffer += block
        for match in _SIGNS.finditer(self.buffer, self.scanned):
            sign = match[0]
            if sign == b'"':
                self.scanned = match.start()
                break
            self.scanned = match.end()
            if sign[:1] == b'"':
                self.last_text = sign
            elif sign in b"[{":
                self._open(sign, match.start())
            elif self.stack:
                yield from self._close(match.end())
        self._forget(last=last)

    def _open(self, sign: bytes, at: int) -> None:
        depth = len(self.stack)
        if sign == b"[" and not self.inside_list and self.last_text in _LIST_NAMES and depth <= 2:
            # The items are in here, so the object around it is none.
            self.inside_list, self.item_depth, self.item_start = True, depth + 1, -1
        elif sign == b"{" and self.item_start < 0 and self._is_item_place(depth):
            self.item_start, self.item_depth = at, depth
        self.stack.append(sign)
        self.last_text = b""

    def _is_item_place(self, depth: int) -> bool:
        """In the list of a saved answer; else at the top, or in a list at the top."""
        if self.inside_list:
            return depth == self.item_depth
        return depth == 0 or (depth == 1 and self.stack == [b"["])

    def _close(self, end: int) -> Iterator[Piece]:
        self.stack.pop()
        depth = len(self.stack)
        if self.item_start >= 0 and depth == self.item_depth:
            self.number += 1
            yield Piece(self.number, self.buffer[self.item_start : end], self.base + end)
            self.item_start = -1
        elif self.inside_list and depth < self.item_depth:
            self.inside_list, self.last_text = False, b""

    def _forget(self, *, last: bool) -> None:
        """Drops what is not needed again: everything before the item at work, or before the unfinished text."""
        keep = self.item_start if self.item_start >= 0 else self.scanned
        if last and self.stack:
            raise ValueError(f"the file ends early, behind item {self.number}")
        if len(self.buffer) - keep > MAX_ITEM_BYTES:
            raise ValueError(f"item {self.number + 1} is longer than {MAX_ITEM_BYTES} bytes; the rest was not read")
        self.buffer = self.buffer[keep:]
        self.base += keep
        self.scanned -= keep
        self.item_start = min(self.item_start, 0)


def read_document(stream: IO[bytes], *, number: int = 0) -> Iterator[Piece]:
    """The items of a saved answer, behind the first `number` ones. Raises `ValueError` where it ends early."""
    splitter = _Splitter()
    while block := stream.read(_BLOCK):
        yield from (piece for piece in splitter.feed(block) if piece.number > number)
    yield from (piece for piece in splitter.feed(b"", last=True) if piece.number > number)
