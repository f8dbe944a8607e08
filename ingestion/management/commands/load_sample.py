"""`manage.py load_sample`: the project's own small sample of real runs, into a team."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.tenancy import team_context
from ingestion.history.placement import DEFAULT_SPREAD
from ingestion.management.commands.import_executions import import_file, team_of
from monitoring.models import Workflow
from monitoring.services import findings
from monitoring.services.baselines import build_all
from monitoring.store.rollups import fold_all

# Neither source states an objective; without one the first verdict could say nothing.
OBJECTIVE = 0.95
# Usage is spread so far that each running month has one before it to be compared with.
USAGE_SPREAD = timedelta(days=40)


class Command(BaseCommand):
    """Loads the files of `sample/`, with times moved so that the newest run ends now. Loading again changes nothing."""

    help = "Load the sample (real runs, see sample/README.md) into a team, with times moved to end now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", required=True, help="slug of the team")

    def handle(self, *args: Any, **options: Any) -> None:
        team = team_of(options["team"])
        workflows: set[str] = set()
        stored = duplicate = 0
        folder = settings.BASE_DIR / "sample"
        for path in (*sorted(folder.glob("*.jsonl.gz")), *sorted(folder.glob("usage/*.jsonl.gz"))):
            over = USAGE_SPREAD if path.parent.name == "usage" else DEFAULT_SPREAD
            summary = import_file(team, path, quiet=options["verbosity"] == 0, shifted=True, over=over)
            workflows |= summary.workflows
            stored, duplicate = stored + summary.stored, duplicate + summary.duplicate
        with team_context(team.id):
            sample = Workflow.objects.filter(name__in=workflows)
            sample.update(is_sample=True)
            sample.filter(objective_success_rate__isnull=True).update(objective_success_rate=OBJECTIVE)
        fold_all()
        build_all()
        findings.build_all(team_id=team.id)
        self.stdout.write(
            f"Sample loaded: {stored} runs stored, {duplicate} known already, {len(workflows)} workflows. "
            f"Their objective of {OBJECTIVE:.0%} is the sample's own."
        )
