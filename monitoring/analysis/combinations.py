"""Looks for combinations of one to three attribute values that hold failures beyond what is usual.

Level by level, as R. Agrawal and R. Srikant, "Fast algorithms for mining association rules" (VLDB 1994): whoever holds
the failures of a combination holds them with each of its values too, so only values that hold enough are combined.
Each level keeps a bounded number, so the work grows with the rows and not with the values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.analysis.arrays import Booleans, Integers, np
from monitoring.analysis.leaf_table import Counts, Prepared, with_expected

# Values, and pairs, that are combined further. At most 63 values: a row is a number of so many bits.
VALUES_KEPT = 48
PAIRS_KEPT = 32
MAX_ATTRIBUTES = 3
# A combination with fewer failures is not looked at.
MIN_FAILURES_SHARED = 5
# A value with a smaller part of the excess is not combined further.
MIN_EXCESS_SHARE = 0.03
# Whole numbers up to here are exact in 32-bit floats.
_EXACT_FLOAT32 = 2**24

Places = Integers
Masks = Booleans


@dataclass(frozen=True, slots=True)
class Held:
    """Rows that are alike in what is looked at, made one: `masks[m, row]`, and `weights` (as in `Prepared`) per row."""

    masks: Masks
    weights: Counts

    @classmethod
    def of(cls, masks: Sequence[Masks], weights: Counts) -> "Held":
        """Of up to 63 masks over rows. The order of the rows does not matter to the result."""
        lined = np.zeros((64, weights.shape[1]), dtype=np.bool_)
        for place, mask in enumerate(masks):
            lined[place] = mask
        octets = np.packbits(lined, axis=0, bitorder="little")
        bits = np.ascontiguousarray(octets.T).view("<i8")[:, 0].astype(np.int64)
        told, groups = np.unique(bits, return_inverse=True)
        summed = np.array([np.bincount(groups, weight, len(told)) for weight in weights])
        return cls((told >> np.arange(len(masks))[:, None]) & 1 == 1, summed)

    def sums(self, left: Masks, right: Masks) -> Counts:
        """The weights of the rows that each of `left` shares with each of `right`: weights x left x right."""
        exact = len(self.weights) == 2 and self.weights.sum(axis=1).max(initial=0) < _EXACT_FLOAT32
        kind = np.float32 if exact else np.float64
        failing = np.nonzero(self.weights[0])[0]
        shared = []
        for number, weight in enumerate(self.weights):
            # Failures are in few rows: the others need not be multiplied out for their sums.
            one, other, by = (
                (left[:, failing], right[:, failing], weight[failing]) if number == 0 else (left, right, weight)
            )
            shared.append((one * by.astype(kind)) @ other.T.astype(kind))
        return np.array(shared, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Combinations with their `sums`: failures, runs and expected failures (3 x combinations).

    `pairs[c]` are the (attribute, code) pairs of combination c, by attribute. Single values come first. `kept` are the
    pairs that were combined, in the order of the masks of `held`. `looked_at[n - 1]` is how many combinations of n with
    failures were counted, these included.
    """

    pairs: Sequence[tuple[tuple[int, int], ...]]
    sums: Counts
    looked_at: tuple[int, ...]
    kept: Sequence[tuple[int, int]]
    held: Held

    def mask(self, place: int) -> Masks:
        """The rows of `held` that have all values of a combination of kept values."""
        members = self.held.masks[[self.kept.index(pair) for pair in self.pairs[place]]]
        return np.asarray(members.all(axis=0), dtype=np.bool_)


def search(prepared: Prepared) -> Candidates:
    """All values with failures, and the pairs and triples that hold enough of the excess."""
    pairs: list[tuple[tuple[int, int], ...]] = []
    found = [np.zeros((3, 0))]
    for attribute, sums in enumerate(prepared.by_value):
        told = np.nonzero(sums[0, 1:] > 0)[0]
        pairs += [((attribute, int(code)),) for code in told]
        found.append(sums[:, 1:][:, told])
    singles = np.concatenate(found, axis=1)
    kept = [pairs[place][0] for place in _most_telling(prepared, singles, VALUES_KEPT)]
    codes = {attribute: np.ascontiguousarray(prepared.table.codes[:, attribute]) for attribute, _ in kept}
    held = Held.of([codes[attribute] == code for attribute, code in kept], prepared.weights)
    looked_at = [len(pairs)]
    level: list[tuple[int, ...]] = [(place,) for place in range(len(kept))]
    all_sums = [singles]
    for _ in range(1, MAX_ATTRIBUTES):
        level, sums, seen = _combined(prepared, kept, held, level)
        pairs += [tuple(sorted(kept[place] for place in members)) for members in level]
        all_sums.append(sums)
        looked_at.append(seen)
        level = [level[place] for place in _most_telling(prepared, sums, PAIRS_KEPT)]
    return Candidates(pairs, np.concatenate(all_sums, axis=1), tuple(looked_at), kept, held)


def _most_telling(prepared: Prepared, sums: Counts, most: int) -> list[int]:
    """Those that hold enough of the excess: half by how much, half by how much for their runs. In order of place."""
    failures, runs, expected = sums
    excess = failures - prepared.drift * expected
    enough = (failures >= MIN_FAILURES_SHARED) & (excess >= MIN_EXCESS_SHARE * prepared.excess) & (excess > 0)
    places = np.nonzero(enough)[0]
    kept: set[int] = set()
    for value in (excess**2 / np.maximum(runs, 1.0), excess):
        order = np.argsort(-np.round(value[places], 9), kind="stable")
        kept.update(places[order[: most // 2]].tolist())
    return sorted(kept)


def _combined(
    prepared: Prepared, kept: Sequence[tuple[int, int]], held: Held, level: Sequence[tuple[int, ...]]
) -> tuple[list[tuple[int, ...]], Counts, int]:
    """Each of `level` with each kept value of another attribute: members, sums, and how many had failures."""
    if not level:
        return [], np.zeros((3, 0)), 0
    left = np.array([held.masks[list(members)].all(axis=0) for members in level])
    sums = with_expected(held.sums(left, held.masks), prepared.totals)
    fresh: dict[tuple[int, ...], tuple[int, int]] = {}
    for row, column in zip(*(places.tolist() for places in np.nonzero(sums[0])), strict=True):
        attributes = {kept[place][0] for place in level[row]}
        if kept[column][0] not in attributes:
            fresh.setdefault(tuple(sorted((*level[row], column))), (row, column))
    enough = {members: at for members, at in fresh.items() if sums[0][at] >= MIN_FAILURES_SHARED}
    rows, columns = [at[0] for at in enough.values()], [at[1] for at in enough.values()]
    return list(enough), sums[:, rows, columns], len(fresh)
