"""How combinations relate to the set that explains most failures: which of them are mere shadows of it."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import combinations

from monitoring.analysis.arrays import Booleans, np
from monitoring.analysis.combinations import Candidates
from monitoring.analysis.explaining_set import is_clear
from monitoring.analysis.leaf_table import Counts, Prepared, with_expected

# Two combinations that share this part of the runs of both cannot be told apart.
SAME_RUNS = 0.95


class Relation(StrEnum):
    """How a row relates to the explaining set."""

    PART = "Explains"
    SAME_RUNS = "Same runs"
    WITHIN = "Within"
    SHADOW = "Only because"
    OWN = "On its own"


def tell_more(combined: Sequence[Sequence[tuple[int, int]]], sums: Counts, asked: Booleans) -> Booleans:
    """Which of the `asked` combinations fail clearly more than each wider one that was found; all are by place.

    G. I. Webb, "Discovering significant patterns", Machine Learning 68 (2007), calls such patterns productive.
    """
    failures, _, expected = sums
    # A place without expected failures has no rate: as if it had none of its own.
    rates = np.divide(failures, expected, out=np.zeros_like(failures), where=expected > 0).tolist()
    rate_of = {tuple(pairs): rate for pairs, rate in zip(combined, rates, strict=True)}
    wider = [
        max(
            (rate_of.get(part, 0.0) for size in range(1, len(pairs)) for part in combinations(pairs, size)), default=0.0
        )
        for pairs in (combined[place] for place in np.nonzero(asked)[0].tolist())
    ]
    told = np.zeros_like(asked)
    told[asked] = is_clear(np.array(wider), sums[:, asked])
    return told


def relations(
    prepared: Prepared, found: Candidates, shown: Sequence[int], parts: Sequence[int]
) -> dict[int, tuple[Relation, int]]:
    """How `shown` combinations with an excess relate to the parts: by place, with the place of the part it is about.

    Values that were not combined (too little excess) stay out.
    """
    kept = set(found.kept)
    clear = is_clear(prepared.drift, found.sums)
    places = [place for place in shown if clear[place] and kept.issuperset(found.pairs[place])]
    if not parts or not places:
        return {}
    rows = np.array([found.mask(place) for place in places])
    masks = np.array([found.mask(part) for part in parts])
    shared = with_expected(found.held.sums(rows, masks), prepared.totals)
    outside = with_expected(found.held.sums(rows, ~np.asarray(masks.any(axis=0))[None]), prepared.totals)[:, :, 0]
    excess = shared[0] - prepared.drift * shared[2]
    related = {}
    for row, place in enumerate(places):
        part = int(np.argmax(np.round(excess[row], 9)))
        runs, part_runs = found.sums[1, place], found.sums[1, parts[part]]
        if place in parts:
            related[place] = (Relation.PART, place)
        elif shared[1, row, part] >= SAME_RUNS * max(runs, part_runs):
            related[place] = (Relation.SAME_RUNS, parts[part])
        elif set(found.pairs[parts[part]]) < set(found.pairs[place]):
            related[place] = (Relation.WITHIN, parts[part])
        elif excess[row, part] > 0 and not is_clear(prepared.drift, outside[:, row : row + 1])[0]:
            related[place] = (Relation.SHADOW, parts[part])
    return related
