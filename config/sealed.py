"""Files of a backup: compressed (zstd) and, with a passphrase, encrypted; written and read as streams.

An encrypted file is the salt (16 bytes), then a prefix of nonces (7 bytes), then blocks of 1 MiB, each with its
tag. Blocks are sealed with AES-256-GCM after the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the
nonce is prefix, number of the block and whether it is the last, so that blocks cannot be left out, moved or cut off
unnoticed. The key comes from the passphrase by scrypt (n = 2^15, r = 8, p = 1).
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from config.children import StartError

BLOCK_BYTES = 1 << 20
TAG_BYTES, SALT_BYTES, PREFIX_BYTES = 16, 16, 7


def derived_key(passphrase: str, salt: bytes) -> bytes:
    """The key of 32 bytes that belongs to a passphrase and a salt."""
    return Scrypt(salt=salt, length=32, n=1 << 15, r=8, p=1).derive(passphrase.encode())


def _nonce(prefix: bytes, number: int, *, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([is_last])


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was written: bytes on disk, bytes before packing, and its SHA-256 as hexadecimal text."""

    bytes: int
    plain_bytes: int
    sha256: str


class Sink:
    """Takes bytes and writes them packed, and sealed where there is a passphrase, to a new file of mode 0600."""

    def __init__(self, path: Path, passphrase: str) -> None:
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._pack = zstandard.ZstdCompressor(level=3).compressobj()
        self._digest, self._size, self.plain_bytes = hashlib.sha256(), 0, 0
        self._held, self._number = bytearray(), 0
        self._cipher: AESGCM | None = None
        if passphrase:
            salt, self._prefix = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(PREFIX_BYTES)
            self._cipher = AESGCM(derived_key(passphrase, salt))
            self._put(salt + self._prefix)

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def _seal(self, *, is_last: bool) -> None:
        """Writes the blocks that are full; at the end also the one that is not, which may be empty."""
        if self._cipher is None:
            self._put(bytes(self._held))
            self._held.clear()
            return
        while len(self._held) > BLOCK_BYTES or is_last:
            ends = is_last and len(self._held) <= BLOCK_BYTES
            nonce = _nonce(self._prefix, self._number, is_last=ends)
            self._put(self._cipher.encrypt(nonce, bytes(self._held[:BLOCK_BYTES]), None))
            del self._held[:BLOCK_BYTES]
            self._number += 1
            if ends:
                break

    def write(self, data: bytes) -> int:
        """Takes bytes; how many."""
        self.plain_bytes += len(data)
        self._held += self._pack.compress(data)
        self._seal(is_last=False)
        return len(data)

    def end(self) -> Written:
        """Writes what is left and has the disk keep it."""
        self._held += self._pack.flush()
        self._seal(is_last=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return Written(self._size, self.plain_bytes, self._digest.hexdigest())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()


def _raw(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def _opened(path: Path, passphrase: str) -> Iterator[bytes]:
    """The packed bytes of an encrypted file. Raises `StartError` for another passphrase or a changed file."""
    with path.open("rb") as file:
        cipher = AESGCM(derived_key(passphrase, file.read(SALT_BYTES)))
        prefix, number = file.read(PREFIX_BYTES), 0
        block = file.read(BLOCK_BYTES + TAG_BYTES)
        while True:
            following = file.read(BLOCK_BYTES + TAG_BYTES)
            try:
                yield cipher.decrypt(_nonce(prefix, number, is_last=not following), block, None)
            except InvalidTag:
                reason = "give the passphrase of this backup in BACKUP_PASSPHRASE; else the file was changed or cut off"
                raise StartError(f"{path.name} cannot be decrypted: {reason}") from None
            if not following:
                return
            block, number = following, number + 1


def blocks(path: Path, passphrase: str) -> Iterator[bytes]:
    """What was written into the file, block by block. Raises `StartError` when it cannot be read."""
    unpack = zstandard.ZstdDecompressor().decompressobj()
    try:
        for block in _opened(path, passphrase) if passphrase else _raw(path):
            yield unpack.decompress(block)
    except zstandard.ZstdError as error:
        raise StartError(f"{path.name} cannot be unpacked: {error}") from None
    if not unpack.eof:
        raise StartError(f"{path.name} ends too early: copy the backup again from where it was made")


class Source:
    """The same as something that can be read from, for `tarfile`."""

    def __init__(self, path: Path, passphrase: str) -> None:
        self._blocks = blocks(path, passphrase)
        self._held = bytearray()

    def read(self, size: int) -> bytes:
        """The next bytes, fewer than `size` only at the end."""
        while len(self._held) < size and (block := next(self._blocks, None)) is not None:
            self._held += block
        data = bytes(self._held[:size])
        del self._held[:size]
        return data
