"""`make backup [TO=folder]`: a consistent copy of everything, while Steadyrun runs or not: `python -m config.backup`.

The folder (mode 0700) has:

- `backup.json`: when it was made of which version, and size and SHA-256 of the other files;
- `contents.zst`: migrations, rows of each table, costs by team and month, rights: a restored copy is compared with it;
- `database.zst`: the database by `pg_dump`, in the same snapshot as `contents.zst`;
- `files.zst`: the secret key, the first login, and the folder of exports, as a tar file.

With `BACKUP_PASSPHRASE` all but `backup.json` are encrypted. The file `backup.json` is written last: a folder without
one is no backup.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

import psycopg

from config import databases
from config.children import Say, StartError, write_private
from config.contents import contents
from config.environment import home as home_folder
from config.sealed import Sink, Written

FORMAT = 1
ROOT = Path(__file__).resolve().parent.parent
KEPT_FILES = ("secret_key", "login.json", "exports")
# What else is in a data folder (patterns of names), and why a backup leaves it out.
LEFT_OUT = {
    "postgres": "its rows are in database.zst",
    "servers.json": "passwords and ports of the servers: those of the new folder get their own",
    "addresses.json": "of the running servers",
    "ready.json": "of the running servers, with the first login",
    "*.ready": "of running processes",
    "*.pid": "of running processes",
    "lock": "of the running supervisor",
    "*.log": "what processes said",
    "static": "made at each start",
    "beat-schedule*": "when hints were sent last: made again",
    "backups": "other backups",
    "upgrade.json": "of an upgrade that is under way",
}
PROGRESS_SECONDS = 5.0


def say(message: str) -> None:
    """One line for the person who waits."""
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


def version() -> str:
    """The version of this program."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def readable(size: float) -> str:
    """A number of bytes for a person."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} GB"


def key_digest(home: Path) -> str:
    """A digest by which the secret key is known again, made slowly so that a weak key is not guessed from it."""
    path = home / "secret_key"
    key = os.environ.get("SECRET_KEY") or (path.read_text().strip() if path.exists() else "")
    return hashlib.scrypt(key.encode(), salt=b"steadyrun backup", n=1 << 14, r=8, p=1, dklen=16).hex()


def _new_folder(home: Path, to: str, now: datetime) -> Path:
    """Makes the folder of the backup, for its owner alone."""
    folder = Path(to).absolute() if to else home / "backups" / f"{now:%Y%m%d-%H%M%S}"
    if folder.exists() and any(folder.iterdir()):
        raise StartError(f"{folder} is not empty: name a new folder in TO")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def _copy(output: IO[bytes], sink: Sink, expected: int, say: Say) -> None:
    """Copies what `pg_dump` writes and says how far it is."""
    told = time.monotonic()
    while block := output.read(1 << 18):
        sink.write(block)
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            say(f"  {readable(sink.plain_bytes)} read; the database has {readable(expected)} with its indexes")


def _dump(program: Path, address: str, snapshot: str, path: Path, passphrase: str, expected: int, say: Say) -> Written:
    """Writes the database as it is in the snapshot. Raises `StartError` with what `pg_dump` says."""
    name, environment = databases.connection_of(address)
    command = [str(program), f"--dbname={name}", f"--snapshot={snapshot}", "--format=custom", "--compress=0"]
    with tempfile.TemporaryFile() as errors, Sink(path, passphrase) as sink:
        process = subprocess.Popen([*command, "--no-password"], env=environment, stdout=subprocess.PIPE, stderr=errors)
        try:
            _copy(cast("IO[bytes]", process.stdout), sink, expected, say)
        except BaseException:
            process.kill()
            raise
        finally:
            code = process.wait()
            cast("IO[bytes]", process.stdout).close()
        if code:
            errors.seek(0)
            raise StartError(f"pg_dump ended with code {code}:\n{errors.read().decode(errors='replace')[-2000:]}")
        return sink.end()


def _write(path: Path, passphrase: str, fill: Callable[[Sink], object]) -> Written:
    with Sink(path, passphrase) as sink:
        fill(sink)
        return sink.end()


def _pack_files(home: Path, sink: Sink) -> None:
    """Puts the files of the data folder into a tar file. Parts of exports that are being written are left out."""
    with tarfile.open(fileobj=cast("IO[bytes]", sink), mode="w|") as archive:
        for path in sorted(one for name in KEPT_FILES for one in (home / name, *(home / name).rglob("*"))):
            if path.is_file() and path.suffix != ".part":
                archive.add(path, arcname=str(path.relative_to(home)), recursive=False)


def _write_all(
    database: databases.Database, home: Path, folder: Path, passphrase: str, say: Say
) -> tuple[dict[str, Written], int]:
    """Writes the three files in one snapshot; what was written, and the major version of the `pg_dump` that did it."""
    program, major = databases.program("pg_dump", database.major(), is_embedded=database.is_embedded)
    with psycopg.connect(database.reader) as reader:
        reader.isolation_level, reader.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        row = reader.execute("SELECT pg_export_snapshot(), pg_database_size(current_database())").fetchone()
        snapshot, size = row or ("", 0)
        held = contents(reader) | {"key_digest": key_digest(home)}
        say(f"Copying {sum(held['counts'].values()):,} rows of {len(held['counts'])} tables")
        dumped = _dump(program, database.reader, snapshot, folder / "database.zst", passphrase, size, say)
    told = json.dumps(held).encode()
    written = {
        "database.zst": dumped,
        "contents.zst": _write(folder / "contents.zst", passphrase, lambda sink: sink.write(told)),
        "files.zst": _write(folder / "files.zst", passphrase, lambda sink: _pack_files(home, sink)),
    }
    return written, major


def take(home: Path, to: str, *, passphrase: str, say: Say = say, fast: bool = False) -> Path:
    """Makes a backup and returns its folder. Raises `StartError` when it cannot be made."""
    now = datetime.now(UTC)
    with ExitStack() as stack:
        database = databases.find(home, stack, say, fast=fast)
        folder = _new_folder(home, to, now)
        say(f"Backing up to {folder}" + (", encrypted" if passphrase else ""))
        files, dumped_by = _write_all(database, home, folder, passphrase, say)
        about: dict[str, Any] = {
            "format": FORMAT,
            "made_at": now.isoformat(timespec="seconds"),
            "version": version(),
            "postgresql": database.major(),
            "dumped_by": dumped_by,
            "is_encrypted": bool(passphrase),
            "files": {name: asdict(written) for name, written in files.items()},
        }
    write_private(folder / "backup.json", json.dumps(about, indent=1))
    say(f"Backed up: {readable(sum(one.bytes for one in files.values()))} in {folder}")
    return folder


def main() -> int:
    """Makes one backup: 0, or 1 with the reason."""
    parser = argparse.ArgumentParser(prog="python -m config.backup", description="Copies everything into a folder.")
    parser.add_argument("--to", default="", help="a new folder; else one in `backups` of the data folder")
    arguments = parser.parse_args()
    try:
        take(home_folder(), arguments.to, passphrase=os.environ.get("BACKUP_PASSPHRASE", ""))
    except (StartError, psycopg.Error, OSError) as error:
        say(f"No backup was made: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
