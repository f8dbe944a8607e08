"""The layered layout: nothing overlaps, arrows point onward, and no graph keeps it from ending."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.layout import lay_out


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, tuple[tuple[int, int], ...]]:
    count = draw(st.integers(1, 14))
    node = st.integers(0, count - 1)
    return count, tuple(sorted(draw(st.sets(st.tuples(node, node), max_size=30))))


def test_a_chain_is_one_straight_row():
    layout = lay_out(4, ((0, 1), (1, 2), (2, 3)))
    assert list(layout.points) == [(0, 0), (1, 0), (2, 0), (3, 0)]
    assert (layout.layers, layout.rows) == (4, 1)


def test_a_fork_lies_side_by_side_and_joins_in_the_middle():
    layout = lay_out(4, ((0, 1), (0, 2), (1, 3), (2, 3)))
    assert [layer for layer, _ in layout.points] == [0, 1, 1, 2]
    rows = [row for _, row in layout.points]
    assert rows[1:3] == [0, 1]
    assert rows[0] == rows[3] == 0.5


def test_a_long_edge_passes_through_the_layers_between():
    layout = lay_out(3, ((0, 1), (0, 2), (1, 2)))
    assert [layer for layer, _ in layout.routes[1]] == [1]
    assert layout.routes[1][0] != layout.points[1]


def test_nothing_to_lay_out():
    assert lay_out(0, ()).layers == 0


@given(graphs())
def test_any_graph_is_laid_out(graph):
    count, edges = graph
    layout = lay_out(count, edges)
    assert len(layout.points) == count
    assert len(layout.routes) == len(edges)
    by_layer: dict[int, list[float]] = {}
    for layer, row in layout.points:
        assert 0 <= layer < layout.layers
        # The height is added up in another order than the rows: equal but for rounding.
        assert 0 <= row <= layout.rows - 1 + 1e-9
        by_layer.setdefault(layer, []).append(row)
    for rows in by_layer.values():
        ordered = sorted(rows)
        assert all(b - a >= 0.99 for a, b in pairwise(ordered))
    for source, target in edges:
        if source < target:
            assert layout.points[source][0] < layout.points[target][0]
