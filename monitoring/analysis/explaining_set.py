"""The smallest set of combinations that explains most failures: which one is chosen, and what each adds.

A set is worth ln(share of the excess it holds) / ln(1 / 0.9) * ln 2, minus ln(share of the runs it holds), minus ln 2
for each combination after the first, minus 0.05 for each attribute. In words:

- a narrower answer may lose a tenth of the failures only when it halves the runs;
- a further combination must be worth a factor of two;
- an attribute must narrow the runs by 5 % to be named.

The excess is what failed beyond the usual rate, after the drift that all runs show (`leaf_table`).

That both the excess and the contrast matter is the idea of "contribution ability" and "anomaly degree" in Y. Sun et
al., "Robust anomaly clue localization of multi-dimensional derived measure for online video services" (IEEE
Transactions on Services Computing, 2023), and of "explanatory power" and "surprise" in R. Bhagwan et al.,
"Adtributor: revenue debugging in advertising systems" (NSDI 2014). That a set is judged as a whole, and that fewer and
coarser combinations are better, follows Z. Li et al., "Generic and robust localization of multi-dimensional root
causes" (ISSRE 2019).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.analysis.arrays import Booleans, Integers, Reals, np
from monitoring.analysis.combinations import Candidates, Held
from monitoring.analysis.leaf_table import Counts, Prepared, with_expected

# A narrower answer may lose this share of the excess (a tenth) ...
LOSS = 0.1
# ... only when it divides the runs by this.
NARROWING = 2.0
# A further combination must be worth this factor of runs.
FURTHER = 2.0
# An attribute must narrow the runs by this share.
ATTRIBUTE = 0.05
MAX_PARTS = 5
# A combination must exceed what is usual by so many standard deviations to be chosen.
MIN_DEVIATIONS = 3.0
# Combinations that sets are made of, and sets that are carried to the next size.
_CHOICES = 40
_SETS = 10


@dataclass(frozen=True, slots=True)
class Chosen:
    """The places of the chosen combinations among the candidates, and what the set is worth (0: as all runs)."""

    places: tuple[int, ...]
    worth: float


NOTHING = Chosen((), 0.0)


def worth(excess_share: Counts, run_share: Counts, parts: int, attributes: Integers) -> Counts:
    """What sets are worth, rounded so that the order of sums does not decide. No excess is worth nothing at all."""
    steepness = math.log(NARROWING) / -math.log1p(-LOSS)
    value = (
        steepness * np.log(np.maximum(excess_share, 1e-12))
        - np.log(np.maximum(run_share, 1e-12))
        - (parts - 1) * math.log(FURTHER)
        - ATTRIBUTE * attributes
    )
    return np.where((excess_share > 0) & (run_share > 0), np.round(value, 9), -np.inf)


def choose(prepared: Prepared, found: Candidates) -> Chosen:
    """The set of one to five combinations that is worth most; nothing when none exceeds what is usual.

    Sets grow one combination at a time from the forty best, ten sets of each size being carried on (a beam).
    """
    if prepared.excess <= 0 or not prepared.totals[1]:
        return NOTHING
    sizes = np.array([len(pairs) for pairs in found.pairs])
    excess = found.sums[0] - prepared.drift * found.sums[2]
    share, run_share = excess / prepared.excess, found.sums[1] / prepared.totals[1]
    alone = np.where(is_clear(prepared.drift, found.sums), worth(share, run_share, 1, sizes), -np.inf)
    choices = _choices(found, alone, share**2 / np.maximum(run_share, 1e-12))
    if not choices:
        return NOTHING
    held = Held.of([found.mask(place) for place in choices], found.held.weights)
    best = Chosen((choices[0],), float(alone[choices[0]]))
    sets: list[tuple[int, ...]] = [(place,) for place in range(len(choices))]
    for _ in range(1, MAX_PARTS):
        sets, value = _grown(prepared, held, sets, sizes[choices])
        if not sets or value <= best.worth:
            break
        best = Chosen(tuple(choices[place] for place in sets[0]), value)
    return best


def is_clear(drift: float | Reals, sums: Counts) -> Booleans:
    """Whether failures exceed what is usual by more than chance gives a count."""
    usual = drift * sums[2]
    clear: Booleans = sums[0] - usual >= MIN_DEVIATIONS * np.sqrt(usual + 1)
    return clear


def _choices(found: Candidates, alone: Counts, contrast: Counts) -> list[int]:
    """The best alone first, then the best by excess times contrast. Ties: fewer attributes, then earlier ones."""
    kept = set(found.kept)
    told = [place for place in np.nonzero(np.isfinite(alone))[0].tolist() if kept.issuperset(found.pairs[place])]
    by_worth = sorted(told, key=lambda place: (-alone[place], len(found.pairs[place]), found.pairs[place]))
    dense = np.round(contrast, 9)
    by_contrast = sorted(told, key=lambda place: (-dense[place], len(found.pairs[place]), found.pairs[place]))
    return list(dict.fromkeys([*by_worth[: _CHOICES // 2], *by_contrast[: _CHOICES // 2]]))


def _grown(
    prepared: Prepared, held: Held, sets: Sequence[tuple[int, ...]], sizes: Integers
) -> tuple[list[tuple[int, ...]], float]:
    """Each set with each further combination: the best sets, and what the very best is worth."""
    union = np.array([held.masks[list(each)].any(axis=0) for each in sets])
    everything = np.ones((1, held.masks.shape[1]), dtype=bool)
    added = with_expected(held.sums(~union, held.masks), prepared.totals)
    total = with_expected(held.sums(union, everything), prepared.totals) + added
    attributes = np.array([[sizes[list(each)].sum()] for each in sets]) + sizes
    share = (total[0] - prepared.drift * total[2]) / prepared.excess
    # A combination that adds no failures of its own is no part of an answer.
    value = np.where(
        is_clear(prepared.drift, added),
        worth(share, total[1] / prepared.totals[1], len(sets[0]) + 1, attributes),
        -np.inf,
    )
    grown: dict[tuple[int, ...], float] = {}
    for place in np.argsort(-value, axis=None, kind="stable")[: _SETS * (len(sets[0]) + 1)].tolist():
        row, column = divmod(place, len(sizes))
        if np.isfinite(value[row, column]):
            key = tuple(sorted((*sets[row], column)))
            grown.setdefault(key, float(value[row, column]))
    best = list(grown)[:_SETS]
    return best, grown[best[0]] if best else 0.0
