"""How many frames and items a protobuf request holds, counted before anything is made of them.

An empty message takes two bytes, so a small body could ask for millions of objects. The walk follows the wire format
(https://protobuf.dev/programming-guides/encoding/): resources are field 1 of a request, scopes field 2 of a resource,
items field 2 of a scope. Whatever it does not understand is left to the parser, which refuses it.
"""

from collections.abc import Iterator

from ingestion.adapters.refusals import TooLarge

MAX_FRAMES = 10_000
MAX_ITEMS = 100_000
# Items of smaller bodies are counted once they are parsed: there cannot be many more than the limit.
WALKED_BYTES = 1_000_000
_RESOURCE, _SCOPE, _ITEM = 0x0A, 0x12, 0x12
_FIXED = {1: 8, 5: 4}


def check_frames(body: bytes) -> None:
    """Raises `TooLarge` for more than 10,000 resources and scopes, or in a large body more than 100,000 items."""
    frames = items = 0
    for start, end in _fields(body, 0, len(body), _RESOURCE):
        frames += 1
        for scope_start, scope_end in _fields(body, start, end, _SCOPE):
            frames += 1
            if frames > MAX_FRAMES:
                break
            if len(body) > WALKED_BYTES:
                for _ in _fields(body, scope_start, scope_end, _ITEM):
                    items += 1
                    check_items(items)
        if frames > MAX_FRAMES:
            raise TooLarge(f"A request may have at most {MAX_FRAMES:,} resources and scopes.")


def check_items(count: int) -> None:
    """Raises `TooLarge` for more items than one request may have."""
    if count > MAX_ITEMS:
        raise TooLarge(f"A request may have at most {MAX_ITEMS:,} items. Send them in several requests.")


def _fields(body: bytes, place: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Start and end of the values of one length-delimited field; stops where the bytes make no sense."""
    while place < end:
        tag, place = _varint(body, place, end)
        kind = tag & 7
        if kind == 2:
            length, place = _varint(body, place, end)
            if place + length > end:
                return
            if tag == wanted:
                yield place, place + length
            place += length
        elif kind == 0:
            _, place = _varint(body, place, end)
        elif kind in _FIXED:
            place += _FIXED[kind]
        else:
            return


def _varint(body: bytes, place: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while place < end and shift < 64:
        byte = body[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    # No number: nothing after it can be read either.
    return 7, end
