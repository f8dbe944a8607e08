"""Parquet: money as `decimal128(38, 18)` where all amounts of a column fit, else as text with a note.

The file is made by a process of its own (`parquet_process`), which reads the machine profile of CSV from a pipe. Where
an amount does not fit, it is made once more with that column as text.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from billing.exports.columns import Column, Shape, Texts
from billing.exports.csv_file import write_machine
from billing.exports.parquet_process import DOES_NOT_FIT

# The C library gives memory back: one arena, and thresholds that do not grow with what was freed.
_FRUGAL = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}


class ParquetFailed(RuntimeError):
    """The file could not be made; the text is the last line that the process said."""


def write(columns: tuple[Column, ...], make_rows: Callable[[], Texts], path: Path) -> int:
    """Writes the table into a file; how many rows. `make_rows` makes them in the machine profile, anew for each try.

    Raises `ParquetFailed`.
    """
    exact: set[int] = set()
    while True:
        count, misfit = _try(columns, make_rows(), path, exact)
        if misfit is None:
            return count
        exact.add(misfit)


def _try(columns: tuple[Column, ...], rows: Texts, path: Path, exact: set[int]) -> tuple[int, int | None]:
    """How many rows, and the place of a column that does not fit, if there is one."""
    kinds = [(column.name, "exact" if at in exact else column.shape.value) for at, column in enumerate(columns)]
    command = [sys.executable, "-m", "billing.exports.parquet_process", json.dumps(kinds), str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=settings.BASE_DIR, env=os.environ | _FRUGAL, **pipes) as process:  # type: ignore[call-overload]
        count = 0
        try:
            count = write_machine(columns, rows, process.stdin)
            process.stdin.close()
        except BrokenPipeError:
            # It ended early; why, it says itself. Closing tries to write once more.
            with suppress(BrokenPipeError):
                process.stdin.close()
        except BaseException:
            process.kill()
            raise
        said, complaint = process.stdout.read(), process.stderr.read()
    if process.returncode == DOES_NOT_FIT:
        misfit = int(said)
        if misfit in exact or columns[misfit].shape is not Shape.MONEY:
            raise ParquetFailed(f"column {columns[misfit].name} cannot be written")
        return count, misfit
    if process.returncode:
        lines = complaint.decode(errors="replace").strip().splitlines()
        raise ParquetFailed(lines[-1] if lines else f"the process ended with {process.returncode}")
    return count, None
