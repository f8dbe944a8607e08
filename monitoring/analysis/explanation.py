"""What the failures of a window have in common: rows with figures, the set that explains most, and mere shadows.

The figures of a row (share, usual share, lift, interval, p-value, reading) are those of `concentration`; which rows
make up the answer is decided in `explaining_set`. Counts are executions, or step runs where attributes are those of
steps: each kind has a table of its own, and `explain` ranks several tables together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from monitoring.analysis.arrays import np
from monitoring.analysis.combinations import Candidates, search
from monitoring.analysis.concentration import (
    LOCAL_SHARE,
    MIN_FAILURES,
    SIGNIFICANCE,
    Candidate,
    Finding,
    Reach,
    finding_order,
    measure,
)
from monitoring.analysis.explaining_set import NOTHING, Chosen, choose, is_clear
from monitoring.analysis.leaf_table import Counts, LeafTable, Prepared, prepare, with_expected
from monitoring.analysis.relations import Relation, relations, tell_more

# Rows of single values for each attribute, and rows of combinations.
VALUES_SHOWN = 50
COMBINATIONS_SHOWN = 40
# A row with fewer runs has few samples, as one with fewer than MIN_FAILURES failures.
MIN_RUNS = 30
# Runs of the explaining set fail at least this many times as often as the others.
MIN_CONTRAST = 1.5

Combination = tuple[tuple[str, str], ...]
"""Pairs of attribute and value, in the order of the table's attributes."""


@dataclass(frozen=True, slots=True)
class Row:
    """A combination, its figures, and how it relates to `because`, a part of the explaining set.

    PART: it is one. SAME_RUNS: nearly the same runs, the two cannot be told apart. WITHIN: a narrower piece of it.
    SHADOW: without the runs of the set it is as usual ("bitrate=500 only because cdn=5"). OWN: none of these.
    `has_few`: fewer than 10 failures or 30 runs.
    """

    combination: Combination
    runs: int
    finding: Finding
    relation: Relation
    because: Combination | None
    has_few: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A combination of the explaining set; `added` failures are in no part before it, `covered` share up to here."""

    combination: Combination
    runs: int
    failures: int
    added: int
    added_share: float
    covered: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer for one table. SPREAD means: not concentrated; then, and when TOO_FEW, there are no parts.

    LOCAL: the parts hold at least half of the failures, PART: fewer. `runs` and `run_share` are the runs in the parts,
    and their share of all. `contrast`: how many times as often runs in the parts fail as the others, each
    against what is usual for them; None when no other failed. `attributable` is the share of all failures that would
    not be there had runs in the parts failed as the others (M. L. Levin, "The occurrence of lung cancer in man", 1953).
    """

    reach: Reach
    failures: int
    all_runs: int
    parts: Sequence[Part] = ()
    runs: int = 0
    run_share: float = 0.0
    contrast: float | None = None
    attributable: float = 0.0
    worth: float = 0.0


@dataclass(frozen=True, slots=True)
class Explained:
    """Explanations of the tables, in their order; rows of all together, the most striking first, with their table.

    `leading` is the place of the explanation that is worth most; None when no table has one. `looked_at`
    combinations were compared: p-values are corrected for all of them.
    """

    explanations: Sequence[Explanation]
    rows: Sequence[tuple[int, Row]]
    leading: int | None
    looked_at: int


@dataclass(frozen=True, slots=True)
class _Work:
    prepared: Prepared
    found: Candidates
    chosen: Chosen
    shown: Sequence[int]


def explain(tables: Sequence[LeafTable]) -> Explained:
    """What failures have in common, for tables of different bases (executions, step runs) ranked together."""
    works = [_work(table) for table in tables]
    looked_at = [sum(layer) for layer in zip(*(work.found.looked_at for work in works), strict=True)]
    findings = _measured(works, looked_at)
    explanations, rows = [], []
    for number, (work, measured) in enumerate(zip(works, findings, strict=True)):
        explanation, order = _explanation(work, _sure(work, measured))
        explanations.append(explanation)
        rows += [(number, row) for row in _rows(work, order, measured)]
    told = [place for place, each in enumerate(explanations) if each.parts]
    leading = max(told, key=lambda place: (explanations[place].worth, -place), default=None)
    rows.sort(key=lambda row: (*finding_order(row[1].finding), row[0]))
    return Explained(explanations, rows, leading, sum(looked_at))


def _measured(works: Sequence[_Work], looked_at: Sequence[int]) -> list[dict[int, Finding]]:
    """The figures of the rows to show, by table and place.

    Single values, pairs and triples are corrected apart, each as if a third of the significance were theirs: there are
    far fewer single values, so these need not pay for all pairs (G. I. Webb, "Layered critical values: a powerful
    direct-adjustment approach to discovering significant patterns", Machine Learning 71, 2008).
    """
    found: list[dict[int, Finding]] = [{} for _ in works]
    for size, compared in enumerate(looked_at, 1):
        told = [
            (number, place)
            for number, work in enumerate(works)
            for place in work.shown
            if len(work.found.pairs[place]) == size
        ]
        candidates = [_candidate(works[number], place) for number, place in told]
        for (number, place), finding in zip(told, measure(candidates, compared, len(looked_at)), strict=True):
            found[number][place] = finding
    return [{place: each[place] for place in work.shown} for work, each in zip(works, found, strict=True)]


def _work(table: LeafTable) -> _Work:
    prepared = prepare(table)
    found = search(prepared)
    chosen = choose(prepared, found) if prepared.totals[0] >= MIN_FAILURES else NOTHING
    return _Work(prepared, found, chosen, _shown(prepared, found, chosen))


