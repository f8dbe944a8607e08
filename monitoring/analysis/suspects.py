"""Which service (node, host, agent) is at fault in a bad window, against healthy executions of the same workflows.

Two kinds of evidence, both per place. A place is an operation of a service; a step whose inner steps all belong to one
other service is a call, and its own time is the way there and back, so both ends share it.

- Slower: the own time of a place beyond its usual one, as a logarithm ("nats": 0.69 is twice as long). Averaged over
  all places where a service works, plus averaged over all its calls: a service in trouble (no processor, slow network)
  is slow in many of them, and a place that is slow alone (a table that grew) is not the service.
- Another way: steps whose inner steps are others than usual, more often than chance allows, and in which no deeper
  step went another way, too: what broke further down changes everything above it.

The ideas are published: own time against a fault-free period and the ratio of both, M. Li et al., "Practical Root Cause
Localization for Microservice Systems via Trace Analysis" (TraceRCA), IWQoS 2021; counting good and bad visits of
operations (spectrum analysis), G. Yu et al., "MicroRank", WWW 2021; patterns of events that appear or vanish, deepest
first, G. Yu et al., "Nezha", ESEC/FSE 2023. The arithmetic here is simpler than in each of them.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import NamedTuple

from monitoring.analysis.intervals import wilson
from monitoring.analysis.timeline import Visit, relate

# Added to every duration before its logarithm is taken: differences under it are noise of clocks.
FLOOR_MS = 0.5
# Half as long again, as a logarithm: what is slower by less is the weather.
MARGIN = math.log(1.5)
# A place that was seen less often in the reference has no usual time.
MIN_REFERENCE = 3
# So many visits, with no excess, are added to each place, and so many places to each service: few prove little.
PRIOR_VISITS = 3.0
PRIOR_PLACES = 1.0
# A place where every step goes another way counts as one that takes 1.65 times (half a nat) as long everywhere.
CHANGE_WEIGHT = 0.5


class Place(NamedTuple):
    """An operation of a service. `callee`: the service it calls, "" where it works itself."""

    service: str
    operation: str
    callee: str


Signature = frozenset[tuple[str, str]]


class Stay(NamedTuple):
    """A visit of a place: its own time in ms (None: not told), which steps ran inside, and the stay around it."""

    place: Place
    own_ms: float | None
    inside: Signature
    parent: int | None


@dataclass(frozen=True, slots=True)
class Suspect:
    """A service with its evidence: `slower` in nats, `changed` a share from 0 to 1, and the place of each."""

    service: str
    score: float
    slower: float
    changed: float
    slowest: Place | None
    most_changed: Place | None


@dataclass(slots=True)
class _Evidence:
    """What is known of one service: the excess of each place where it works, and of each call from or to it."""

    works: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    slowest: tuple[float, Place | None] = (0.0, None)
    changed: tuple[float, Place | None] = (0.0, None)

    @property
    def slower(self) -> float:
        """Both averages, pulled towards nothing where there are few places."""
        return sum(sum(part) / (len(part) + PRIOR_PLACES) for part in (self.works, self.calls))


def observe(visits: Sequence[Visit], services: Sequence[str]) -> list[Stay]:
    """One execution as stays; `services` has the service of each visit, whose name is the operation."""
    container = relate(visits).container
    children: dict[int | None, list[int]] = {}
    for index, parent in enumerate(container):
        children.setdefault(parent, []).append(index)
    stays = []
    for index, visit in enumerate(visits):
        inside = children.get(index, [])
        others = {services[child] for child in inside}
        callee = others.pop() if len(others) == 1 and services[index] not in others else ""
        place = Place(services[index], visit.name, callee)
        # A step without inner steps may be a shell around its neighbours: what these tell is theirs.
        cover = inside or [other for other in children[container[index]] if other != index and other in children]
        signature = frozenset((services[child], visits[child].name) for child in inside)
        stays.append(Stay(place, _own_ms(visit, [visits[other] for other in cover]), signature, container[index]))
    return stays


def _own_ms(visit: Visit, covering: Iterable[Visit]) -> float | None:
    """The time of a step that no covering step was running in."""
    start, end = visit.start_ms, visit.end_ms
    if start is None or end is None:
        return None
    own, at = max(0.0, end - start), start
    for low, high in sorted(
        (c.start_ms, c.end_ms) for c in covering if c.start_ms is not None and c.end_ms is not None
    ):
        low, high = max(low, at), min(high, end)
        if high > low:
            own -= high - low
            at = high
    return max(0.0, own)


def rank_services(reference: Sequence[Sequence[Sequence[Stay]]], window: Sequence[Sequence[Stay]]) -> list[Suspect]:
    """The services of a window (its executions), most suspect first, against one or more other windows.

    With several other windows one of them may be a bad one: the usual excess of a place is the median of theirs. A
    service that is in the window only has no usual time and comes last.
    """
    found = {stay.place.service: _Evidence() for execution in window for stay in execution}
    _collect_slower(found, [_logs(other) for other in reference], _logs(window))
    _collect_changed(found, [execution for other in reference for execution in other], window)
    suspects = [
        Suspect(
            service,
            evidence.slower + CHANGE_WEIGHT * evidence.changed[0],
            evidence.slower,
            evidence.changed[0],
            evidence.slowest[1],
            evidence.changed[1],
        )
        for service, evidence in found.items()
    ]
    return sorted(suspects, key=lambda suspect: (-suspect.score, suspect.service))


Logs = Mapping[Place, Sequence[float]]


def _logs(executions: Iterable[Sequence[Stay]]) -> Logs:
    found: dict[Place, list[float]] = {}
    for execution in executions:
        for stay in execution:
            if stay.own_ms is not None:
                found.setdefault(stay.place, []).append(math.log(stay.own_ms + FLOOR_MS))
    return found


def _collect_slower(found: Mapping[str, _Evidence], others: Sequence[Logs], seen: Logs) -> None:
    """Adds each place's mean excess over its usual median, less the one that other windows show.

    What all places share (a slower day, other machines) is taken out first: the median of their differences.
    """
    usual = {place: [value for other in others for value in other.get(place, ())] for place in seen}
    places = sorted(place for place in seen if len(usual[place]) >= MIN_REFERENCE)
    if not places:
        return
    centre = {place: median(usual[place]) for place in places}
    drift = median(median(seen[place]) - centre[place] for place in places)
    for place in places:
        told = [other[place] for other in others if len(other.get(place, ())) >= MIN_REFERENCE] or [usual[place]]
        excess = _excess(seen[place], centre[place] + drift) - median(_excess(w, centre[place]) for w in told)
        excess *= len(seen[place]) / (len(seen[place]) + PRIOR_VISITS)
        ends = [place.service, place.callee] if place.callee else [place.service]
        for evidence in (found[service] for service in ends if service in found):
            (evidence.calls if place.callee else evidence.works).append(excess)
            evidence.slowest = max(evidence.slowest, (excess, place), key=lambda pair: pair[0])


def _excess(values: Sequence[float], centre: float) -> float:
    return fmean(max(0.0, value - centre - MARGIN) for value in values)


def _collect_changed(
    found: Mapping[str, _Evidence], reference: Sequence[Sequence[Stay]], window: Sequence[Sequence[Stay]]
) -> None:
    """Adds the share of each operation's visits that went another way, and did so on their own."""
    usual, seen = _signatures(reference), _signatures(window)
    unusual = {key: _surplus(usual.get(key, Counter()), ways) for key, ways in seen.items()}
    blamed: Counter[tuple[str, str]] = Counter()
    told: Counter[tuple[str, str]] = Counter()
    for execution in window:
        odd = {i for i, stay in enumerate(execution) if stay.inside in unusual[stay.place[:2]]}
        above = _above(execution, odd)
        for index in sorted(odd):
            told[execution[index].place[:2]] += 1
            blamed[execution[index].place[:2]] += index not in above
    for key, count in blamed.items():
        share = sum(unusual[key].values()) * count / told[key]
        evidence = found[key[0]]
        evidence.changed = max(evidence.changed, (share, Place(*key, "")), key=lambda pair: pair[0])


def _above(execution: Sequence[Stay], stays: Iterable[int]) -> set[int]:
    """All stays around some of these."""
    found: set[int] = set()
    for index in stays:
        at = execution[index].parent
        while at is not None and at not in found:
            found.add(at)
            at = execution[at].parent
    return found


def _signatures(executions: Iterable[Sequence[Stay]]) -> dict[tuple[str, str], Counter[Signature]]:
    found: dict[tuple[str, str], Counter[Signature]] = {}
    for execution in executions:
        for stay in execution:
            found.setdefault(stay.place[:2], Counter())[stay.inside] += 1
    return found


def _surplus(usual: Counter[Signature], seen: Counter[Signature]) -> dict[Signature, float]:
    """Ways that are taken more often than before for certain, and by how much: between the ends of both intervals."""
    before, now = usual.total(), seen.total()
    found: dict[Signature, float] = {}
    for way, count in seen.items():
        old, new = wilson(usual[way], before), wilson(count, now)
        if old and new and new.low > old.high:
            found[way] = new.low - old.high
    return found
