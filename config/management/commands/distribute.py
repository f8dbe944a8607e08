"""`manage.py distribute`: spreads the database over a Citus cluster, and verifies it. Can be run again at any time."""

import json
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from config.distribution import checking, moving, readiness
from config.distribution.fault import Fault
from config.distribution.schema import Kind, tables

SHARDS = 32


class Command(BaseCommand):
    """Moves what is not where it belongs, a line for each table; exit code 1 when something is in the way or wrong."""

    help = "Spread the database over the machines of a Citus cluster by team, and verify it (docs/scaling.md)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        way = parser.add_mutually_exclusive_group()
        way.add_argument("--dry-run", action="store_true", help="say what would be moved, and what is in the way")
        way.add_argument("--check", action="store_true", help="verify alone: change nothing")
        parser.add_argument(
            "--shards", type=int, default=SHARDS, help=f"parts of each table, for the first run ({SHARDS})"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        self.is_json = options["json"]
        if not 1 <= options["shards"] <= 1024:
            raise CommandError("--shards is a number from 1 to 1024")
        is_moving = not (options["dry_run"] or options["check"])
        if found := list(readiness.obstacles(is_moving=is_moving)):
            self._end(found, {})
        with connections[moving.ALIAS].cursor() as cursor:
            left, kinds = moving.left_to_move(cursor), Counter(kind.value for kind in tables(cursor).values())
        if options["dry_run"]:
            self._say(f"Would be moved: {len(left)} of {sum(kinds.values())} tables")
            self._say("\n".join(f"  {name}  {kind}" for name, kind in left))
            self._end([], {"tables": dict(kinds), "left": [name for name, _ in left]})
        moved = self._move(left, options["shards"]) if is_moving else []
        told = {"tables": dict(kinds), "moved": [asdict(one) for one in moved]}
        self._end(list(checking.faults()), told)

    def _move(self, left: Sequence[tuple[str, Kind]], shards: int) -> list[moving.Moved]:
        """Moves the tables; the rows of each were compared before and after."""
        moving.prepare()
        moving.put_keys_aside([name for name, kind in left if kind is Kind.DISTRIBUTED])
        moved = []
        for number, (name, kind) in enumerate(left, 1):
            began = time.monotonic()
            try:
                moved.append(moving.move(name, kind, shards))
            except moving.RowsDiffer as error:
                raise CommandError(
                    f"{error}. The table is as it was; nothing is lost. Run the command again."
                ) from error
            seconds = time.monotonic() - began
            self._say(f"{number:3}/{len(left)}  {name:28}{kind.value:13}{moved[-1].rows:>12,} rows {seconds:7.1f} s")
        moving.raise_numbers()
        keys = sum(1 for _ in moving.make_keys_again())
        self._say(f"{keys} foreign keys made again")
        return moved

    def _say(self, text: str) -> None:
        if not self.is_json:
            self.stdout.write(text)

    def _end(self, found: Sequence[Fault], told: dict[str, Any]) -> None:
        """Prints what was found; ends the command, with exit code 1 when that is anything."""
        if self.is_json:
            self.stdout.write(
                json.dumps({"is_well": not found, "faults": [asdict(one) for one in found]} | told, indent=1)
            )
        for one in found:
            self._say(f"MEND {one.part:20} {one.told}\n{'':26}{one.mend}")
        if not found:
            self._say(", ".join(f"{count} {kind}" for kind, count in told["tables"].items()) + " tables. All is well.")
        sys.exit(1 if found else 0)