def _shown(prepared: Prepared, found: Candidates, chosen: Chosen) -> list[int]:
    """Places of the rows to show: the values with most failures, the best combinations, the chosen ones."""
    failures = found.sums[0]
    singles: dict[int, list[int]] = {}
    several = []
    for place, pairs in enumerate(found.pairs):
        if len(pairs) == 1:
            singles.setdefault(pairs[0][0], []).append(place)
        else:
            several.append(place)
    shown = set(chosen.places)
    for places in singles.values():
        shown.update(sorted(places, key=lambda place: (-failures[place], place))[:VALUES_SHOWN])
    excess = failures - prepared.drift * found.sums[2]
    dense = np.round(excess**2 / np.maximum(found.sums[1], 1.0), 9)
    clear = tell_more(found.pairs, found.sums, is_clear(prepared.drift, found.sums))
    striking = [place for place in several if clear[place]]
    striking.sort(key=lambda place: (-dense[place], found.pairs[place]))
    return sorted(shown | set(striking[:COMBINATIONS_SHOWN]))


def _candidate(work: _Work, place: int) -> Candidate:
    """A combination as the figures of a row want it.

    Usual failures are as many as were counted, divided as they would be among the runs of now.
    """
    table, totals = work.prepared.table, work.prepared.totals
    failures, runs, expected = work.found.sums[:, place].tolist()
    names = _named(table, work.found.pairs[place])
    base, base_total = runs, float(totals[1])
    if table.usual_bad is not None:
        base_total = float(table.usual_bad.sum())
        base = expected * base_total / max(float(totals[2]), 1e-12)
    return Candidate(
        kind=" & ".join(attribute for attribute, _ in names),
        value=" & ".join(value for _, value in names),
        failures=round(failures),
        all_failures=round(totals[0]),
        base=round(base),
        base_total=round(base_total),
        is_apart=table.is_apart or table.usual_bad is not None,
    )


def _named(table: LeafTable, pairs: Sequence[tuple[int, int]]) -> Combination:
    return tuple((table.attributes[attribute], table.values[attribute][code]) for attribute, code in pairs)


def _sure(work: _Work, measured: dict[int, Finding]) -> list[int]:
    """The chosen combinations that chance has not made: their corrected p-value is below the significance."""
    p_values = {place: measured[place].p_value for place in work.chosen.places}
    return [place for place, p_value in p_values.items() if p_value is not None and p_value < SIGNIFICANCE]


def _explanation(work: _Work, places: Sequence[int]) -> tuple[Explanation, list[int]]:
    """The explanation, and the places of its parts by what each adds."""
    totals = work.prepared.totals
    failures, all_runs = round(totals[0]), round(totals[1])
    if failures < MIN_FAILURES:
        return Explanation(Reach.TOO_FEW, failures, all_runs), []
    spread = Explanation(Reach.SPREAD, failures, all_runs)
    if not places:
        return spread, []
    order = _by_added(work.found, places)
    held = [_inside(work, order[:count]) for count in range(len(order) + 1)]
    inside, outside = held[-1], totals - held[-1]
    contrast = _ratio(inside[0] * outside[2], inside[2] * outside[0])
    if contrast is not None and contrast < MIN_CONTRAST:
        return spread, []
    parts = [
        Part(
            combination=_named(work.prepared.table, work.found.pairs[place]),
            runs=round(work.found.sums[1, place]),
            failures=round(work.found.sums[0, place]),
            added=round(after[0] - before[0]),
            added_share=float((after[0] - before[0]) / totals[0]),
            covered=float(after[0] / totals[0]),
        )
        for place, (before, after) in zip(order, pairwise(held), strict=True)
    ]
    reach = Reach.LOCAL if parts[-1].covered >= LOCAL_SHARE else Reach.PART
    as_others = outside[0] * (_ratio(inside[2], outside[2]) or 0.0)
    told = Explanation(
        reach=reach,
        failures=failures,
        all_runs=all_runs,
        parts=parts,
        runs=round(inside[1]),
        run_share=float(inside[1] / totals[1]),
        contrast=contrast,
        attributable=float((inside[0] - as_others) / totals[0]),
        worth=work.chosen.worth,
    )
    return told, order


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def _by_added(found: Candidates, places: Sequence[int]) -> list[int]:
    """The parts: each next one is that which adds most failures."""
    order: list[int] = []
    covered = np.zeros(found.held.masks.shape[1], dtype=bool)
    left = sorted(places, key=lambda place: found.pairs[place])
    while left:
        added = {place: found.held.weights[0][found.mask(place) & ~covered].sum() for place in left}
        place = max(left, key=lambda place: added[place])
        covered |= found.mask(place)
        order.append(place)
        left.remove(place)
    return order


def _inside(work: _Work, places: Sequence[int]) -> Counts:
    """Failures, runs and expected failures of the rows in any of the combinations."""
    held = work.found.held
    mask = np.zeros(held.masks.shape[1], dtype=bool)
    for place in places:
        mask |= work.found.mask(place)
    return with_expected(held.weights[:, mask].sum(axis=1), work.prepared.totals)


def _rows(work: _Work, parts: Sequence[int], measured: dict[int, Finding]) -> list[Row]:
    table, found = work.prepared.table, work.found
    related = relations(work.prepared, found, work.shown, parts)
    rows = []
    for place, finding in measured.items():
        relation, because = related.get(place, (Relation.OWN, None))
        runs = round(found.sums[1, place])
        rows.append(
            Row(
                combination=_named(table, found.pairs[place]),
                runs=runs,
                finding=finding,
                relation=relation,
                because=None if because is None else _named(table, found.pairs[because]),
                has_few=finding.failures < MIN_FAILURES or runs < MIN_RUNS,
            )
        )
    return rows
