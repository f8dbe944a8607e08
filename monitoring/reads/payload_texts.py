"""Whether what an execution carried contains words: in the values as they count today, upper and lower case alike."""

from collections.abc import Iterator, Sequence, Set
from typing import Any
from uuid import UUID

import msgspec
import zstandard

from monitoring.store.payloads import Scope, merge_chunks, unpack_chunk

# A chunk that unpacks to more is not searched.
MAX_UNPACKED_BYTES = 32 * 1024 * 1024
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Words:
    """Words ready to be looked for in JSON, where a quote or a line break is written with a backslash."""

    def __init__(self, words: Sequence[str]) -> None:
        self._told = [_encode(one)[1:-1].decode().casefold() for one in words]

    def in_text(self, text: str) -> set[int]:
        """The numbers of the words that a text contains."""
        low = text.casefold()
        return {number for number, told in enumerate(self._told) if told in low}

    def in_payload(self, execution_id: UUID, bodies: Sequence[bytes], kinds: Set[str]) -> set[int]:
        """The numbers of the words in the inputs, outputs or errors (`kinds`) of an execution and its steps.

        Most chunks hold none of the words anywhere and are only unpacked.
        """
        candidates: set[int] = set()
        for body in bodies:
            candidates |= self.in_text(unpack_chunk(body))
        if not candidates:
            return candidates
        found: set[int] = set()
        for value in _values(execution_id, bodies, kinds):
            found |= self.in_text(_encode(value).decode())
            if found >= candidates:
                break
        return found


def is_too_large(body: bytes) -> bool:
    """Whether a chunk unpacks to more than is searched."""
    return zstandard.frame_content_size(body) > MAX_UNPACKED_BYTES


def _values(execution_id: UUID, bodies: Sequence[bytes], kinds: Set[str]) -> Iterator[Any]:
    payload = merge_chunks(execution_id, bodies)
    scopes: list[Scope] = [payload.execution, *payload.steps.values()]
    for scope in scopes:
        yield from (scope[kind] for kind in kinds if kind in scope)
