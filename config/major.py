"""A new major version of the embedded PostgreSQL: the old cluster is put aside, a new one filled from a backup.

PostgreSQL reads no data folder of another major version. The old one stays beside the new one as `data.VERSION`, so
that there is a way back without a restore, until somebody deletes it.
"""

import shutil
from contextlib import ExitStack
from pathlib import Path

from config import databases, embedded, postgres
from config.children import Say, StartError, unprivileged_account
from config.restoring import check, fill, read_about, read_contents


def version_of(home: Path) -> int | None:
    """The major version that made the cluster of this data folder; None when it has none."""
    path = embedded.server_folder(home, unprivileged_account()) / "data" / "PG_VERSION"
    return int(path.read_text()) if path.exists() else None


def preferred() -> int:
    """The major version that a new cluster would have."""
    majors = [major for _, major in postgres.installed() if major >= postgres.OLDEST]
    if not majors:
        raise StartError(
            f"no PostgreSQL {postgres.OLDEST} or later on this machine: run `make up` once, or install one"
        )
    return majors[0]


def replace_cluster(home: Path, backup: Path, *, passphrase: str, say: Say, fast: bool = False) -> Path:
    """Fills a new cluster from the backup, compares it with what the backup tells, and returns where the old one is.

    Steadyrun must be stopped. When anything fails, the old cluster is put back in its place, and `StartError` says why.
    """
    about = read_about(backup, passphrase)
    expected = read_contents(backup, about, passphrase)
    folder = embedded.server_folder(home, unprivileged_account())
    aside = folder / f"data.{version_of(home)}"
    if aside.exists():
        raise StartError(f"{aside} is there from an earlier upgrade: delete it or move it away")
    (folder / "data").rename(aside)
    try:
        with ExitStack() as stack:
            started = stack.enter_context(embedded.start(home, fast=fast, say=say))
            database = databases.of_servers(started)
            fill(database, backup, about, passphrase, say)
            check(database, expected)
    except BaseException:
        shutil.rmtree(folder / "data", ignore_errors=True)
        aside.rename(folder / "data")
        say("The old cluster is back in its place")
        raise
    say(f"The old cluster is kept in {aside}: delete it when all is well")
    return aside
