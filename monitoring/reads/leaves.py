"""Tables of leaves for concentration, from samples: label ids become codes, facets become attributes."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.statements import run_planned
from monitoring.analysis.arrays import np
from monitoring.analysis.leaf_table import NOT_TOLD as NO_CODE
from monitoring.analysis.leaf_table import Codes, LeafTable
from monitoring.identity import KEY_END, LabelKind, facet_id, label_id
from monitoring.reads.samples import NOT_TOLD, Numbers, Runs

# Facets are looked at when so many of the executions in question share them, or this part of all runs.
MIN_SHARED = 5
MIN_RUN_SHARE = 0.05
MAX_FACETS = 120
# Of a column with more values the most frequent ones are told.
MAX_VALUES = 300

_FACETS = f"""
SELECT DISTINCT f.told FROM execution e
CROSS JOIN LATERAL (
    SELECT jsonb_array_elements_text(e.facets) AS told
    UNION ALL
    SELECT concat(l.value, '{KEY_END}', o.value) FROM facet o JOIN label l ON l.team_id = o.team_id AND l.id = o.key_id
    WHERE o.team_id = e.team_id AND o.execution_id = e.id AND o.retention_class = e.retention_class
        AND o.anchor_day = e.anchor_day
) f
WHERE e.team_id = %s AND e.id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Sides:
    """The executions in question and the runs they are compared with, as rows of the same kind.

    `is_apart` when the runs are a sample: then the ones in question need not be among them.
    """

    bad: Runs
    base: Runs
    is_apart: bool


@dataclass(frozen=True, slots=True)
class Column:
    """An attribute of a table: a code for each row of the bad ones, then of the base, and the values by code."""

    name: str
    values: Sequence[str]
    codes: Codes


def label_column(name: str, bad: Numbers, base: Numbers, texts: Mapping[int, str]) -> Column:
    """A column of label ids, those in `texts` alone."""
    both = np.concatenate([bad, base])
    known = np.array(sorted(texts), dtype=np.int64)
    return Column(name, [texts[id] for id in known.tolist()], _codes(both, known))


def values_of(bad: Numbers, base: Numbers) -> list[int]:
    """The label ids of a column, the most frequent ones where there are many; those of the bad ones come first."""
    found: dict[int, None] = {}
    for side in (bad, base):
        ids, counts = np.unique(side[side != NOT_TOLD], return_counts=True)
        found |= dict.fromkeys(ids[np.argsort(-counts, kind="stable")][:MAX_VALUES].tolist())
    return list(found)[:MAX_VALUES]


def facet_columns(team_id: uuid.UUID, sides: Sides) -> list[Column]:
    """A column for each input field and tag of which a value is frequent. One query."""
    wanted = _frequent(sides)
    if not len(wanted):
        return []
    examples = {
        sides_of.execution_id(int(row)) for sides_of in (sides.bad, sides.base) for row in _examples(sides_of, wanted)
    }
    values: dict[str, dict[int, str]] = {}
    for (told,) in run_planned(_FACETS, [team_id, sorted(examples)]):
        key, _, value = told.partition(KEY_END)
        if (id := facet_id(label_id(LabelKind.FACET, key), value)) in wanted:
            values.setdefault(key, {})[id] = value
    return [_facet_column(key, told, sides) for key, told in sorted(values.items())]


def table_of(columns: Sequence[Column], sides: Sides) -> LeafTable:
    """The table of these columns. Of runs that are all there the bad ones are counted once."""
    told = [column for column in columns if column.values]
    count = len(sides.bad)
    keep = np.ones(count + len(sides.base), dtype=np.bool_)
    base = np.ones(len(keep))
    if sides.is_apart:
        base[:count] = 0
    else:
        keep[count:] = ~np.isin(sides.base.identity, sides.bad.identity)
    bad = np.zeros(len(keep))
    bad[:count] = 1
    codes = np.array([column.codes for column in told], dtype=np.int64).reshape(len(told), len(keep)).T
    return LeafTable(
        attributes=[column.name for column in told],
        values=[column.values for column in told],
        codes=codes[keep],
        bad=bad[keep],
        base=base[keep],
        is_apart=sides.is_apart,
    )


def of_their_runs(column: Column, sides: Sides, steps: Sides) -> Column:
    """A column of executions as one of their step runs."""
    count = len(sides.bad)
    parts = []
    for codes, runs, visits in (
        (column.codes[:count], sides.bad, steps.bad),
        (column.codes[count:], sides.base, steps.base),
    ):
        order = np.argsort(runs.key, kind="stable")
        at = np.searchsorted(runs.key[order], visits.key)
        at = np.minimum(at, max(len(order) - 1, 0))
        found = codes[order][at] if len(order) else np.zeros(len(visits), dtype=np.int64)
        same = runs.key[order][at] == visits.key if len(order) else np.zeros(len(visits), dtype=np.bool_)
        parts.append(np.where(same, found, NO_CODE))
    return Column(column.name, column.values, np.concatenate(parts))


def _codes(ids: Numbers, known: Numbers) -> Codes:
    """The place of each id among the known ones, which are sorted; -1 for others."""
    if not len(known):
        return np.full(len(ids), NO_CODE, dtype=np.int64)
    at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[at] == ids, at, NO_CODE)


def _frequent(sides: Sides) -> Numbers:
    """Ids of facets that are worth a look, ascending."""
    found: dict[int, None] = {}
    for runs, least in ((sides.bad, MIN_SHARED), (sides.base, max(MIN_SHARED, MIN_RUN_SHARE * len(sides.base)))):
        ids, counts = np.unique(runs.facets[1], return_counts=True)
        order = np.argsort(-counts, kind="stable")
        found |= dict.fromkeys(ids[order][counts[order] >= least][:MAX_FACETS].tolist())
    return np.array(sorted(found), dtype=np.int64)


def _examples(runs: Runs, wanted: Numbers) -> Numbers:
    """For each wanted facet that occurs one row that has it."""
    rows, ids = runs.facets
    told = np.isin(ids, wanted)
    _, first = np.unique(ids[told], return_index=True)
    return np.unique(rows[told][first])


def _facet_column(key: str, values: Mapping[int, str], sides: Sides) -> Column:
    """The values of one facet; a row with several has the last of them."""
    known = np.array(sorted(values), dtype=np.int64)
    parts = []
    for runs in (sides.bad, sides.base):
        rows, ids = runs.facets
        codes = np.full(len(runs), NO_CODE, dtype=np.int64)
        told = np.isin(ids, known)
        codes[rows[told]] = np.searchsorted(known, ids[told])
        parts.append(codes)
    return Column(key, [values[id] for id in known.tolist()], np.concatenate(parts))
