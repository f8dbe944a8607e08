"""`manage.py demo`: a generated team with 30 days of runs, to look around in. It says that it is generated."""

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from accounts.services.teams import create_team_with_owner
from accounts.tenancy import team_context
from ingestion.acceptance import accept
from ingestion.demo.runs import NATURAL_SIZE, generate
from ingestion.demo.workflows import SHAPES
from ingestion.records import ExecutionReport
from monitoring.models import Workflow
from monitoring.services import findings
from monitoring.services.baselines import build_all
from monitoring.store.rollups import fold_all

NAME = "Demo (generated)"
BATCH = 500


def _batches(reports: Iterator[ExecutionReport]) -> Iterator[list[tuple[int, ExecutionReport]]]:
    batch: list[tuple[int, ExecutionReport]] = []
    for report in reports:
        batch.append((len(batch), report))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def fill(team_id: UUID, *, now: datetime, executions: int, seed: str, quiet: bool = False) -> int:
    """Stores the generated runs and the objectives of their workflows; how many runs there are."""
    count = 0
    reports = chain.from_iterable(generate(shape, now, executions, seed) for shape in SHAPES)
    with tqdm(total=executions, unit=" runs", desc="Generating", disable=quiet, dynamic_ncols=True) as bar:
        for batch in _batches(reports):
            accept(team_id, batch, now=now)
            count += len(batch)
            bar.total = max(executions, count)
            bar.update(len(batch))
    with team_context(team_id):
        for shape in SHAPES:
            Workflow.objects.filter(name=shape.name).update(objective_success_rate=shape.objective, is_sample=True)
    return count


class Command(BaseCommand):
    """Makes one more team, like `bootstrap`, and fills it."""

    help = "Make a generated team: 12 workflows, 30 days, releases, incidents, costs. Nothing in it is real."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", default="demo@example.org", help="e-mail address of its owner")
        parser.add_argument("--executions", type=int, default=NATURAL_SIZE, help="about how many runs")
        parser.add_argument("--seed", default="1", help="another seed gives other runs")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 100 <= options["executions"] <= 5_000_000:
            raise CommandError("--executions: give a number from 100 to 5,000,000")
        made = create_team_with_owner(name=NAME, email=options["email"])
        count = fill(
            made.team.id,
            now=timezone.now(),
            executions=options["executions"],
            seed=options["seed"],
            quiet=options["verbosity"] == 0,
        )
        self.stdout.write("Computing figures ...")
        fold_all()
        build_all()
        findings.build_all(team_id=made.team.id)
        self.stdout.write(f"{count} generated runs of {len(SHAPES)} workflows. Nothing in this team is real.")
        for label, value in (
            ("team", made.team.slug),
            ("email", made.owner.email),
            ("password", made.password or "(unchanged)"),
            ("api_key", made.api_key),
        ):
            self.stdout.write(f"{label:9} {value}")
