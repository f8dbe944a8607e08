"""Chunks of payload: what an execution and its steps carried, as reported, merged when they are read.

A chunk is zstd, with the words of `payload_words`, over JSON `{"r": revision, "e": {scope}, "t": {"<the sender's own
step id>": {scope}}}`, keys only where told. Chunks of earlier versions have `"s": {"<step id>": {scope}}` in place of
`t`, with the sender's own id in the scope: the number, which follows from that, takes 12 bytes a step (ADR 0024).
Scope of an execution: input, output, attributes, tags, feedback, error {type, message, detail}, told_status,
session, user, usage. Scope of a step, as it is read: id and parent (the sender's own), input, output, attributes,
error, told_status, usage (the provider's own object).
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import zstandard

from monitoring.identity import StepIds, derive_number
from monitoring.store.payload_words import WORDS

LEVEL = 5
# Keys whose values are merged key by key: different parts tell different ones.
KEYED = frozenset({"attributes", "tags", "feedback"})
# A chunk cannot be larger than a request; the limit only stops a damaged row.
MAX_CHUNK_BYTES = 256 * 1024 * 1024

# Chunks that were written without the words are read with them, too.
_WORDS = zstandard.ZstdCompressionDict(WORDS, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
_WORDS.precompute_compress(level=LEVEL)
_local = threading.local()
_encode_canonical = msgspec.json.Encoder(order="deterministic", decimal_format="number").encode
_decode = msgspec.json.Decoder().decode

Scope = dict[str, Any]
# What won so far under one key: revision, canonical JSON, value.
_Best = tuple[int, bytes, Any]


@dataclass(frozen=True, slots=True)
class ExecutionPayload:
    """The merged payload of an execution: its own scope, and the scopes of its steps by step id."""

    execution: Scope = field(default_factory=dict)
    steps: dict[int, Scope] = field(default_factory=dict)


def _compressor() -> zstandard.ZstdCompressor:
    """This thread's compressor: its state takes longer to make than a chunk to compress."""
    found: zstandard.ZstdCompressor | None = getattr(_local, "compressor", None)
    if found is None:
        found = _local.compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=False, dict_data=_WORDS)
    return found


def _decompressor() -> zstandard.ZstdDecompressor:
    """This thread's decompressor."""
    found: zstandard.ZstdDecompressor | None = getattr(_local, "decompressor", None)
    if found is None:
        found = _local.decompressor = zstandard.ZstdDecompressor(dict_data=_WORDS)
    return found


def make_chunk(revision: int, execution: Scope, steps: dict[str, Scope]) -> tuple[int, bytes] | None:
    """The digest and the body of one reported part, its steps by the sender's own ids; None when it carries nothing."""
    if not execution and not steps:
        return None
    content: dict[str, Any] = {"r": revision} if revision else {}
    if execution:
        content["e"] = execution
    if steps:
        content["t"] = steps
    text = _encode_canonical(content)
    return derive_number(text), _compressor().compress(text)


def unpack_chunk(body: bytes) -> str:
    """The JSON text of a chunk: for searches that need no meaning."""
    return _decompressor().decompress(bytes(body), max_output_size=MAX_CHUNK_BYTES).decode()


def _offer(best: dict[str, _Best], key: str, revision: int, value: Any) -> None:
    new = (revision, _encode_canonical(value), value)
    if key not in best or new[:2] > best[key][:2]:
        best[key] = new


class _MergedScope:
    """Per key the higher revision wins, then the greater canonical JSON."""

    def __init__(self) -> None:
        self.plain: dict[str, _Best] = {}
        self.keyed: dict[str, dict[str, _Best]] = {}

    def add(self, scope: Scope, revision: int) -> None:
        for name, value in scope.items():
            if name in KEYED and isinstance(value, dict):
                inner = self.keyed.setdefault(name, {})
                for key, one in value.items():
                    _offer(inner, key, revision, one)
            else:
                _offer(self.plain, name, revision, value)

    def values(self) -> Scope:
        merged = {name: best[2] for name, best in self.plain.items()}
        for name, inner in self.keyed.items():
            merged[name] = {key: inner[key][2] for key in sorted(inner)}
        return {name: merged[name] for name in sorted(merged)}


def merge_scopes(scopes: Iterable[Scope]) -> Scope:
    """What several scopes of the same step, told in one report, say together."""
    merged = _MergedScope()
    for scope in scopes:
        merged.add(scope, 0)
    return merged.values()


class _OwnPart(msgspec.Struct):
    """The part of a chunk that is the execution's own; the steps are passed over without being read."""

    r: int = 0
    e: Scope = {}


_decode_own = msgspec.json.Decoder(_OwnPart).decode


def merge_own(bodies: Iterable[bytes]) -> Scope:
    """What the execution itself carried, as `merge_chunks` merges it."""
    decompress = _decompressor().decompress
    parts = [_decode_own(decompress(bytes(body), max_output_size=MAX_CHUNK_BYTES)) for body in bodies]
    if len(parts) == 1:
        # Written in the order of its keys, so this is what merging would give.
        return parts[0].e
    merged = _MergedScope()
    for part in parts:
        merged.add(part.e, part.r)
    return merged.values()


def merge_chunks(execution_id: UUID, bodies: Iterable[bytes]) -> ExecutionPayload:
    """The payload that these chunks of an execution say together; their order and repetition do not matter."""
    decompress = _decompressor().decompress
    contents = [_decode(decompress(bytes(body), max_output_size=MAX_CHUNK_BYTES)) for body in bodies]
    ids = StepIds(execution_id)
    if len(contents) == 1:
        # Written in the order of its keys, so this is what merging would give.
        told = dict(_steps_of(contents[0], ids))
        return ExecutionPayload(contents[0].get("e", {}), {number: told[number] for number in sorted(told)})
    execution = _MergedScope()
    steps: dict[int, _MergedScope] = {}
    for content in contents:
        revision = content.get("r", 0)
        execution.add(content.get("e", {}), revision)
        for number, scope in _steps_of(content, ids):
            steps.setdefault(number, _MergedScope()).add(scope, revision)
    return ExecutionPayload(execution.values(), {number: steps[number].values() for number in sorted(steps)})


def _steps_of(content: dict[str, Any], ids: StepIds) -> Iterator[tuple[int, Scope]]:
    """The scopes of the steps of a chunk, by step id."""
    for number, scope in content.get("s", {}).items():
        yield int(number), scope
    for told, scope in content.get("t", {}).items():
        yield ids[told], dict(sorted({**scope, "id": told}.items()))
