"""`manage.py doctor`: examines the installation and says what to mend. Exit code 1 when something is broken."""

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from config.doctor import Finding, State, examine

MARKS = {State.OK: "ok", State.CAUTION: "look", State.BROKEN: "MEND", State.UNKNOWN: "?"}
WIDTH = 22


class Command(BaseCommand):
    """Prints a line for each finding as it is found, what to do below it, and how many there are of each kind."""

    help = "Examine the installation and say what to mend; it changes nothing. Exit code 1 when something is broken."
    # It runs them itself, and goes on when they fail.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        found = []
        for one in examine(timezone.now()):
            found.append(one)
            if not options["json"]:
                self.stdout.write(_line(one))
        counts = Counter(one.state for one in found)
        if options["json"]:
            told = {"is_well": not counts[State.BROKEN], "findings": [asdict(one) for one in found]}
            self.stdout.write(json.dumps(told, indent=1))
        else:
            self.stdout.write(_summary(counts))
        if counts[State.BROKEN]:
            sys.exit(1)


def _line(one: Finding) -> str:
    head = f"{MARKS[one.state]:5}{one.part:{WIDTH}}"
    return f"{head}{one.told}" + (f"\n{'':{len(head)}}{one.mend}" if one.mend else "")


def _summary(counts: Counter[State]) -> str:
    if not counts[State.BROKEN] and not counts[State.CAUTION]:
        return "\nAll is well."
    return f"\n{counts[State.BROKEN]} to mend, {counts[State.CAUTION]} to look at."
