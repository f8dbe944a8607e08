"""`manage.py tail`: executions as they come and end, and what they log, until Ctrl-C."""

import json
import time
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from accounts.tenancy import team_context
from monitoring import wording
from monitoring.management.asking import add_options, filters_of, query_of, team_of
from monitoring.reads.executions import ExecutionRow
from monitoring.reads.live import LATE, LEVELS, MOST, Follower, LogRow, Look
from monitoring.views.execution_table import as_json

PAUSE_S = 2.0


class Command(BaseCommand):
    """Looks every two seconds and prints a line for each execution that is new, or stands otherwise than before."""

    help = "Print executions as they come and end, and with --logs what they log. Ctrl-C ends it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_options(parser)
        parser.add_argument("--logs", action="store_true", help="log lines, too")
        parser.add_argument("--level", choices=LEVELS, default="trace", help="the least level of log lines")
        parser.add_argument("--since", type=float, default=60, metavar="SECONDS", help="begin with so much of the past")
        parser.add_argument("--seconds", type=float, help="end after so long; it goes on when absent")
        parser.add_argument("--json", action="store_true", help="print a JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        team, query = team_of(options), query_of(options)
        filters = filters_of(query, timezone.now())
        since = timedelta(seconds=options["since"])
        if not timedelta() <= since <= LATE:
            raise CommandError(f"--since: give 0 to {LATE.total_seconds():.0f} seconds")
        follower = Follower(team.id, options["level"] if options["logs"] else None)
        end = time.monotonic() + options["seconds"] if options["seconds"] is not None else float("inf")
        is_first = True
        try:
            while True:
                now = timezone.now()
                with team_context(team.id):
                    found = follower.look(filters, now)
                self._print(_recent(found, now - since) if is_first else found, options["json"])
                is_first = False
                if time.monotonic() >= end:
                    return
                time.sleep(PAUSE_S)
        except KeyboardInterrupt:
            self.stderr.write("Ended.")

    def _print(self, found: Look, is_json: bool) -> None:
        if found.is_cut:
            self.stderr.write(f"More than {MOST} came since the last look: the newest are shown.")
        for row in found.executions:
            self.stdout.write(_json({"kind": "execution", **as_json(row)}) if is_json else _line(row))
        for line in found.lines:
            self.stdout.write(_json(_log_document(line)) if is_json else _log_line(line))


def _recent(found: Look, start: datetime) -> Look:
    """Of the first look, what is not older than somebody wants."""
    rows = [row for row in found.executions if row.counted_at >= start]
    return Look(rows, [line for line in found.lines if line.at is None or line.at >= start], found.is_cut)


def _line(row: ExecutionRow) -> str:
    parts = [f"{row.counted_at:%H:%M:%S}", f"{row.outcome:10}", row.workflow or "no workflow", row.external_id]
    if row.duration_ms is not None:
        parts.append(wording.duration_ms(row.duration_ms))
    if row.error:
        parts.append(f"at {row.failed_node}: {row.error}" if row.failed_node else row.error)
    return _one_line("  ".join(parts))


def _log_line(line: LogRow) -> str:
    at = f"{line.at:%H:%M:%S}" if line.at else " " * 8
    return _one_line(f"{at}  {(line.level or 'log').lower():10}  {line.execution.external_id}  {line.message}")


def _one_line(text: str) -> str:
    """Without what a terminal would obey or break the line at."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _log_document(line: LogRow) -> dict[str, Any]:
    told = {"id": str(line.execution.id), "external_id": line.execution.external_id}
    return {"kind": "log", **told, "at": line.at, "level": line.level, "message": line.message}


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False)
