"""`manage.py restore_archive`: brings a day, or one execution of it, back from a team's archive."""

from argparse import ArgumentParser
from datetime import date
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.audit import record
from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.models.execution import RetentionClass
from monitoring.services.restoring import restore
from monitoring.store.archive import ArchiveFailed


class Command(BaseCommand):
    """Restores what retention archived; it goes again after `--days`."""

    help = "Restore a day, or one execution of it, from a team's archive, for some days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", required=True, help="slug of the team")
        parser.add_argument("--day", required=True, type=date.fromisoformat, help="anchor day, as 2026-11-02")
        parser.add_argument("--class", dest="class_", choices=("production", "debug"), default="production")
        parser.add_argument("--execution", type=UUID, help="id of one execution; all of the day when left out")
        parser.add_argument("--days", type=int, default=7, help="for how many days, 7 when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        team = Team.objects.filter(slug=options["team"]).first()
        if team is None:
            raise CommandError(f"--team: no team has the slug {options['team']}")
        class_ = RetentionClass[options["class_"].upper()]
        only = [options["execution"]] if options["execution"] else None
        try:
            count = restore(
                team.id, class_, options["day"], days=options["days"], by="command", now=timezone.now(), only=only
            )
        except ArchiveFailed as failed:
            raise CommandError(f"Not restored: {failed}.") from failed
        with team_context(team.id):
            told = {"executions": count, "days": options["days"]}
            record("archive.restored", ("archive", options["day"], str(options["day"])), after=told)
        self.stdout.write(f"{count} executions are back for {options['days']} days.")
