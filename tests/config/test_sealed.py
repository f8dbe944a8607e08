"""Files of a backup: what goes in comes out, and nothing that was changed does."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.children import StartError
from config.sealed import BLOCK_BYTES, SALT_BYTES, TAG_BYTES, Sink, Source, blocks


def write(path: Path, parts: list[bytes], passphrase: str) -> None:
    """Writes one file."""
    path.unlink(missing_ok=True)
    with Sink(path, passphrase) as sink:
        for part in parts:
            sink.write(part)
        assert sink.end().bytes == path.stat().st_size


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the file is written."""
    return tmp_path_factory.mktemp("sealed") / "file.zst"


@given(parts=st.lists(st.binary(max_size=2000)))
def test_what_goes_in_comes_out_whatever_the_parts(path: Path, parts: list[bytes]) -> None:
    write(path, parts, "")
    assert b"".join(blocks(path, "")) == b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES - 100, BLOCK_BYTES, 2 * BLOCK_BYTES + 1])
def test_sealed_blocks_of_any_number_come_out(path: Path, size: int) -> None:
    data = os.urandom(size)
    write(path, [data], "secret")
    assert size < 64 or data[:64] not in path.read_bytes()
    source = Source(path, "secret")
    assert source.read(size + 1) == data
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_passphrase_and_changed_or_missing_blocks_are_refused(path: Path) -> None:
    write(path, [os.urandom(3 * BLOCK_BYTES)], "secret")
    whole, start, step = path.read_bytes(), SALT_BYTES + 7, BLOCK_BYTES + TAG_BYTES
    first, second = whole[start : start + step], whole[start + step : start + 2 * step]
    with pytest.raises(StartError, match="BACKUP_PASSPHRASE"):
        list(blocks(path, "Secret"))
    for changed in (
        whole[: start + 2 * step],
        whole[:start] + second + first + whole[start + 2 * step :],
        whole[:start] + whole[start + step :],
        whole[:-1] + bytes([whole[-1] ^ 1]),
    ):
        path.write_bytes(changed)
        with pytest.raises(StartError, match="cannot be decrypted"):
            list(blocks(path, "secret"))


def test_a_file_that_was_cut_off_is_refused(path: Path) -> None:
    write(path, [b"words " * 10000], "")
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(StartError, match="ends too early"):
        list(blocks(path, ""))
