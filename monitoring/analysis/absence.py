"""Steps that healthy executions always have and this one has not: which, and where they belong."""

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate

from accounts.phrases import gettext as _
from monitoring.analysis.evidence import Evidence, Kind
from monitoring.analysis.placing import Family, Placed
from monitoring.analysis.reference import MIN_SUPPORT, Index, Place

# A place that is present in at least this share of the container visits is expected.
EXPECTED = 0.99


def empty_visits(placed: Placed, index: Index) -> Iterator[Family]:
    """Container visits in which steps always ran, and none did."""
    told = {family.container for family in placed.families}
    full = {
        known
        for known, place in enumerate(index.reference.places)
        if place.visits >= MIN_SUPPORT and place.told_inside >= EXPECTED * place.visits
    }
    for number, known in enumerate(placed.place_of):
        if known in full and number not in told and placed.steps[number].status in ("succeeded", "unknown"):
            yield Family(number, known, (), (), frozenset())


def absent_places(placed: Placed, index: Index, family: Family) -> list[int]:
    """Places that always ran in such a container and did not in this one."""
    expected = index.expected_inside(family.place, EXPECTED)
    if not expected:
        return []
    ran = {placed.place_of[n] for n in family.members if placed.steps[n].status != "skipped"}
    return [known for known in expected if known not in ran]


def missing_everywhere(placed: Placed, index: Index, families: Sequence[Family]) -> Iterator[Evidence]:
    """Places that ran in some visit of their container in every execution, and in none of this one: after all others,
    because a visit that never came cannot be told from one that lacks the step.
    """
    ran = {known for number, known in enumerate(placed.place_of) if placed.steps[number].status != "skipped"}
    for around in {family.place for family in families}:
        runs = index.place(around).runs_inside
        expected = set(index.expected_inside(around, EXPECTED))
        for known in index.inside.get(around, ()):
            place = index.place(known)
            if known in ran or known in expected or runs < index.support(around) or place.runs < EXPECTED * runs:
                continue
            at = (math.inf, place.rank)
            without = runs - place.runs
            observed, usual = _("never ran"), _("always runs")
            yield Evidence(Kind.MISSING, place.name, None, at, known, observed, usual, without, runs)


class Absence:
    """What is missing in one container visit. `ends` are those of `find_ends`."""

    def __init__(
        self,
        placed: Placed,
        index: Index,
        family: Family,
        absent: Sequence[int],
        ends: Sequence[tuple[float, float]],
    ) -> None:
        self._placed, self._index, self._family, self._absent, self._ends = placed, index, family, absent, ends
        self._ran = [n for n in family.members if placed.steps[n].status != "skipped"]
        self._nth = {n: at for at, n in enumerate(self._ran)}
        self._last = {placed.place_of[n]: n for n in self._ran}
        self._skipped = {placed.place_of[n]: n for n in family.members if placed.steps[n].status == "skipped"}
        ranks = [index.rank(placed.place_of[n]) for n in self._ran]
        # The highest rank up to each step, and the lowest of those behind it (an unknown step has none).
        self._highest = list(accumulate(ranks, max))
        known = [rank if rank >= 0 else math.inf for rank in ranks]
        self._lowest_behind = [*list(accumulate(reversed(known), min))[-2::-1], math.inf] if known else []

    def explains(self, item: Evidence) -> bool:
        """Whether a step came after an unusual one because the one between them is missing: it overtook nothing."""
        if item.kind is not Kind.BRANCH or item.step is None:
            return False
        if self._index.place(item.place).came_after.keys().isdisjoint(self._absent):
            return False
        return self._lowest_behind[self._nth[item.step]] >= self._index.rank(item.place)

    def evidence(self, strays: set[int | None]) -> Iterator[Evidence]:
        """The missing steps; `strays` are steps that left the usual path in this container visit."""
        for known in self._absent:
            place = self._index.place(known)
            skipped = self._skipped.get(known)
            at = self._where(known, place, strays) if skipped is None else self._placed.order[skipped]
            observed = _("did not run") if skipped is None else _("skipped")
            without = place.families - place.present
            yield Evidence(
                Kind.MISSING, place.name, skipped, at, known, observed, _("always runs"), without, place.families
            )

    def _where(self, known: int, place: Place, strays: set[int | None]) -> tuple[float, float]:
        """Where a missing step belongs: behind the step that it most often comes right after; when that did not run,
        before the first that usually comes later. What left the usual path in its stead comes before it.
        """
        # Of several that are missing at one point the one that usually comes first is the first.
        shift = 0.25 + 0.5 * place.rank
        if not self._ran:
            above = self._family.container
            clock, nth = (0.0, 0.0) if above is None else self._placed.order[above]
            return clock, nth + shift
        # Of steps that run side by side nothing tells which comes first: what failed there is taken to come before.
        before = None if place.is_beside else next(iter(self._index.usually_after(known)), None)
        if before in self._last and before is not None:
            return self._behind(self._last[before], shift, strays)
        later = next((at for at, rank in enumerate(self._highest) if rank > place.rank), None)
        if later is None or place.is_beside:
            clock, nth = max(self._ends[n] for n in self._ran)
            return clock, nth + shift
        clock, nth = self._placed.order[self._ran[later]]
        return clock, nth + shift - (0 if self._ran[later] in strays else 1)

    def _behind(self, origin: int, shift: float, strays: set[int | None]) -> tuple[float, float]:
        at = self._nth[origin] + 1
        if at < len(self._ran) and self._ran[at] in strays:
            clock, nth = self._placed.order[self._ran[at]]
        else:
            clock, nth = self._ends[origin]
        return clock, nth + shift
