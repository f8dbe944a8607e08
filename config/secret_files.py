"""Secrets from files: `NAME_FILE` names a file whose text stands for the variable `NAME`.

Docker and Podman lay secrets below `/run/secrets`, systemd below `$CREDENTIALS_DIRECTORY`: nobody who can only look at
a container or a unit sees what is in such a file. Read before anything else, by the package `config` itself.
"""

from collections.abc import MutableMapping
from pathlib import Path

NAMES = (
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_REPLICA_URL",
    "DATABASE_BACKUP_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "BACKUP_PASSPHRASE",
    "ARCHIVE_KEY",
    "ARCHIVE_SECRET",
    "AUDIT_STREAM_SECRET",
    "STEADYRUN_METRICS_TOKEN",
)


def take_secret_files(environment: MutableMapping[str, str]) -> None:
    """Puts the text of each named file in place of its variable, without the spaces and line ends around it.

    Raises `SystemExit` with one line, which never has the text: the process must not start with half of its secrets.
    """
    for name in NAMES:
        # Taken out: a process started from this one finds the variable, and would not know which of both counts.
        path = environment.pop(f"{name}_FILE", "")
        if not path:
            continue
        if environment.get(name):
            raise SystemExit(f"{name} and {name}_FILE are both set: keep one of them")
        try:
            text = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SystemExit(f"{name}_FILE: {path} cannot be read ({type(error).__name__})") from None
        if not text:
            raise SystemExit(f"{name}_FILE: {path} is empty")
        environment[name] = text
