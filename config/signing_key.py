"""The key that signs sessions and encrypts secrets: of the environment, else made once and kept in the data folder."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from accounts.addresses import is_elsewhere

# Letters that the key must have, and how many different ones: fewer can be tried out.
LEAST_LETTERS, LEAST_DIFFERENT = 32, 5


def read_signing_key(environment: Mapping[str, str], home: Path) -> str:
    """The key, or one that is made now (mode 0600).

    Raises `SystemExit` where none is told and none is kept, although a database elsewhere is served to other machines:
    each machine would make a key of its own, so that none could read the others' sessions and secrets.
    """
    if key := environment.get("SECRET_KEY"):
        return key
    path = home / "secret_key"
    if path.exists():
        return path.read_text().strip()
    if is_elsewhere(environment.get("DATABASE_URL", "")) and is_elsewhere(environment.get("BASE_URL", "")):
        raise SystemExit(
            "SECRET_KEY is not set. With a database elsewhere every machine needs the same one: make it once with "
            "`openssl rand -base64 48` and give it to all processes in SECRET_KEY or, as a file, in SECRET_KEY_FILE"
        )
    home.mkdir(parents=True, exist_ok=True)
    key = secrets.token_urlsafe(48)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(key)
    return key


def fault_of(key: str) -> str:
    """What makes a key unfit for an installation that others reach; empty where nothing does."""
    if len(key) < LEAST_LETTERS:
        return f"has fewer than {LEAST_LETTERS} letters"
    if len(set(key)) < LEAST_DIFFERENT:
        return f"has fewer than {LEAST_DIFFERENT} different letters"
    if key.lower().startswith(("django-insecure", "change", "secret", "example")):
        return "is a placeholder"
    return ""
