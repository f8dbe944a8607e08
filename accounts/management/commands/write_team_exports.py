"""`manage.py write_team_exports`: writes the exports of teams that are due, then ends. The worker starts it."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.services.team_exports import run_due


class Command(BaseCommand):
    """Claims one export after the other."""

    help = "Write exports of teams that are due. The worker starts this by itself."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        count = run_due()
        if options["verbosity"] > 1:
            self.stdout.write(f"{count} written")
