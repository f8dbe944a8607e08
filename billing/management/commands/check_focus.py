"""`manage.py check_focus`: checks a FOCUS 1.2 file by our own rules."""

import csv
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.analysis.focus_rules import check_rows

SHOWN = 20


class Command(BaseCommand):
    """Reads a CSV or Parquet file row by row and tells what breaks the rules."""

    help = "Check a FOCUS 1.2 cost and usage file (CSV or Parquet): columns, formats, NULLs, allowed values, products."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--shown", type=int, default=SHOWN, help=f"how many violations are shown ({SHOWN})")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"{path}: no such file")
        is_parquet = path.suffix == ".parquet"
        rows = _parquet_rows(path) if is_parquet else _csv_rows(path)
        names = next(rows, [])
        found = check_rows(names, rows)
        shown = list(islice(found, options["shown"]))
        for one in shown:
            self.stderr.write(str(one))
        more = sum(1 for _ in found)
        if shown:
            raise CommandError(f"{path.name}: {len(shown) + more} violations of the rules of FOCUS 1.2")
        self.stdout.write(f"{path.name}: keeps the rules of FOCUS 1.2 that are checked")


def _csv_rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file)


def _parquet_rows(path: Path) -> Iterator[list[str]]:
    """Heads, then rows, as the texts that the rules read."""
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(path)
    yield list(file.schema_arrow.names)
    for batch in file.iter_batches(batch_size=5_000):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield [_text(cell) for cell in row]


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if hasattr(cell, "isoformat"):
        return f"{cell:%Y-%m-%dT%H:%M:%SZ}"
    return format(cell, "f") if hasattr(cell, "is_finite") else str(cell)
