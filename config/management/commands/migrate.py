"""`manage.py migrate`: Django's own, with an executor that makes fewer models (ADR 25)."""

from typing import Any

from django.core.management.commands import migrate

from config.executor import LeanExecutor


class Command(migrate.Command):
    """Migrates. Django's command has no other place to name an executor than the name in its module."""

    def handle(self, *args: Any, **options: Any) -> None:
        """As Django's command."""
        names = vars(migrate)
        plain, names["MigrationExecutor"] = names["MigrationExecutor"], LeanExecutor
        try:
            super().handle(*args, **options)
        finally:
            names["MigrationExecutor"] = plain
