"""`manage.py load_sample`: the project's own small sample of real runs, into a team."""

from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from ingestion.acceptance import ReportsRefused, StorageUnavailable
from ingestion.history.importing import Report
from ingestion.management.commands.import_executions import team_of
from ingestion.services import sample, sample_jobs


class Command(BaseCommand):
    """Loads the sample as the pages do, at once. Loading again changes nothing."""

    help = "Load the sample (real runs, see sample/README.md) into a team, with times moved to end now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", required=True, help="slug of the team")

    def handle(self, *args: Any, **options: Any) -> None:
        team, quiet = team_of(options["team"]), options["verbosity"] == 0
        stored = duplicate = 0
        with ExitStack() as bars:
            try:
                for stage in sample.loading(lambda path: _bar(bars, path, quiet=quiet)):
                    if (told := stage.do(team.id, timezone.now())) is not None:
                        stored, duplicate = stored + told.stored, duplicate + told.duplicate
            except (sample.SampleRefused, ReportsRefused, StorageUnavailable) as error:
                raise CommandError(f"{error} Run the command again to go on from there.") from error
        sample_jobs.note_loaded(team.id, timezone.now())
        self.stdout.write(
            f"Sample loaded: {stored} runs stored, {duplicate} known already, {len(sample.WORKFLOWS)} workflows. "
            "These are real runs of others with their times moved; see sample/README.md."
        )


def _bar(bars: ExitStack, path: Path, *, quiet: bool) -> Report:
    """A progress bar over the bytes of a file."""
    bar = bars.enter_context(
        tqdm(
            total=path.stat().st_size,
            unit="B",
            unit_scale=True,
            desc=path.name,
            disable=quiet,
            dynamic_ncols=True,
        )
    )
    return lambda done: _update(bar, done)


def _update(bar: Any, done: int) -> None:
    bar.update(done - bar.n)
