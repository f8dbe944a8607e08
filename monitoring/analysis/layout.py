"""A layered layout of a small directed graph, left to right.

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures", IEEE SMC 11
(1981): layers by longest path, order in a layer by barycentres, then straightened. Nodes are numbers in reading
order; an edge that leads back in that order closes a loop and does not count for the layers.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

SWEEPS = 4
PASSES = 6

Edge = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything goes, in layers (x) and rows (y, fractions allowed; the topmost is 0).

    `points[i]` is (layer, row) of node i; `routes[e]` are the points that edge e passes between its ends;
    `layers` and `rows` are how many there are.
    """

    points: Sequence[tuple[int, float]]
    routes: Sequence[Sequence[tuple[int, float]]]
    layers: int
    rows: float


@lru_cache(maxsize=512)
def lay_out(count: int, edges: tuple[Edge, ...]) -> Layout:
    """Lays out `count` nodes. Any edges are allowed: unknown ends raise `IndexError`, loops are drawn back."""
    if not count:
        return Layout([], [() for _ in edges], 0, 0)
    layer = _layers(count, edges)
    chains, layer = _with_bends(edges, layer)
    order = _ordered(layer, chains)
    rows = _rows(order, chains)
    points = [(layer[node], rows[node]) for node in range(len(layer))]
    routes = [[points[node] for node in chain[1:-1]] if chain else [] for chain in chains]
    return Layout(points[:count], routes, max(layer[:count]) + 1, max(rows.values()) + 1)


def _layers(count: int, edges: Sequence[Edge]) -> list[int]:
    """Each node one layer behind its last predecessor."""
    layer = [0] * count
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        if source < target:
            layer[target] = max(layer[target], layer[source] + 1)
    return layer


def _with_bends(edges: Sequence[Edge], layer: list[int]) -> tuple[list[list[int]], list[int]]:
    """For each edge the nodes it runs through: its ends, and a new one in every layer between. Empty for loops."""
    layer = list(layer)
    chains: list[list[int]] = []
    for source, target in edges:
        if source >= target:
            chains.append([])
            continue
        bends = list(range(len(layer), len(layer) + layer[target] - layer[source] - 1))
        layer.extend(range(layer[source] + 1, layer[target]))
        chains.append([source, *bends, target])
    return chains, layer


def _links(chains: Sequence[Sequence[int]]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Neighbours of every node in the layer before and in the one behind."""
    before: dict[int, list[int]] = {}
    behind: dict[int, list[int]] = {}
    for chain in chains:
        for left, right in itertools.pairwise(chain):
            behind.setdefault(left, []).append(right)
            before.setdefault(right, []).append(left)
    return before, behind


def _ordered(layer: Sequence[int], chains: Sequence[Sequence[int]]) -> list[list[int]]:
    """The nodes of each layer from top to bottom, with few crossings; in reading order where nothing else decides."""
    order: list[list[int]] = [[] for _ in range(max(layer) + 1)]
    for node, at in enumerate(layer):
        order[at].append(node)
    before, behind = _links(chains)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        neighbours = before if forward else behind
        place = {node: index for nodes in order for index, node in enumerate(nodes)}
        for nodes in order if forward else reversed(order):
            centre = {node: _mean([place[other] for other in neighbours.get(node, [])], place[node]) for node in nodes}
            nodes.sort(key=lambda node: (centre[node], place[node]))
            place.update({node: index for index, node in enumerate(nodes)})
    return order


def _rows(order: Sequence[Sequence[int]], chains: Sequence[Sequence[int]]) -> dict[int, float]:
    """Heights that keep the order, one row apart at least, and pull every node towards its neighbours."""
    before, behind = _links(chains)
    rows = {node: float(index) for nodes in order for index, node in enumerate(nodes)}
    for turn in range(PASSES):
        forward = turn % 2 == 0
        neighbours = before if forward else behind
        for nodes in order if forward else reversed(order):
            wanted = [_mean([rows[other] for other in neighbours.get(node, [])], rows[node]) for node in nodes]
            rows.update(zip(nodes, _spread(wanted), strict=True))
    top = min(rows.values())
    return {node: round(row - top, 3) for node, row in rows.items()}


def _spread(wanted: Sequence[float]) -> list[float]:
    """The heights nearest to the wanted ones (least squares) that stay in order and one row apart.

    Pool adjacent violators, on the heights less one row a place.
    """
    blocks: list[tuple[float, int]] = []
    for place, height in enumerate(wanted):
        total, size = height - place, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / size:
            other, count = blocks.pop()
            total, size = total + other, size + count
        blocks.append((total, size))
    flat = [total / size for total, size in blocks for _ in range(size)]
    return [height + place for place, height in enumerate(flat)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
