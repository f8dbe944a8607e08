"""Compares an execution with the healthy reference, place by place: all evidence, each standing where it began."""

import math
from collections.abc import Callable, Iterator

from accounts import formats
from accounts.phrases import gettext as _
from accounts.phrases import ngettext
from monitoring.analysis.absence import Absence, absent_places, empty_visits, missing_everywhere
from monitoring.analysis.evidence import Evidence, Kind, duration_words
from monitoring.analysis.limits import SMALLEST, Usual, lower_limit, upper_limit
from monitoring.analysis.listing import either
from monitoring.analysis.placing import ROOT, UNKNOWN, Family, Placed, find_ends, is_retry
from monitoring.analysis.reference import MAX_BEFORE, MAX_SHAPES, MIN_SUPPORT, SHARE_OF_RUN, Index, Place, trusted
from monitoring.analysis.steps import Step


def compare(placed: Placed, index: Index) -> list[Evidence]:
    """All evidence in the order in which it began; nothing is weighed here."""
    plain = _Plain(index)
    unusual = (n for n, step in enumerate(placed.steps) if not plain.holds(step, placed.place_of[n]))
    found = [item for number in unusual for item in _step_evidence(placed, index, number)]
    families = [*placed.families, *empty_visits(placed, index)]
    ends: list[tuple[float, float]] = []
    for family in families:
        absent = absent_places(placed, index, family)
        own = list(_branches(placed, index, family))
        if absent:
            ends = ends or find_ends(placed)
            missing = Absence(placed, index, family, absent, ends)
            own = [item for item in own if not missing.explains(item)]
            found += missing.evidence({item.step for item in own})
        found += own
        found += _loops(placed, index, family)
    found += missing_everywhere(placed, index, families)
    return sorted(found, key=lambda item: (item.at, item.kind, item.node))


class _Plain:
    """Tells at a glance that a step shows nothing by itself: most steps of most executions, so they cost little.

    `_step_evidence` finds nothing where this holds; where it does not, only that says whether there is anything.
    """

    def __init__(self, index: Index) -> None:
        self._places = index.reference.places
        self._known: dict[int, tuple[float, float, float, float, float]] = {}

    def holds(self, step: Step, at: int) -> bool:
        """Whether a step succeeded inside all ranges of its place, with an output of a shape that was seen."""
        if at == UNKNOWN or step.status != "succeeded" or step.is_empty:
            return False
        if step.shape is not None and step.shape not in self._places[at].shapes:
            return False
        longest, least_size, most_size, least_tokens, most_tokens = self._known.get(at) or self._learn(at)
        if step.output_bytes and not least_size <= step.output_bytes <= most_size:
            return False
        if step.tokens and not least_tokens <= step.tokens <= most_tokens:
            return False
        took = step.took_ms
        return took is None or took <= longest

    def _learn(self, at: int) -> tuple[float, float, float, float, float]:
        """The longest duration, and the ranges of sizes and tokens that were seen at a place; without one, all."""
        place = self._places[at]
        size, tokens = _seen(place.size), _seen(place.tokens)
        self._known[at] = (_seen(place.duration)[1], *size, *tokens)
        return self._known[at]


def _seen(usual: Usual | None) -> tuple[float, float]:
    return (-math.inf, math.inf) if usual is None else (usual.low, usual.high)


def _step_evidence(placed: Placed, index: Index, number: int) -> Iterator[Evidence]:
    """What a step shows by itself: failure, output, quantities."""
    step, at = placed.steps[number], placed.place_of[number]
    if at == UNKNOWN:
        if step.failing:
            yield _evidence(placed, number, Kind.FAILED, step.error_type or step.status, "", 0, index.place(ROOT).runs)
        return
    place = index.place(at)
    if step.failing:
        usual = _("succeeds") if place.runs else ""
        yield _evidence(placed, number, Kind.FAILED, step.error_type or step.status, usual, place.failed, place.runs)
        return
    if step.status in ("skipped", "cancelled"):
        return
    yield from _output(placed, number, place)
    margins = index.reference.margins
    if step.output_bytes and not step.is_empty:
        yield from _quantity(placed, number, Kind.SIZE, place.size, float(step.output_bytes), margins["size"])
    if step.tokens:
        yield from _quantity(placed, number, Kind.TOKENS, place.tokens, float(step.tokens), margins["tokens"])
    took = step.took_ms
    if took is not None and place.duration is not None and _matters(took - place.duration.high, index):
        yield from _quantity(placed, number, Kind.DURATION, place.duration, took, margins["duration"])


