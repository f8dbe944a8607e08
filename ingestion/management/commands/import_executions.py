"""`manage.py import_executions`: takes a team's own history in, from files."""

from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from accounts.models import Team
from ingestion.acceptance import ReportsRefused, StorageUnavailable
from ingestion.history.importing import FileImport, Summary
from ingestion.history.placement import DEFAULT_SPREAD
from monitoring.store.rollups import fold_all

SHOWN_BAD = 20


def team_of(slug: str) -> Team:
    """The team with this slug. Raises `CommandError`."""
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        known = ", ".join(Team.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
        raise CommandError(f"--team: no team has the slug {slug} (known: {known})")
    return team


def import_file(
    team: Team, path: Path, *, quiet: bool = False, shifted: bool = False, over: timedelta = DEFAULT_SPREAD
) -> Summary:
    """Imports one file with a progress bar over its bytes."""
    with tqdm(
        total=path.stat().st_size, unit="B", unit_scale=True, desc=path.name, disable=quiet, dynamic_ncols=True
    ) as bar:
        task = FileImport(
            team.id,
            path,
            now=timezone.now(),
            on_bytes=lambda done: bar.update(done - bar.n),
            shifted=shifted,
            over=over,
        )
        return task.run()


class Command(BaseCommand):
    """Imports files of any size; an interrupted import goes on where it was, a repeated one changes nothing."""

    help = (
        "Import executions: JSON lines (plain or gzip), or saved JSON of GitHub's workflow-runs API, n8n's executions "
        "API or Airflow's dagRuns. Imported history is exempt from retention."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--team", required=True, help="slug of the team")

    def handle(self, *args: Any, **options: Any) -> None:
        team = team_of(options["team"])
        for path in options["files"]:
            if not path.is_file():
                raise CommandError(f"{path}: no such file")
        quiet = options["verbosity"] == 0
        for path in options["files"]:
            try:
                summary = import_file(team, path, quiet=quiet)
            except (StorageUnavailable, ReportsRefused) as error:
                raise CommandError(f"{path}: {error}. Run the command again to go on from there.") from error
            self._tell(path, summary)
        self.stdout.write("Computing figures ...")
        fold_all()
        self.stdout.write("Done.")

    def _tell(self, path: Path, summary: Summary) -> None:
        if summary.resumed_behind:
            self.stdout.write(f"{path.name}: went on behind item {summary.resumed_behind}")
        self.stdout.write(
            f"{path.name}: {summary.stored} stored, {summary.duplicate} duplicate, {summary.rejected} rejected"
        )
        if summary.placed:
            self.stdout.write(f"  {summary.placed} tell no time: spread evenly and marked as placed")
        for status, number in sorted(summary.statuses.items(), key=lambda pair: (-pair[1], pair[0])):
            self.stdout.write(f"  {status:<12} {number:>8}")
        for bad in summary.bad[:SHOWN_BAD]:
            self.stderr.write(f"  item {bad.number}: {bad.field} {bad.reason}")
        if summary.rejected > SHOWN_BAD:
            self.stderr.write(f"  and {summary.rejected - SHOWN_BAD} more")
