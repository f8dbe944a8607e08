"""`make restore FROM=folder`: a backup into an empty data folder or database: `python -m config.restoring`.

Nothing is restored over anything. When all is there, what the database holds is compared with what the backup tells:
rows of each table, costs by team and month to the last digit, closed months, row-level security and rights.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any, cast

import psycopg

from config import databases, embedded
from config.backup import FORMAT, KEPT_FILES, PROGRESS_SECONDS, key_digest, readable, say
from config.children import Say, StartError, unprivileged_account
from config.contents import contents, differences
from config.environment import home as home_folder
from config.postgres import APP
from config.sealed import Source, blocks


def read_about(folder: Path, passphrase: str) -> dict[str, Any]:
    """What the backup says of itself, after its files were checked. Raises `StartError` when something is amiss."""
    path = folder / "backup.json"
    if not path.exists():
        raise StartError(f"{folder} is no whole backup (it has no backup.json): name a folder that `make backup` made")
    about: dict[str, Any] = json.loads(path.read_text())
    if about["format"] != FORMAT:
        raise StartError(f"the backup has format {about['format']}, not {FORMAT}: restore with {about['version']}")
    if about["is_encrypted"] and not passphrase:
        raise StartError("the backup is encrypted: give its passphrase in BACKUP_PASSPHRASE")
    for name, told in about["files"].items():
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != told["sha256"]:
                raise StartError(f"{folder / name} is not as it was written: copy it again from where it was made")
    return about


def read_contents(folder: Path, about: dict[str, Any], passphrase: str) -> dict[str, Any]:
    """What the backup says that the database holds."""
    key = passphrase if about["is_encrypted"] else ""
    held: dict[str, Any] = json.loads(b"".join(blocks(folder / "contents.zst", key)))
    return held


def _make_role(database: databases.Database) -> None:
    """Makes the application's role where it is missing; another database of the server may have made it."""
    with psycopg.connect(database.owner, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP]).fetchone() is None:
            connection.execute(f"CREATE ROLE {APP} NOLOGIN NOSUPERUSER NOBYPASSRLS")
            connection.execute(f"GRANT {APP} TO CURRENT_USER")


def _program(database: databases.Database, about: dict[str, Any]) -> Path:
    """The `pg_restore` that can read the backup and talk to the server. Raises `StartError` when there is none."""
    server, made_by = database.major(), about["postgresql"]
    if server < made_by:
        raise StartError(
            f"the backup is of PostgreSQL {made_by}, the server is {server}: restore into {made_by} or later"
        )
    at_least = max(server, about["dumped_by"])
    program, major = databases.program("pg_restore", at_least, is_embedded=database.is_embedded)
    if server < 17 <= major:
        reason = f"pg_restore {major} uses a setting that PostgreSQL {server} does not know"
        raise StartError(f"{reason}: back up with the client programs of {server}, or restore into 17 or later")
    return program


def fill(database: databases.Database, folder: Path, about: dict[str, Any], passphrase: str, say: Say) -> None:
    """Fills the empty database as its owner. Raises `StartError` with what `pg_restore` says."""
    program = _program(database, about)
    _make_role(database)
    size = about["files"]["database.zst"]["plain_bytes"]
    say(f"Restoring {readable(size)} into PostgreSQL {database.major()}")
    name, environment = databases.connection_of(database.owner)
    command = [str(program), f"--dbname={name}", "--no-owner", "--exit-on-error", "--no-password", "--format=custom"]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stderr=errors)
        try:
            _feed(process, blocks(folder / "database.zst", passphrase if about["is_encrypted"] else ""), size, say)
        except BaseException:
            process.kill()
            raise
        finally:
            code = process.wait()
        if code:
            errors.seek(0)
            raise StartError(f"pg_restore ended with code {code}:\n{errors.read().decode(errors='replace')[-2000:]}")
    with psycopg.connect(database.owner, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _feed(process: subprocess.Popen[bytes], parts: Iterator[bytes], size: int, say: Say) -> None:
    """Gives the program its input and says how far it is. One that ends before it took all says why by itself."""
    given, done, told = cast("IO[bytes]", process.stdin), 0, time.monotonic()
    with suppress(BrokenPipeError):
        for part in parts:
            given.write(part)
            done += len(part)
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                say(f"  {readable(done)} of {readable(size)}")
    with suppress(BrokenPipeError):
        given.close()


def check(database: databases.Database, expected: dict[str, Any]) -> None:
    """Compares what is there with what the backup tells. Raises `StartError` with each difference."""
    with psycopg.connect(database.reader) as connection:
        found = contents(connection)
    if said := differences(expected, found):
        raise StartError("what was restored is not what was backed up; do not use it:\n  " + "\n  ".join(said))


def unpack_files(folder: Path, about: dict[str, Any], passphrase: str, home: Path) -> None:
    """Puts the secret key, the first login and the exports into the data folder."""
    source = Source(folder / "files.zst", passphrase if about["is_encrypted"] else "")
    with tarfile.open(fileobj=cast("IO[bytes]", source), mode="r|") as archive:
        archive.extractall(home, filter=_private)  # noqa: S202 - the filter keeps all inside the folder


def _private(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
    """A file as it is unpacked: inside the folder, and for its owner alone. Raises `tarfile.FilterError`."""
    return tarfile.data_filter(member, folder).replace(mode=0o600, deep=False)


def _take_back(home: Path) -> None:
    """Removes what a restore that failed has made, so that it can be tried again."""
    shutil.rmtree(embedded.server_folder(home, unprivileged_account()), ignore_errors=True)
    for name in ("servers.json", *KEPT_FILES):
        path = home / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def restore(home: Path, folder: Path, *, passphrase: str, say: Say = say, fast: bool = False) -> dict[str, Any]:
    """Restores a backup into an empty data folder or database and returns what it holds. Raises `StartError`."""
    about = read_about(folder, passphrase)
    expected = read_contents(folder, about, passphrase)
    with ExitStack() as stack:
        database = databases.make(home, stack, say, fast=fast)
        try:
            fill(database, folder, about, passphrase, say)
            unpack_files(folder, about, passphrase, embedded.prepare_home(home))
            say("Comparing with what the backup tells")
            check(database, expected)
        except BaseException:
            if database.is_embedded:
                stack.close()
                _take_back(home)
            raise
    if key_digest(home) != expected["key_digest"]:
        say(
            "The backup was made with another SECRET_KEY, given by the environment: set SECRET_KEY to that one, or "
            "secrets of sources, channels and destinations must be entered again"
        )
    rows, lines = sum(expected["counts"].values()), sum(one[2] for one in expected["finance"])
    say(f"Restored: {rows:,} rows and {lines:,} cost lines are as they were backed up at {about['made_at']}")
    return expected


def main() -> int:
    """Restores one backup: 0, or 1 with the reason."""
    parser = argparse.ArgumentParser(prog="python -m config.restoring", description="Restores a backup into nothing.")
    parser.add_argument("folder", help="the folder that `make backup` made")
    arguments = parser.parse_args()
    try:
        restore(home_folder(), Path(arguments.folder).absolute(), passphrase=os.environ.get("BACKUP_PASSPHRASE", ""))
    except (StartError, psycopg.Error, OSError) as error:
        say(f"Not restored: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