def _output(placed: Placed, number: int, place: Place) -> Iterator[Evidence]:
    step = placed.steps[number]
    if step.is_empty and trusted(place.empty, place.outputs):
        yield _evidence(placed, number, Kind.EMPTY, _("nothing"), _("an output"), place.empty, place.outputs)
    told = sum(place.shapes.values())
    is_open = 1 in place.shapes.values() or len(place.shapes) >= MAX_SHAPES or told < MIN_SUPPORT
    if step.shape is None or step.is_empty or is_open or step.shape in place.shapes:
        return
    usual = either(list(place.shapes)[:3])
    yield _evidence(placed, number, Kind.SHAPE, step.shape, usual, 0, place.outputs or told)


def _quantity(
    placed: Placed, number: int, kind: Kind, usual: Usual | None, value: float, margin: float
) -> Iterator[Evidence]:
    if usual is None or usual.low <= value <= usual.high or usual.runs < MIN_SUPPORT:
        return
    words: Callable[[float], str] = duration_words if kind is Kind.DURATION else _count_words
    low, high = lower_limit(usual, margin), upper_limit(usual, margin)
    if low <= max(value, SMALLEST) <= high or (value < low and kind is Kind.DURATION):
        return
    limit = high if value > high else low
    ranged = _("{low} to {high}").format(low=words(usual.low), high=words(usual.high))
    yield _evidence(placed, number, kind, words(value), ranged, 0, usual.runs, limit)


def _matters(excess_ms: float, index: Index) -> bool:
    """Whether a step that took so much longer than ever is noticed in the whole execution."""
    whole = index.place(ROOT).duration
    return excess_ms > index.reference.tick_ms and (whole is None or excess_ms >= SHARE_OF_RUN * whole.median)


def _branches(placed: Placed, index: Index, family: Family) -> Iterator[Evidence]:
    """Steps that no healthy execution had here, or had never after the step before."""
    for at, number in enumerate(family.members):
        step, known = placed.steps[number], placed.place_of[number]
        if step.status == "skipped":
            continue
        if known == UNKNOWN:
            if index.is_closed(family.place):
                around = index.place(family.place)
                words = _("a step that is not usual here")
                yield _evidence(placed, number, Kind.UNEXPECTED, words, "", 0, around.runs)
            continue
        place = index.place(known)
        if not place.runs and place.skipped >= MIN_SUPPORT:
            yield _evidence(placed, number, Kind.BRANCH, _("ran"), _("skipped"), 0, place.skipped)
        elif _is_new_turn(index, family.came_after[at], known):
            observed = _after(index, family.came_after[at] or ROOT, family)
            usual = either([_after(index, before, family) for before in index.usually_after(known)[:3]])
            yield _evidence(placed, number, Kind.BRANCH, observed, usual, 0, place.runs)


def _is_new_turn(index: Index, before: int | None, known: int) -> bool:
    """Whether a healthy execution would be unlikely to come from `before` to `known`: none did, and each of the two is
    seen often and always in company that others had too.
    """
    place = index.place(known)
    if before is None or before in place.came_after or before in (UNKNOWN, known):
        return False
    origin = index.place(before)
    if place.is_beside or min(place.runs, origin.runs) < MIN_SUPPORT:
        return False
    is_open = 1 in place.came_after.values() or before in index.single_out or len(place.came_after) >= MAX_BEFORE
    return bool(place.came_after) and not is_open and not (origin.is_beside and before != place.parent)


def _after(index: Index, number: int, family: Family) -> str:
    if number == family.place:
        return _("after the start")
    return _("after {step}").format(step=index.place(number).name)


def _loops(placed: Placed, index: Index, family: Family) -> Iterator[Evidence]:
    """Places that were visited more often in one container visit than ever: at the first visit too many."""
    visits: dict[int, list[int]] = {}
    for at, number in enumerate(family.members):
        known = placed.place_of[number]
        if known == UNKNOWN or placed.steps[number].status == "skipped" or is_retry(placed, family, at):
            continue
        visits.setdefault(known, []).append(number)
    for known, members in visits.items():
        place, count = index.place(known), len(members)
        if place.runs < MIN_SUPPORT or count <= loop_limit(place):
            continue
        first = members[place.most]
        usual = _("at most {count}").format(count=place.most)
        seen = ngettext("{count} visit", "{count} visits", count).format(count=count)
        yield _evidence(placed, first, Kind.LOOP, seen, usual, 0, place.runs, float(loop_limit(place)))


def loop_limit(place: Place) -> int:
    """How many visits of a place in one container visit are still usual: twice the most of any healthy execution."""
    return 2 * place.most


def _evidence(
    placed: Placed, number: int, kind: Kind, observed: str, usual: str, same: int, runs: int, limit: float | None = None
) -> Evidence:
    node, at, place = placed.steps[number].name, placed.order[number], placed.place_of[number]
    return Evidence(kind, node, number, at, place, observed, usual, same, runs, limit)


def _count_words(value: float) -> str:
    return formats.number(f"{value:,.0f}")
