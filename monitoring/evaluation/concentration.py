"""Concentration of failures on files of cases: rows per minute, the minutes before the incident being what is usual.

A case is one JSON line: `case`, `dimensions` (names), `minute` (of the incident), `columns` and `rows`, where columns
are `minute`, the dimensions, `total` and `failed` (runs and failures in that minute), in any order.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from monitoring.analysis.explanation import explain
from monitoring.analysis.leaf_table import LeafTable, calmer_half


def answer_file(path: Path) -> dict[str, list[str]]:
    """`{case: ["attribute=value&attribute=value", ...]}`; empty where failures are not concentrated.

    Raises ValueError when a line is not a case, OSError when the file cannot be read.
    """
    return {case["case"]: answer_case(case) for case in _cases(path)}


def _cases(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    case = json.loads(line)
                    case["case"], case["dimensions"], case["minute"], case["rows"], case["columns"]
                except (ValueError, KeyError, TypeError) as error:
                    raise ValueError(f"line {number} is not a case: {error}") from error
                yield case


def answer_case(case: Mapping[str, Any]) -> list[str]:
    """The explaining set of one case, the part that adds most failures first."""
    explanation = explain([table_of(case)]).explanations[0]
    return ["&".join(f"{attribute}={value}" for attribute, value in part.combination) for part in explanation.parts]


def table_of(case: Mapping[str, Any]) -> LeafTable:
    """The leaf rows of the incident's minute, with the calmer half of the minutes before as what is usual."""
    dimensions, columns, incident = case["dimensions"], case["columns"], case["minute"]
    places = [columns.index(name) for name in ("minute", "total", "failed")]
    values_at = [columns.index(name) for name in dimensions]
    periods: dict[int, tuple[float, float]] = {}
    rows = [(*(row[place] for place in places), tuple(str(row[place]) for place in values_at)) for row in case["rows"]]
    for minute, total, failed, _ in rows:
        if minute < incident:
            runs, failures = periods.get(minute, (0, 0))
            periods[minute] = (runs + total, failures + failed)
    calm = calmer_half(periods)
    leaves: dict[tuple[str, ...], list[float]] = defaultdict(lambda: [0, 0, 0, 0])
    for minute, total, failed, leaf in rows:
        if minute == incident or minute in calm:
            counts = leaves[leaf]
            counts[0 if minute == incident else 2] += total
            counts[1 if minute == incident else 3] += failed
    values = [sorted({leaf[place] for leaf in leaves}) for place in range(len(dimensions))]
    codes = [[names.index(value) for names, value in zip(values, leaf, strict=True)] for leaf in leaves]
    counted = np.array(list(leaves.values()), dtype=np.float64).reshape(-1, 4).T
    return LeafTable(
        attributes=dimensions,
        values=values,
        codes=np.array(codes, dtype=np.int64).reshape(-1, len(dimensions)),
        bad=counted[1],
        base=counted[0],
        usual_base=counted[2] if calm else None,
        usual_bad=counted[3] if calm else None,
    )
