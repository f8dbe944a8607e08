"""Migrations that do not hold up who works meanwhile: each waits only so long for a lock, then lets all others pass.

A statement that waits for a lock makes every later one on that table wait behind it. So it gives up after
`MIGRATION_LOCK_SECONDS` (5), and the migration, which is one transaction, is tried again after a pause
(docs/migrations.md). So it is when it and somebody else wait for each other, and it is the one that was ended.
"""

import os
import time
from collections.abc import Callable

from django.core.management import call_command
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import DeadlockDetected, LockNotAvailable

TRIES = 10
PAUSE_SECONDS = 5.0


def lock_seconds() -> float:
    """How long a migration waits for a lock."""
    return float(os.environ.get("MIGRATION_LOCK_SECONDS", "5"))


def migrate_patiently(
    connection: BaseDatabaseWrapper,
    say: Callable[[str], None],
    *,
    tries: int = TRIES,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Applies what is missing over this connection. What was applied before a lock was not got stays applied."""
    for left in reversed(range(tries)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{int(lock_seconds() * 1000)}ms"])
        try:
            call_command("migrate", database=connection.alias, interactive=False, verbosity=1)
        except OperationalError as error:
            if not left or not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
                raise
            say(f"Somebody holds a lock: trying again in {PAUSE_SECONDS:.0f} s ({left} more times)")
            pause(PAUSE_SECONDS)
        else:
            return
