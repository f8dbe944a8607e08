"""Leaf tables written out by hand."""

from collections.abc import Mapping, Sequence

import numpy as np

from monitoring.analysis.explanation import Combination, Explained
from monitoring.analysis.leaf_table import NOT_TOLD, LeafTable

Counts = tuple[int, ...]


def table(attributes: Sequence[str], rows: Sequence[tuple[Sequence[str | None], Counts]], **options) -> LeafTable:
    """Rows of values (None: not told) with runs and failures, maybe usual runs and usual failures."""
    values = [sorted({row[place] for row, _ in rows if row[place] is not None}) for place in range(len(attributes))]
    codes = [
        [NOT_TOLD if value is None else names.index(value) for names, value in zip(values, row, strict=True)]
        for row, _ in rows
    ]
    counts = np.array([counts for _, counts in rows], dtype=np.float64).T
    told = dict(zip(("base", "bad", "usual_base", "usual_bad"), counts, strict=False))
    if not rows:
        told = {"base": np.zeros(0), "bad": np.zeros(0)}
    return LeafTable(
        attributes, values, np.array(codes, dtype=np.int64).reshape(len(rows), len(attributes)), **told, **options
    )


def combination(**values: str) -> Combination:
    return tuple(values.items())


def answers(explained: Explained) -> list[Mapping[str, str]]:
    """The parts of the first table's explanation."""
    return [dict(part.combination) for part in explained.explanations[0].parts]


def row_of(explained: Explained, **values: str):
    return next(row for _, row in explained.rows if dict(row.combination) == values)
