"""Arithmetic as pages and exports write it: lines and tables of plain JSON, each value by its unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts import formats
from monitoring import wording
from monitoring.analysis.arithmetic import Unit

_RIGHT = frozenset(Unit) - {Unit.TEXT}


@dataclass(frozen=True, slots=True)
class Cell:
    """A value in words; figures stand on the right."""

    text: str
    is_figure: bool


@dataclass(frozen=True, slots=True)
class Written:
    """A line in words."""

    name: str
    value: str
    how: str


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A table in words; `key` names it in the address of its export."""

    key: str
    title: str
    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]


def write(value: Any, unit: str) -> str:
    """A value in words; a dash where there is none."""
    if value is None:
        return "\N{EN DASH}"
    match unit:
        case Unit.COUNT:
            return wording.count(value)
        case Unit.SHARE:
            return wording.percent(value)
        case Unit.MS:
            return wording.duration_ms(value)
        case Unit.USD | Unit.USD_PER_WEEK:
            return wording.usd(value)
        case Unit.TIMES:
            return wording.times(value)
        case Unit.PER_WEEK:
            return per_week(value)
    return str(value)


def per_week(value: float | None) -> str:
    """Executions a week: whole from ten on, else with one digit."""
    if value is None:
        return wording.not_told()
    return wording.count(value) if value >= 9.95 or value == round(value) else formats.number(f"{value:.1f}")


def lines_of(document: Mapping[str, Any]) -> list[Written]:
    """The lines of a piece of evidence or advice in words."""
    return [Written(one["name"], write(one["value"], one["unit"]), one["how"]) for one in document.get("lines", ())]


def tables_of(document: Mapping[str, Any], key: str) -> list[WrittenTable]:
    """The tables of a piece of evidence or advice in words."""
    return [_table(one, f"{key}-{number}") for number, one in enumerate(document.get("tables", ()))]


def _table(document: Mapping[str, Any], key: str) -> WrittenTable:
    columns = document["columns"]
    head = [Cell(column["name"], column["unit"] in _RIGHT) for column in columns]
    rows = [
        [
            Cell(write(value, column["unit"]), column["unit"] in _RIGHT)
            for value, column in zip(row, columns, strict=True)
        ]
        for row in document["rows"]
    ]
    return WrittenTable(key, document["title"], head, rows)


LINE_HEADER = ("figure", "value", "unit", "how")


def exported(evidence: Mapping[str, Any], advice: Sequence[Mapping[str, Any]], key: str) -> tuple[Sequence[str], Any]:
    """Header and rows of one export: `evidence` or `advice-0` for lines, with `-0` behind it for the first table.

    Values are as they are stored. Raises `LookupError` for a key that names nothing.
    """
    name, _, rest = key.partition("-")
    document = evidence
    if name == "advice":
        number, _, rest = rest.partition("-")
        document = advice[_whole(number)]
    elif name != "evidence":
        raise LookupError(key)
    if not rest:
        return LINE_HEADER, [(one["name"], one["value"], one["unit"], one["how"]) for one in document["lines"]]
    table = document["tables"][_whole(rest)]
    return [column["name"] for column in table["columns"]], table["rows"]


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise LookupError(text)
    return int(text)
