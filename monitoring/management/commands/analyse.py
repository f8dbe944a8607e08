"""Runs the analysis on a file, without a database, and writes its answers as JSON."""

import json
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

KINDS = ("concentration", "divergence", "traces", "baseline")


class Command(BaseCommand):
    """`manage.py analyse concentration|divergence|traces FILE --answers OUT.json`, or `baseline FOLDER`."""

    help = (
        "Run the analysis on a file of cases (a folder of series), without a database, and write its answers as JSON."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What is asked, of which file, and where the answers go."""
        parser.add_argument("kind", choices=KINDS)
        parser.add_argument("file", type=Path)
        parser.add_argument("--answers", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Writes `{case: answer}`; a file that cannot be read or understood is an error that says why."""
        module = import_module(f"monitoring.evaluation.{options['kind']}")
        try:
            answers = module.answer_file(options["file"])
        except (OSError, ValueError) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        options["answers"].write_text(json.dumps(answers, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
        self.stdout.write(f"{len(answers)} answers in {options['answers']}")
