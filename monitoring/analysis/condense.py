"""Makes a path small enough to look at, without hiding where it failed.

First what ran inside untroubled steps is folded into them, from the innermost; then steps side by side and straight
runs become one node each; what is still too much is left out at the far end and counted.
"""

from collections.abc import Collection, Sequence

from monitoring.analysis.path import PathGraph, PathNode, follow, worst
from monitoring.analysis.timeline import Nested, Relations, Visit

MAX_NODES = 60
# A run of fewer nodes is as quickly read as the words that would replace it.
MIN_RUN = 3

_PLAIN = frozenset({"succeeded", "skipped", "unknown", "cancelled"})


def draw_path(
    visits: Sequence[Visit],
    first_failed: int | None = None,
    limit: int = MAX_NODES,
    *,
    relations: Relations | None = None,
    order: Sequence[Nested] | None = None,
) -> PathGraph:
    """The path with at most `limit` nodes, numbered from 0 in reading order. `first_failed` (index) stays visible.

    `relations` and `order` are those of `timeline.relate` and `nest`, where they are known already.
    """
    graph = follow(visits, relations, order)
    marked = {number for number, node in graph.nodes.items() if first_failed in node.members}
    _fold_inner(graph, marked, limit)
    if len(graph.nodes) > limit:
        _join_side_by_side(graph, marked)
        _join_runs(graph, marked)
    if len(graph.nodes) > limit:
        _cut(graph, marked, limit)
    return _renumbered(graph)


def _is_plain(number: int, node: PathNode, marked: Collection[int]) -> bool:
    return number not in marked and node.status in _PLAIN


def _fold_inner(graph: PathGraph, marked: Collection[int], limit: int) -> None:
    """Folds nodes into the one around them, deepest level first, until the path is small enough."""
    for depth in range(max((node.depth for node in graph.nodes.values()), default=0), 0, -1):
        if len(graph.nodes) <= limit:
            return
        level = [number for number, node in graph.nodes.items() if node.depth == depth]
        troubled = {graph.nodes[n].parent for n in level if not _is_plain(n, graph.nodes[n], marked)}
        troubled |= {node.parent for node in graph.nodes.values() if node.depth > depth}
        folded = {n: graph.nodes[n].parent for n in level if graph.nodes[n].parent not in troubled}
        _merge_into(graph, {number: parent for number, parent in folded.items() if parent is not None}, inside=True)


def _merge_into(graph: PathGraph, target_of: dict[int, int], *, inside: bool = False) -> None:
    """Replaces nodes by others and redirects their edges."""
    for number, target in target_of.items():
        node, into = graph.nodes.pop(number), graph.nodes[target]
        (into.inside if inside else into.members).extend(node.members)
        into.inside.extend(node.inside)
    moved = {(target_of.get(a, a), target_of.get(b, b)) for a, b in graph.edges}
    graph.edges = {(a, b) for a, b in moved if a != b}


def _join_side_by_side(graph: PathGraph, marked: Collection[int]) -> None:
    """Plain nodes with the same neighbours on both sides and the same status become one."""
    before, behind = _neighbours(graph)
    groups: dict[tuple[frozenset[int], frozenset[int], str], list[int]] = {}
    for number, node in graph.nodes.items():
        if _is_plain(number, node, marked):
            key = (frozenset(before[number]), frozenset(behind[number]), node.status)
            groups.setdefault(key, []).append(number)
    for group in groups.values():
        if len(group) >= MIN_RUN:
            _join(graph, group, "parallel")


def _join_runs(graph: PathGraph, marked: Collection[int]) -> None:
    """Plain nodes that follow each other without a fork between them become one."""
    before, behind = _neighbours(graph)

    def follows_alone(number: int) -> int | None:
        """The node that this one continues, when neither side forks and both are plain."""
        if len(before[number]) != 1 or not _is_plain(number, graph.nodes[number], marked):
            return None
        (other,) = before[number]
        plain = _is_plain(other, graph.nodes[other], marked) and graph.nodes[other].kind == "node"
        return other if plain and len(behind[other]) == 1 and graph.nodes[number].kind == "node" else None

    continued = {number: other for number in graph.nodes if (other := follows_alone(number)) is not None}
    next_of = {other: number for number, other in continued.items()}
    for start in [number for number in next_of if number not in continued]:
        run = [start]
        while run[-1] in next_of:
            run.append(next_of[run[-1]])
        if len(run) >= MIN_RUN:
            _join(graph, run, "run")


def _join(graph: PathGraph, group: Sequence[int], kind: str) -> None:
    head = graph.nodes[group[0]]
    head.last_name = graph.nodes[group[-1]].name
    head.status = worst(graph.nodes[number].status for number in group)
    head.kind = kind
    _merge_into(graph, dict.fromkeys(group[1:], group[0]))


def _neighbours(graph: PathGraph) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    before: dict[int, set[int]] = {number: set() for number in graph.nodes}
    behind: dict[int, set[int]] = {number: set() for number in graph.nodes}
    for source, target in graph.edges:
        behind[source].add(target)
        before[target].add(source)
    return before, behind


def _cut(graph: PathGraph, marked: Collection[int], limit: int) -> None:
    """Keeps the marked node, then failing ones, then the first ones; the rest is counted."""
    ranked = sorted(
        graph.nodes, key=lambda n: (n not in marked, graph.nodes[n].status not in ("failed", "timed_out"), n)
    )
    kept = set(ranked[:limit])
    graph.left_out = sum(len(graph.nodes[n].members) + len(graph.nodes[n].inside) for n in graph.nodes if n not in kept)
    graph.nodes = {number: node for number, node in graph.nodes.items() if number in kept}
    graph.edges = {(a, b) for a, b in graph.edges if a in kept and b in kept}


def _renumbered(graph: PathGraph) -> PathGraph:
    order = sorted(graph.nodes)
    place = {number: index for index, number in enumerate(order)}
    edges = {(place[a], place[b]) for a, b in graph.edges}
    return PathGraph({place[n]: graph.nodes[n] for n in order}, edges, graph.left_out)
