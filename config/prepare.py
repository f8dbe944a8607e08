"""Brings database and static files up to date before the processes start: `python -m config.prepare`.

One process for all of it, because loading Django costs more than most of the steps. Its output is for a person;
the first team's login goes to `login.json` in the data folder (mode 0600).
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from config.checks import refuse_unsafe
from config.children import write_private
from config.environment import home
from config.migrating import migrate_patiently
from config.pooling import is_pooled

FIRST_TEAM = "First team"
FIRST_EMAIL = "owner@example.com"


def say(message: str) -> None:
    """One line for the person who waits."""
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


def migrate() -> None:
    """Applies the migrations that are missing, as the owner, and says each."""
    connection = connections["owner"]
    if is_pooled(connection):
        raise SystemExit("DATABASE_OWNER_URL leads through a pooler: name PostgreSQL itself, migrations keep a session")
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        say(f"Migrating: {len(plan)} steps")
        migrate_patiently(connection, say)
    connection.close()


def static_fingerprint() -> str:
    """A digest of name, size and time of every static file."""
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            told = Path(storage.path(name)).stat()
            digest.update(f"{name} {told.st_size} {told.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def collect_static() -> None:
    """Copies the static files under hashed names, unless nothing changed since the last time, or an image has them."""
    from django.conf import settings

    if settings.STATIC_FOLDER:
        return
    root = Path(settings.STATIC_ROOT)
    stamp, now = root / "fingerprint", static_fingerprint()
    if stamp.exists() and stamp.read_text() == now:
        return
    say("Collecting static files")
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(now)


def load_prices() -> None:
    """Fills the price book, unless it is that of the package that is installed."""
    from billing.services.loading import is_loaded

    if not is_loaded():
        say("Loading the price book")
        call_command("load_prices")


def first_team() -> None:
    """Makes the first team and notes its login, when the database has no team at all."""
    from accounts.models import Team
    from accounts.services.teams import create_team_with_owner

    if Team.objects.exists():
        return
    say("Making the first team and its owner")
    made = create_team_with_owner(name=FIRST_TEAM, email=FIRST_EMAIL)
    login = {
        "email": made.owner.email,
        "password": made.password,
        "team": made.team.slug,
        "api_key": made.api_key,
    }
    write_private(home() / "login.json", json.dumps({**login, "sample_wanted": True}, indent=1))


def main() -> None:
    """All steps in their order."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    refuse_unsafe()
    migrate()
    collect_static()
    load_prices()
    first_team()
    connections.close_all()
    getattr(connections["default"], "close_pool", lambda: None)()


if __name__ == "__main__":
    main()
