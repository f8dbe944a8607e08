"""`manage.py import_usage`: takes usage in from CSV files of providers and gateways."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Team
from ingestion.acceptance import ReportsRefused, StorageUnavailable
from ingestion.history.usage_file import Checked, UnreadableFile, UsageFile, heads
from ingestion.history.usage_mapping import BadMapping, guess, read_mapping
from monitoring.store.rollups import fold_all


class Command(BaseCommand):
    """Checks the whole file, then imports it; a repeated import changes nothing."""

    help = (
        "Import usage: a CSV file with a row a call, day or month. --map time=COLUMN reads a column, "
        "--map workflow:=NAME says the same of every row. One bad row refuses the file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--team", required=True, help="slug of the team")
        parser.add_argument("--map", action="append", default=[], metavar="WHAT=COLUMN", help="may be repeated")
        parser.add_argument("--check", action="store_true", help="only look over the file")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        team = Team.objects.filter(slug=options["team"]).first()
        if team is None:
            raise CommandError(f"--team: no team has the slug {options['team']}")
        if not path.is_file():
            raise CommandError(f"{path}: no such file")
        try:
            texts = options["map"] or guess(heads(path))
            file = UsageFile(team.id, path, read_mapping(texts), now=timezone.now())
            self.stdout.write(f"Mapping: {', '.join(texts)}")
            self._tell(path, file.check())
            if options["check"]:
                return
            done = file.store()
        except (UnreadableFile, BadMapping) as error:
            raise CommandError(f"{path.name}: {error}") from error
        except (StorageUnavailable, ReportsRefused) as error:
            raise CommandError(f"{path.name}: {error}. Run the command again to go on from there.") from error
        self.stdout.write(f"{path.name}: {done.stored} stored, {done.duplicate} known already")
        fold_all()

    def _tell(self, path: Path, found: Checked) -> None:
        """What the look over the file found. Raises `CommandError` where a row is bad."""
        if found.bad_count:
            for bad in found.bad:
                self.stderr.write(str(bad))
            if found.bad_count > len(found.bad):
                self.stderr.write(f"and {found.bad_count - len(found.bad)} more")
            raise CommandError(f"{path.name}: {found.bad_count} bad rows; nothing was imported")
        sums = ", ".join(f"{count:,} {name}" for name, count in found.tokens.items()) or "no tokens"
        cost = "no cost" if found.cost_usd is None else f"{found.cost_usd} USD"
        self.stdout.write(f"{path.name}: {found.rows} rows, {found.first} to {found.last}: {sums}, {cost}")
        if found.silent:
            self.stdout.write(
                f"{path.name}: {found.silent} of them tell neither tokens nor a cost: their usage is not known"
            )
