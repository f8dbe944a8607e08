"""`manage.py fold_costs`: makes cost lines now."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from accounts.models import Team
from accounts.tenancy import team_context
from billing.store import allocation, due, lines
from billing.store.cost_lock import lock_costs
from billing.store.due import due_hours

_EARLIEST = date(1990, 1, 1)


class Command(BaseCommand):
    """Makes the lines of all hours that are marked; with days, of all hours of these days, marked or not.

    Then it shares out fixed monthly costs.
    """

    help = "Make cost lines from records: what is marked, or (with --from or --to) all hours of these days anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", help="slug of a team; all teams without it")
        parser.add_argument("--from", dest="start", type=date.fromisoformat, metavar="DAY", help="2026-08-01")
        parser.add_argument("--to", dest="end", type=date.fromisoformat, metavar="DAY", help="before this day")

    def handle(self, *args: Any, **options: Any) -> None:
        """Folds until nothing is marked, with a bar over the hours."""
        now, start, end = timezone.now(), options["start"], options["end"]
        if start and end and start >= end:
            raise CommandError("--to: must be later than --from")
        teams = Team.objects.order_by("slug")
        if options["team"]:
            teams = teams.filter(slug=options["team"])
            if not teams:
                raise CommandError(f"--team: no team has the slug {options['team']}")
        made = 0
        for team in teams:
            with team_context(team.id):
                if start or end:
                    due.mark_between(team.id, start or _EARLIEST, end, now)
            made += self._fold(team, now, is_quiet=options["verbosity"] == 0)
            with team_context(team.id):
                lock_costs(team.id, wait=True)
                allocation.allocate(team.id, now)
        self.stdout.write(f"{made} hours made")

    def _fold(self, team: Team, now: Any, *, is_quiet: bool) -> int:
        total = 0
        with tqdm(total=due_hours(team.id), unit="hour", desc=team.slug, disable=is_quiet, dynamic_ncols=True) as bar:
            while taken := lines.fold_marked(team.id, now):
                total += taken
                bar.update(taken)
        return total
