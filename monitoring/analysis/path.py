"""The path that an execution took, as a graph of nodes: what ran after what, what ran side by side, what repeated.

Steps that visit the same node in the same place are one node of the graph, so a loop is a cycle and not a long line.
Edges come from told predecessors; without them from times (a step follows those that ended before it began, and
the nearest of them only); without times from the sender's order.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from monitoring.analysis.timeline import Nested, Relations, Visit, nest, relate

# A step that follows more than this many at once is linked to the last of them only: the rest would be a tangle.
MAX_JOIN = 4

# The worse one first: what a node of several visits is said to be.
_WORST = ("failed", "timed_out", "running", "waiting", "queued", "cancelled", "unknown", "succeeded", "skipped")


@dataclass(slots=True)
class PathNode:
    """A node of the graph. `members` are indices of visits in reading order, `inside` those of steps that ran in it
    and are not drawn; `kind` says whether it stands for one node, a straight run or steps side by side.
    """

    name: str
    depth: int
    status: str
    members: list[int]
    inside: list[int] = field(default_factory=list)
    parent: int | None = None
    kind: str = "node"
    last_name: str = ""


@dataclass(slots=True)
class PathGraph:
    """Nodes by number, in reading order, edges between them, and the number of steps that are not drawn at all."""

    nodes: dict[int, PathNode]
    edges: set[tuple[int, int]]
    left_out: int = 0


def follow(
    visits: Sequence[Visit], relations: Relations | None = None, order: Sequence[Nested] | None = None
) -> PathGraph:
    """The whole path: one node for each place that was visited. What is known of the visits already can be given."""
    relations = relations or relate(visits)
    order = nest(visits, relations) if order is None else order
    node_of, nodes = _merge(visits, order)
    edges = {(node_of[a], node_of[b]) for a, b in _visit_edges(visits, relations, order)}
    return PathGraph(nodes, {(a, b) for a, b in edges if a != b})


def worst(statuses: Iterable[str]) -> str:
    """The status that a group of steps is said to have."""
    told = set(statuses)
    return next((word for word in _WORST if word in told), "unknown")


def outcome(visits: Sequence[Visit], members: Sequence[int]) -> str:
    """The status of visits of one node: where they are attempts the last one's, else the worst."""
    last = visits[members[-1]]
    if last.attempt > 1 and last.attempt >= len(members):
        return last.status
    return worst(visits[index].status for index in members)


def _merge(visits: Sequence[Visit], order: Sequence[Nested]) -> tuple[dict[int, int], dict[int, PathNode]]:
    """The graph's node of every visit. Two visits share one when name and place (the nodes around them) agree."""
    keys: dict[tuple[int | None, str], int] = {}
    node_of: dict[int, int] = {}
    nodes: dict[int, PathNode] = {}
    for at in order:
        parent = None if at.parent is None else node_of[at.parent]
        number = keys.setdefault((parent, visits[at.index].name), len(keys))
        node_of[at.index] = number
        if number not in nodes:
            nodes[number] = PathNode(visits[at.index].name, at.depth, "", [], parent=parent)
        nodes[number].members.append(at.index)
    for node in nodes.values():
        node.status = outcome(visits, node.members)
    return node_of, nodes


def _visit_edges(visits: Sequence[Visit], relations: Relations, order: Sequence[Nested]) -> list[tuple[int, int]]:
    """Edges between visits: into a container's first steps, along its steps, and out of its last ones."""
    families: dict[int | None, list[int]] = {}
    for at in order:
        families.setdefault(at.parent, []).append(at.index)
    steps = {parent: _sibling_edges(visits, relations, family) for parent, family in families.items()}
    exits: dict[int, list[int]] = {}
    for at in reversed(order):
        family = families.get(at.index)
        last = _ends(family, steps[at.index]) if family else []
        found = [out for index in last for out in exits[index]]
        exits[at.index] = found if 0 < len(found) <= MAX_JOIN else [at.index]
    edges: list[tuple[int, int]] = []
    for parent, family in families.items():
        targets = {target for _, target in steps[parent]}
        if parent is not None:
            edges += [(parent, index) for index in family if index not in targets]
        edges += [(out, target) for source, target in steps[parent] for out in exits[source]]
    return edges


def _ends(family: Sequence[int], edges: Sequence[tuple[int, int]]) -> list[int]:
    sources = {source for source, _ in edges}
    return [index for index in family if index not in sources]


def _sibling_edges(visits: Sequence[Visit], relations: Relations, family: Sequence[int]) -> list[tuple[int, int]]:
    """What followed what among steps of one place."""
    members = set(family)
    told = [(index, relations.follows[index]) for index in family]
    edges = [(before, index) for index, before in told if before is not None and before in members]
    rest = [index for index, before in told if before is None or before not in members]
    if any(visits[index].start_ms is None for index in rest):
        return edges if edges else _ordered_edges(visits, rest)
    return edges + _timed_edges(visits, rest)


def _ordered_edges(visits: Sequence[Visit], family: Sequence[int]) -> list[tuple[int, int]]:
    """Each step behind the one before it. Nothing follows a skipped step: it did not run."""
    edges: list[tuple[int, int]] = []
    before: int | None = None
    for index in family:
        if before is not None:
            edges.append((before, index))
        if visits[index].status != "skipped" or before is None:
            before = index
    return edges


def _timed_edges(visits: Sequence[Visit], family: Sequence[int]) -> list[tuple[int, int]]:
    """Each step behind the steps that ended before it began, as far as no other one lies between them.

    Nothing follows a skipped step: it did not run.
    """
    edges: list[tuple[int, int]] = []
    running: list[tuple[float, int, int]] = []
    ended: list[tuple[float, int]] = []
    latest_start = float("-inf")
    order = sorted(range(len(family)), key=lambda place: (visits[family[place]].start_ms or 0.0, place))
    for place in order:
        visit = visits[family[place]]
        start = visit.start_ms or 0.0
        while running and running[0][0] <= start:
            end, _, index = heapq.heappop(running)
            ended.append((end, index))
            latest_start = max(latest_start, visits[index].start_ms or 0.0)
        edges += [(index, family[place]) for index in _nearest(ended, latest_start)]
        if visit.status == "skipped":
            continue
        end = visit.end_ms if visit.end_ms is not None and visit.end_ms >= start else start
        heapq.heappush(running, (end, place, family[place]))
    return edges


def _nearest(ended: Sequence[tuple[float, int]], latest_start: float) -> list[int]:
    """Of the steps that have ended (in order of their ends) those that no later step lies behind."""
    found: list[int] = []
    for end, index in reversed(ended[-MAX_JOIN - 1 :]):
        if found and end <= latest_start:
            break
        found.append(index)
    return found if len(found) <= MAX_JOIN else found[:1]
