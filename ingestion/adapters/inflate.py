"""Inflating compressed bodies: the limit holds while inflating, so a bomb is never held in memory.

A body that ends early is an error, also where what came so far would be whole lines.
"""

import zlib
from collections.abc import Callable

import zstandard

from ingestion.adapters.refusals import TooLarge, Undecodable, UnknownEncoding

READ_ENCODINGS = ("gzip", "zstd", "deflate")
# A body may be made of several compressed parts. Empty ones are small and slow to read, so their number is bounded.
MAX_MEMBERS = 10_000
_BLOCK = 64 * 1024
# What is read at once. What stands behind a part's end is copied, so the whole rest of the body must not be given.
_ZLIB_SLICE = 16 * 1024
# A zstd block of 4 bytes can give 128 KiB, so a slice of this size gives at most 16 MiB over the limit.
_ZSTD_SLICE = 512
_ZSTD_MAX_WINDOW = 8 * 1024 * 1024
_GZIP_OR_ZLIB, _RAW = 47, -15


def _check(total: int, limit: int) -> None:
    if total > limit:
        raise TooLarge(f"The body may have at most {limit} bytes when inflated. Send the items in several requests.")


def _inflate_zlib(body: bytes, limit: int, wbits: int) -> bytes:
    """Inflates gzip (also several members), zlib or raw deflate."""
    parts: list[bytes] = []
    total = place = members = 0
    while place < len(body):
        members = _next_member(members)
        inflater = zlib.decompressobj(wbits)
        while not inflater.eof:
            told = inflater.unconsumed_tail
            if not told:
                told = body[place : place + _ZLIB_SLICE]
                place += len(told)
            part = inflater.decompress(told, _BLOCK)
            total += len(part)
            _check(total, limit)
            parts.append(part)
            if not told and not part and not inflater.eof:
                raise Undecodable("The compressed body ends early.")
        place -= len(inflater.unused_data)
    return b"".join(parts)


def _next_member(members: int) -> int:
    if members == MAX_MEMBERS:
        raise TooLarge(f"The body may be made of at most {MAX_MEMBERS:,} compressed parts. Compress it as one.")
    return members + 1


def _inflate_gzip(body: bytes, limit: int) -> bytes:
    return _inflate_zlib(body, limit, _GZIP_OR_ZLIB)


def _inflate_deflate(body: bytes, limit: int) -> bytes:
    """Deflate means zlib by the standard, but some senders leave its wrapper out."""
    try:
        return _inflate_zlib(body, limit, _GZIP_OR_ZLIB)
    except zlib.error:
        return _inflate_zlib(body, limit, _RAW)


def _inflate_zstd(body: bytes, limit: int) -> bytes:
    """Inflates one or several zstd frames."""
    reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_MAX_WINDOW)
    parts: list[bytes] = []
    total = place = members = 0
    while place < len(body):
        members = _next_member(members)
        frame = reader.decompressobj()
        while not frame.eof:
            if place >= len(body):
                raise Undecodable("The compressed body ends early.")
            told = body[place : place + _ZSTD_SLICE]
            place += len(told)
            part = frame.decompress(told)
            total += len(part)
            _check(total, limit)
            parts.append(part)
        place -= len(frame.unused_data)
    return b"".join(parts)


_INFLATERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _inflate_gzip,
    "x-gzip": _inflate_gzip,
    "deflate": _inflate_deflate,
    "zstd": _inflate_zstd,
}


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its content encoding, at most `limit` bytes.

    Raises `TooLarge` past the limit, `Undecodable` when it is damaged or ends early, `UnknownEncoding`.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        _check(len(body), limit)
        return body
    inflater = _INFLATERS.get(name)
    if inflater is None:
        raise UnknownEncoding(f"Content-Encoding may be {', '.join(READ_ENCODINGS)} or left out.")
    try:
        return inflater(body, limit)
    except (zlib.error, zstandard.ZstdError) as error:
        raise Undecodable(f"The body is not valid {name}.") from error
