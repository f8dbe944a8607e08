"""The baseline rule on a folder of series (CSV files with `timestamp` and `value`): when it would open incidents."""

import csv
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from monitoring.analysis.watch import openings

COLUMNS = ("timestamp", "value")
# A row with one of these has no measurement, which is something else than a wrong one.
NOT_MEASURED = frozenset({"", "nan", "null", "none", "na"})


def answer_file(path: Path) -> dict[str, list[str]]:
    """`{file: [timestamp, ...]}` for every CSV file of a folder and the folders in it, times as the file writes them.

    ValueError, with the file and the line, where something cannot be understood.
    """
    if not path.is_dir():
        raise ValueError("is not a folder of CSV files" if path.exists() else "there is no such folder")
    files = sorted(path.rglob("*.csv"))
    if not files:
        raise ValueError("has no CSV file")
    return {file.relative_to(path).as_posix(): answer(file, file.relative_to(path).as_posix()) for file in files}


def answer(file: Path, name: str) -> list[str]:
    """The times at which the rule opens an incident. Rows may come in any order and repeat a time."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            rows = list(_rows(csv.DictReader(lines)))
        opened = list(openings((at, value) for at, value, _ in rows))
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{name}: {error}") from error
    written = {at: text for at, _, text in rows}
    return [written[reading.at] for reading in opened]


def _rows(reader: "csv.DictReader[str]") -> Iterator[tuple[datetime, float, str]]:
    """Time, value and the time as written, of rows with a measurement."""
    absent = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if absent:
        raise ValueError(f"the first line names no column {' and no column '.join(absent)}")
    told = 0
    for row in reader:
        at, text = _moment(row["timestamp"], reader.line_num), (row["value"] or "").strip()
        if text.lower() not in NOT_MEASURED:
            told += 1
            yield at, _number(text, reader.line_num), row["timestamp"].strip()
    if not told:
        raise ValueError("there is no row with a value")


def _moment(text: str | None, line: int) -> datetime:
    try:
        at = datetime.fromisoformat((text or "").strip())
    except ValueError:
        raise ValueError(f"line {line}: {text!r} is no time (YYYY-MM-DD HH:MM:SS)") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _number(text: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"line {line}: {text!r} is no finite number")
    return value
