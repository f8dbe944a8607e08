"""The table that concentration works on: one row per combination of attribute values, with its runs and its failures.

A row may stand for one run or for many. Units: counts of runs (executions or step runs, never both in one table).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from monitoring.analysis.arrays import Integers, Reals, np

Codes = Integers
Counts = Reals

NOT_TOLD = -1
# A row with few usual runs is taken to fail as all do: its own rate counts as much as theirs at this many usual runs.
USUAL_RUNS = 20.0
# Only values with at least this part of the expected failures can say how everything moved.
DRIFT_BASE = 0.1
# How far chance may carry the failures of such a value, in standard deviations.
DRIFT_DEVIATIONS = 3.0


@dataclass(frozen=True, slots=True)
class LeafTable:
    """`codes[row, attribute]` is an index into `values[attribute]`, or -1 where the row does not tell.

    `bad` and `base` are whole numbers per row; `base` contains `bad` unless `is_apart` (a sample, or other runs).
    `usual_base` and `usual_bad` are runs and failures of the same rows in another period, where there is one.
    """

    attributes: Sequence[str]
    values: Sequence[Sequence[str]]
    codes: Codes
    bad: Counts
    base: Counts
    usual_base: Counts | None = None
    usual_bad: Counts | None = None
    is_apart: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError when shapes, codes or counts cannot be."""
        rows, attributes = self.codes.shape
        told = [self.bad, self.base, *(each for each in (self.usual_base, self.usual_bad) if each is not None)]
        if any(each.shape != (rows,) for each in told) or len(self.values) != len(self.attributes) != attributes:
            raise ValueError("a leaf table needs one count per row and one list of values per attribute")
        if (self.usual_base is None) != (self.usual_bad is None):
            raise ValueError("usual failures need usual runs, and the other way round")
        if any((each < 0).any() for each in told):
            raise ValueError("counts are never negative")
        sizes = [len(values) for values in self.values]
        if rows and ((self.codes < NOT_TOLD).any() or (self.codes >= np.array(sizes, dtype=np.int64)).any()):
            raise ValueError("a code stands for no value")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A table ready to search.

    `weights` are failures, runs and, where usual runs are told, the failures to expect if each row failed as usual
    (3 or 2 x rows). `by_value[attribute]` are the same sums with the expected failures always told (3 x values), rows
    that do not tell the attribute in front. `totals` are those of all rows. `drift` is how much failures moved
    everywhere: a row that only moved along has `drift` times its expected ones.
    """

    table: LeafTable
    weights: Counts
    by_value: Sequence[Counts]
    totals: Counts
    drift: float

    @property
    def excess(self) -> float:
        """Failures beyond what is usual, after the drift. None or fewer: nothing to explain."""
        return float(self.totals[0] - self.drift * self.totals[2])


def prepare(table: LeafTable) -> Prepared:
    """The table with its expected failures and its drift. Runs below their own failures (late counts) are raised.

    The order of rows, and splitting a row in two, change nothing.
    """
    if not table.is_apart:
        table = replace(table, base=np.maximum(table.base, table.bad))
    if table.usual_base is None:
        weights = np.array([table.bad, table.base])
    else:
        table = _merge_rows(table)
        weights = np.array([table.bad, table.base, expected_failures(table)])
    totals = weights.sum(axis=1)
    totals = with_expected(totals, totals)
    groups = np.ascontiguousarray(table.codes.T) + 1
    by_value = [
        with_expected(np.array([np.bincount(group, weight, len(values) + 1) for weight in weights]), totals)
        for group, values in zip(groups, table.values, strict=True)
    ]
    return Prepared(table, weights, by_value, totals, _drift(by_value, totals))


def with_expected(sums: Counts, totals: Counts) -> Counts:
    """Failures, runs and expected failures; the last in proportion to runs where no usual runs are told."""
    if len(sums) == 3:
        return sums
    return np.concatenate([sums, sums[1:2] * (totals[0] / max(totals[1], 1.0))])


def expected_failures(table: LeafTable) -> Counts:
    """Failures per row at the row's usual rate, which leans on the rate of all where usual runs are few.

    rate = (usual failures + 20 * rate of all) / (usual runs + 20): the mean of a beta distribution, with the weight of
    20 runs given to what all runs do.
    """
    usual_base, usual_bad = table.usual_base, table.usual_bad
    if usual_base is None or usual_bad is None:
        raise ValueError("the table tells no usual runs")
    all_rate = usual_bad.sum() / usual_base.sum() if usual_base.sum() else 0.0
    rate: Counts = (usual_bad + USUAL_RUNS * all_rate) / (usual_base + USUAL_RUNS)
    return table.base * rate


def _drift(by_value: Sequence[Counts], totals: Counts) -> float:
    """The smallest ratio of failures to expected ones among single values: what a part that has no fault shows.

    A value counts when it has a tenth of the expected failures, with three standard deviations of a Poisson count
    added for chance. All runs together, with as much taken off, are the upper limit.
    """
    failures, expected_total = totals[0], totals[2]
    if not expected_total:
        return 0.0
    lowest = max(0.0, failures - DRIFT_DEVIATIONS * math.sqrt(failures + 1)) / expected_total
    for bad, _, expected in by_value:
        large = expected >= DRIFT_BASE * expected_total
        if large.any():
            least = (bad[large] + DRIFT_DEVIATIONS * np.sqrt(bad[large] + 1)) / expected[large]
            lowest = min(lowest, float(least.min()))
    return float(lowest)


def _merge_rows(table: LeafTable) -> LeafTable:
    """Equal rows made one, in the order of their codes."""
    keys = np.zeros(len(table.codes), dtype=np.int64)
    size = 1
    for place, values in enumerate(table.values):
        width = len(values) + 1
        if size * width > 2**62:
            keys = np.unique(keys, return_inverse=True)[1]
            size = len(keys)
        keys = keys * width + table.codes[:, place] + 1
        size *= width
    _, first, groups = np.unique(keys, return_index=True, return_inverse=True)

    def total(counts: Counts | None) -> Counts | None:
        return None if counts is None else np.bincount(groups, counts, len(first)).astype(np.float64)

    bad, base = total(table.bad), total(table.base)
    assert bad is not None
    assert base is not None
    return replace(
        table,
        codes=table.codes[first],
        bad=bad,
        base=base,
        usual_base=total(table.usual_base),
        usual_bad=total(table.usual_bad),
    )


def calmer_half(periods: Mapping[int, tuple[float, float]]) -> set[int]:
    """The half of the periods (rounded up) in which the fewest runs failed, of `{period: (runs, failures)}`.

    What is usual is taken from these: an incident before, or the start of this one, is not usual. Of periods that
    fail alike the earlier ones are taken.
    """
    rated = sorted((failures / runs if runs else 0.0, period) for period, (runs, failures) in periods.items())
    return {period for _, period in rated[: math.ceil(len(rated) / 2)]}
