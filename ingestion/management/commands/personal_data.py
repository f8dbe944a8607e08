"""`manage.py personal_data`: finds, exports and deletes what a team keeps about somebody."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.acting import Actor, ActorKind, Via, acting
from ingestion.management.commands.import_executions import team_of
from ingestion.services.personal_data import Found, TooShort, delete, export, search


class Command(BaseCommand):
    """Without `--export` and `--delete` it only counts."""

    help = (
        "Find what a team keeps about somebody, by a value (anywhere, any case) or by a tag with exactly this value; "
        "export it as a ZIP of JSON; delete it. Folded figures stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("value", help="what to look for, at least 3 letters")
        parser.add_argument("--team", required=True, help="slug of the team")
        parser.add_argument("--tag", default="", help="only executions with this tag")
        parser.add_argument("--export", type=Path, metavar="FILE.zip", help="write what was found")
        parser.add_argument("--delete", action="store_true", help="delete what was found, after asking")
        parser.add_argument("--confirm", type=int, metavar="N", help="delete without asking if N executions were found")

    def handle(self, *args: Any, **options: Any) -> None:
        team = team_of(options["team"])
        if options["export"] and options["export"].exists():
            raise CommandError(f"{options['export']}: is there already")
        with acting(Actor(ActorKind.COMMAND, "manage.py personal_data"), Via.COMMAND):
            found = self._search(team, options)
            if options["export"]:
                self.stdout.write(f"{export(team.id, found, options['export'])} documents in {options['export']}")
            if options["delete"]:
                self._confirm(found, options["confirm"])
                gone = delete(team.id, found)
                held = len(found.executions) - gone
                rest = f" {held} are held and stay: end their legal hold first." if held else ""
                self.stdout.write(f"{gone} executions deleted. Figures stay.{rest}")

    def _search(self, team: Any, options: dict[str, Any]) -> Found:
        found = Found(options["value"], options["tag"])
        try:
            with tqdm(desc="days", disable=options["verbosity"] == 0) as bar:
                for done, total, so_far in search(team.id, options["value"], tag=options["tag"]):
                    found, bar.total = so_far, total
                    bar.update(done - bar.n)
        except TooShort as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{len(found.executions)} executions, {len(found.deliveries)} deliveries, {len(found.lines)} loose lines"
        )
        return found

    def _confirm(self, found: Found, told: int | None) -> None:
        count = len(found.executions)
        if told is None:
            told_text = input(f"Type {count} to delete these executions for good: ")
            told = int(told_text) if told_text.strip().isdecimal() else None
        if told != count:
            raise CommandError(f"not confirmed: {count} executions were found. Nothing was deleted.")
