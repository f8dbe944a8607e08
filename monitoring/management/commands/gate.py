"""`manage.py gate`: may a release go on? The exit code says it: 0 pass, 1 fail, 2 undecided, 3 asked wrongly."""

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.analysis.gate import Limits, Outcome
from monitoring.identity import PRODUCTION
from monitoring.reads.gate import Answer, Asked, ask_gate
from monitoring.reads.gate_document import gate_document, gate_text
from monitoring.reads.workflows import named

CODES = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.UNDECIDED: 2}
WRONG = 3
PAUSE = 10.0


class Command(BaseCommand):
    """Prints the answer of the gate and exits with its code."""

    help = "Say whether a release may go on: exit code 0 pass, 1 fail, 2 undecided, 3 asked wrongly."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("workflow", help="name or slug")
        parser.add_argument("release")
        parser.add_argument("--team", required=True, help="slug of the team")
        parser.add_argument("--baseline", help="release to compare with; the one that was live before when left out")
        parser.add_argument("--environment", default=PRODUCTION, help="* for all")
        parser.add_argument("--hours", type=float, help="only so many hours after it went live")
        parser.add_argument("--min-runs", type=int, help="runs of the release that are enough")
        parser.add_argument("--max-failure-rate", type=float, help="a share of 1")
        parser.add_argument("--max-p95-increase", type=float, help="a share: 0.2 is a fifth")
        parser.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="ask again while undecided")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = _asked(options)
        until = time.monotonic() + options["wait"]
        while True:
            answer = _ask(options["team"], options["workflow"], asked)
            left = until - time.monotonic()
            if answer.retry_after is None or left <= 0:
                break
            time.sleep(min(PAUSE, answer.retry_after, left))
        text = json.dumps(gate_document(answer), cls=DjangoJSONEncoder) + "\n" if options["json"] else gate_text(answer)
        self.stdout.write(text, ending="")
        if code := CODES[answer.outcome]:
            sys.exit(code)


def _asked(options: dict[str, Any]) -> Asked:
    """What is asked. Raises `CommandError`, naming option and limit."""
    least = {"hours": 0.01, "min_runs": 1, "max_failure_rate": 0, "max_p95_increase": 0, "wait": 0}
    for name, lowest in least.items():
        value, option = options[name], f"--{name.replace('_', '-')}"
        if value is not None and not lowest <= value < float("inf"):
            raise CommandError(f"{option}: must be at least {lowest}", returncode=WRONG)
    if (options["max_failure_rate"] or 0) > 1:
        raise CommandError("--max-failure-rate: is a share, at most 1", returncode=WRONG)
    return Asked(
        options["release"],
        options["baseline"],
        None if options["environment"] == "*" else options["environment"],
        options["hours"],
        Limits(options["min_runs"], options["max_failure_rate"], options["max_p95_increase"]),
    )


def _ask(slug: str, text: str, asked: Asked) -> Answer:
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        raise CommandError(f"--team: there is no team {slug}", returncode=WRONG)
    with team_context(team.id):
        workflow = named(team.id, text)
        if workflow is None:
            raise CommandError(f"workflow: no workflow has the name or slug {text}", returncode=WRONG)
        try:
            return ask_gate(team.id, workflow, asked, timezone.now())
        except LookupError:
            raise CommandError(f"--baseline: {text} has no release {asked.baseline}", returncode=WRONG) from None
