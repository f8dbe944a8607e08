"""Compares an execution with the healthy reference, place by place: all evidence, each standing where it began."""

from collections import Counter
from collections.abc import Callable, Iterator

from monitoring.analysis.absence import Absence, absent_places, empty_visits, missing_everywhere
from monitoring.analysis.evidence import Evidence, Kind, duration_words
from monitoring.analysis.limits import SMALLEST, Usual, lower_limit, upper_limit
from monitoring.analysis.placing import ROOT, UNKNOWN, Family, Placed, find_ends, is_retry
from monitoring.analysis.reference import MAX_BEFORE, MAX_SHAPES, MIN_SUPPORT, SHARE_OF_RUN, Index, Place, trusted


def compare(placed: Placed, index: Index) -> list[Evidence]:
    """All evidence in the order in which it began; nothing is weighed here."""
    found = [item for number in range(len(placed.steps)) for item in _step_evidence(placed, index, number)]
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


def _step_evidence(placed: Placed, index: Index, number: int) -> Iterator[Evidence]:
    """What a step shows by itself: failure, output, quantities."""
    step, at = placed.steps[number], placed.place_of[number]
    if at == UNKNOWN:
        if step.failing:
            yield _evidence(placed, number, Kind.FAILED, step.error_type or step.status, "", 0, index.place(ROOT).runs)
        return
    place = index.place(at)
    if step.failing:
        usual = "succeeds" if place.runs else ""
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
        yield _evidence(placed, number, Kind.EMPTY, "nothing", "an output", place.empty, place.outputs)
    told = sum(place.shapes.values())
    is_open = 1 in place.shapes.values() or len(place.shapes) >= MAX_SHAPES or told < MIN_SUPPORT
    if step.shape is None or step.is_empty or is_open or step.shape in place.shapes:
        return
    usual = " or ".join(list(place.shapes)[:3])
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
    ranged = f"{words(usual.low)} to {words(usual.high)}"
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
                yield _evidence(placed, number, Kind.UNEXPECTED, "a step that is not usual here", "", 0, around.runs)
            continue
        place = index.place(known)
        if not place.runs and place.skipped >= MIN_SUPPORT:
            yield _evidence(placed, number, Kind.BRANCH, "ran", "skipped", 0, place.skipped)
        elif _is_new_turn(index, family.came_after[at], known):
            observed = f"after {_name(index, family.came_after[at] or ROOT, family)}"
            usual = " or ".join(f"after {_name(index, before, family)}" for before in index.usually_after(known)[:3])
            yield _evidence(placed, number, Kind.BRANCH, observed, usual, 0, place.runs)


def _is_new_turn(index: Index, before: int | None, known: int) -> bool:
    """Whether a healthy execution would be unlikely to come from `before` to `known`: none did, and each of the two is
    seen often and always in company that others had too.
    """
    if before is None or before in (UNKNOWN, known):
        return False
    place, origin = index.place(known), index.place(before)
    if before in place.came_after or place.is_beside or min(place.runs, origin.runs) < MIN_SUPPORT:
        return False
    is_open = 1 in place.came_after.values() or before in index.single_out or len(place.came_after) >= MAX_BEFORE
    return bool(place.came_after) and not is_open and not (origin.is_beside and before != place.parent)


def _name(index: Index, number: int, family: Family) -> str:
    return "the start" if number == family.place else index.place(number).name


def _loops(placed: Placed, index: Index, family: Family) -> Iterator[Evidence]:
    """Places that were visited more often in one container visit than ever: at the first visit too many."""
    visits: Counter[int] = Counter()
    nth: dict[tuple[int, int], int] = {}
    for at, number in enumerate(family.members):
        known = placed.place_of[number]
        if known == UNKNOWN or placed.steps[number].status == "skipped" or is_retry(placed, family, at):
            continue
        visits[known] += 1
        nth[known, visits[known]] = number
    for known, count in visits.items():
        place = index.place(known)
        if place.runs < MIN_SUPPORT or count <= loop_limit(place):
            continue
        first = nth[known, place.most + 1]
        usual = f"at most {place.most}"
        yield _evidence(placed, first, Kind.LOOP, f"{count} visits", usual, 0, place.runs, float(loop_limit(place)))


def loop_limit(place: Place) -> int:
    """How many visits of a place in one container visit are still usual: twice the most of any healthy execution."""
    return 2 * place.most


def _evidence(
    placed: Placed, number: int, kind: Kind, observed: str, usual: str, same: int, runs: int, limit: float | None = None
) -> Evidence:
    node, at, place = placed.steps[number].name, placed.order[number], placed.place_of[number]
    return Evidence(kind, node, number, at, place, observed, usual, same, runs, limit)


def _count_words(value: float) -> str:
    return f"{value:,.0f}"
