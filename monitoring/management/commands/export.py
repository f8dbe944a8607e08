"""`manage.py export`: executions as CSV or JSON lines, as many as the filters find."""

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from tqdm import tqdm

from accounts.acting import Actor, ActorKind, Via, acting
from accounts.audit import record
from accounts.safe_cells import safe_cell
from accounts.tenancy import team_context
from monitoring.filters import Filters
from monitoring.management.asking import add_options, filters_of, query_of, team_of
from monitoring.reads.executions import ExecutionRow, page
from monitoring.views.execution_table import EXPORT_PAGE, FULL_HEADER, as_json, full_cells, with_errors


class Command(BaseCommand):
    """Writes the rows of the Executions page, without its limit, and says on the side how many there are."""

    help = "Write executions as CSV (or JSON lines), newest first, as the Executions page shows them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_options(parser)
        parser.add_argument("--from", default="now-7d", help="as 2026-11-28T10:00 or now-24h; a week ago when absent")
        parser.add_argument("--to", default="now")
        parser.add_argument("--json", action="store_true", help="a JSON object a line instead of CSV")
        parser.add_argument("--file", type=Path, help="instead of the output")

    def handle(self, *args: Any, **options: Any) -> None:
        team = team_of(options)
        query = query_of(options, **{"from": options["from"], "to": options["to"]})
        filters = filters_of(query, timezone.now())
        with acting(Actor(ActorKind.COMMAND, "export"), Via.COMMAND), team_context(team.id):
            record("export.downloaded", ("export", "executions", "executions"))
        with _output(options["file"], self.stdout) as output:
            bar = tqdm(_rows(team.id, filters), unit=" executions", disable=None if options["verbosity"] else True)
            count = _write_json(output, bar) if options["json"] else _write_csv(output, bar)
        self.stderr.write(f"{count:,} executions")


@contextmanager
def _output(path: Path | None, usual: Any) -> Iterator[IO[str]]:
    """Where to write: a file appears under its name once it is whole. Raises `CommandError`."""
    if path is None:
        yield usual
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", newline="") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise CommandError(f"--file: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _rows(team_id: UUID, filters: Filters) -> Iterator[ExecutionRow]:
    """All that the filters find, a page at a time."""
    after = ""
    while True:
        with team_context(team_id):
            found = page(team_id, replace(filters, after=after), limit=EXPORT_PAGE)
            rows = with_errors(team_id, found.rows)
        yield from rows
        if not (after := found.next):
            return


def _write_csv(output: IO[str], rows: Any) -> int:
    write, count = csv.writer(output).writerow, 0
    write(FULL_HEADER)
    for row in rows:
        write([safe_cell(cell) for cell in full_cells(row)])
        count += 1
    return count


def _write_json(output: IO[str], rows: Any) -> int:
    count = 0
    for row in rows:
        output.write(json.dumps(as_json(row), cls=DjangoJSONEncoder, ensure_ascii=False) + "\n")
        count += 1
    return count
