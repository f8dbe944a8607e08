"""The path graph as shapes: where boxes and lines go, what they say and lead to."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from monitoring.analysis.layout import Layout, lay_out
from monitoring.analysis.path import PathGraph, PathNode
from monitoring.templatetags.components import SIGNS
from monitoring.templatetags.drawn import Box, Drawing, Line
from monitoring.views.replay_labels import box_width, cut_name, cut_note, node_texts
from monitoring.views.replay_marks import Marks
from monitoring.views.replay_scene import Address, Scene

# All in px of the drawing.
BOX_HEIGHT, ROW_GAP, COLUMN_GAP, MARGIN = 54, 24, 34, 12
FLAG_ROOM = 34
LOOP_ROOM = 30

MISSING = "not_taken"
_CLASSES = {
    "affected": "aff",
    MISSING: "no",
    "succeeded": "ok",
    "failed": "bad",
    "timed_out": "bad",
    "skipped": "skip",
    "cancelled": "skip",
    "running": "run",
    "waiting": "run",
    "queued": "run",
}
# Signs in the corner, drawn in a square of 12: each status has an outline of its own.
_GLYPHS = {
    "affected": "M6 2.500v4.500m0 2.400v.01",
    MISSING: "M3 6h6",
    "succeeded": "m2.500 6.200 2.400 2.400 4.600-5",
    "failed": "m3 3 6 6m0-6-6 6",
    "timed_out": "M6 2.500V6l2.500 1.800",
    "skipped": "M3 6h6",
    "cancelled": "M3.500 3.500h5v5h-5z",
    "running": "m4.500 3 4.500 3-4.500 3z",
    "waiting": "M4.500 3.500v5m3-5v5",
    "queued": "M3 6h.01M6 6h.01M9 6h.01",
}


def draw(scene: Scene, path: PathGraph, address: Address, marks: Marks) -> Drawing:
    """Draws the path that the execution followed, with the nodes that are missing from it."""
    graph = PathGraph(dict(path.nodes), set(path.edges), path.left_out)
    _add_missing(graph, marks)
    texts = {
        number: node_texts(node, scene) if node.members else (node.name, _("did not run"))
        for number, node in graph.nodes.items()
    }
    width = box_width(texts.values())
    both_ways = {(a, b) for a, b in graph.edges if a < b and (b, a) in graph.edges}
    edges = tuple(sorted(edge for edge in graph.edges if edge[::-1] not in both_ways))
    layout = lay_out(len(graph.nodes), edges)
    place = _Places(layout, width, _first_number(graph, marks))
    painter = _Painter(scene, address, marks, place)
    boxes = [painter.box(number, node, texts[number]) for number, node in graph.nodes.items()]
    lines = [
        _line(graph, edge, route, place, edge in both_ways) for edge, route in zip(edges, layout.routes, strict=True)
    ]
    loops = any(a > b for a, b in edges)
    return Drawing(
        width=round(layout.layers * (width + COLUMN_GAP) - COLUMN_GAP + 2 * MARGIN),
        height=round(place.y(layout.rows - 1) + BOX_HEIGHT + MARGIN + (LOOP_ROOM if loops else 0)),
        box_width=width,
        boxes=boxes,
        lines=lines,
        left_out=graph.left_out,
        is_condensed=any(node.inside or node.kind != "node" for node in graph.nodes.values()),
    )


class _Places:
    """Turns layers and rows into px; the rows from the flagged node on make room for its flag."""

    def __init__(self, layout: Layout, width: int, first: int | None) -> None:
        self.layout = layout
        self.width = width
        self.flag_row = None if first is None else layout.points[first][1]

    def x(self, layer: int) -> float:
        return MARGIN + layer * (self.width + COLUMN_GAP)

    def y(self, row: float) -> float:
        room = FLAG_ROOM if self.flag_row is not None and row >= self.flag_row - 0.5 else 0
        return MARGIN + row * (BOX_HEIGHT + ROW_GAP) + room


def _first_number(graph: PathGraph, marks: Marks) -> int | None:
    return next((number for number, node in graph.nodes.items() if marks.flag in node.members), None)


def _add_missing(graph: PathGraph, marks: Marks) -> None:
    """Nodes that did not run, each behind the one before its place; several at one place follow each other."""
    behind: dict[int | None, int] = {}
    for missing in marks.missing:
        number = len(graph.nodes)
        graph.nodes[number] = PathNode(missing.name, 0, MISSING, [])
        before = behind.get(missing.after)
        if before is None:
            drawn = (n for n, node in graph.nodes.items() if missing.after in (*node.members, *node.inside))
            before = next(drawn, None)
        if before is not None:
            graph.edges.add((before, number))
        behind[missing.after] = number


class _Painter:
    """Makes boxes: where they stand, how they look, where they lead."""

    def __init__(self, scene: Scene, address: Address, marks: Marks, place: _Places) -> None:
        self.scene, self.address, self.marks, self.place = scene, address, marks, place

    def box(self, number: int, node: PathNode, texts: tuple[str, str]) -> Box:
        """The box of a node; one without visits is a node that is missing."""
        is_first = self.marks.flag is not None and self.marks.flag in node.members
        status = self._status(node, is_first=is_first)
        word = SIGNS[status].word if status in SIGNS else status
        flag = _(self.marks.flag_words) if is_first else ""
        told = f"{flag.lower()}, {word.lower()}" if flag else word.lower()
        layer, row = self.place.layout.points[number]
        return Box(
            x=self.place.x(layer),
            y=self.place.y(row),
            name=cut_name(texts[0], self.place.width),
            note=cut_note(texts[1], self.place.width),
            label=f"{texts[0]}: {told}, {texts[1]}",
            href=self._href(node, is_first=is_first),
            kind="div" if is_first else _CLASSES.get(status, "none"),
            glyph=_GLYPHS.get(status, ""),
            flag=flag,
        )

    def _status(self, node: PathNode, *, is_first: bool) -> str:
        if is_first and self.marks.flag is not None:
            return self.scene.visits[self.marks.flag].status
        is_affected = not self.marks.affected.isdisjoint(node.members)
        return "affected" if is_affected and node.status not in ("failed", "timed_out") else node.status

    def _href(self, node: PathNode, *, is_first: bool) -> str:
        if not node.members:
            return self.address.href(fragment="divergence")
        shown = self.marks.flag if is_first and self.marks.flag is not None else _telling(node, self.scene)
        return self.address.href(self.scene.replay.steps[shown].id, "step")


def _telling(node: PathNode, scene: Scene) -> int:
    """The visit that a box leads to: the first failing one, else the first."""
    return next((index for index in node.members if scene.visits[index].failing), node.members[0])


def _line(
    graph: PathGraph, edge: tuple[int, int], route: Sequence[tuple[int, float]], place: _Places, both: bool
) -> Line:
    (from_layer, from_row), (to_layer, to_row) = (place.layout.points[number] for number in edge)
    kind = "no" if {"skipped", MISSING} & {graph.nodes[number].status for number in edge} else ""
    if edge[0] > edge[1]:
        return _loop(place, (from_layer, from_row), (to_layer, to_row))
    x, y = place.x(from_layer) + place.width, place.y(from_row) + BOX_HEIGHT / 2
    path = f"M{x + (7 if both else 0):.1f} {y:.1f}"
    heads = [f"M{x:.1f} {y:.1f} l8 -4.5 v9 z"] if both else []
    for layer, row in route:
        left, level = place.x(layer), place.y(row) + BOX_HEIGHT / 2
        path += _curve(x, y, left, level) + f" L{left + place.width:.1f} {level:.1f}"
        x, y = left + place.width, level
    end, level = place.x(to_layer), place.y(to_row) + BOX_HEIGHT / 2
    path += _curve(x, y, end - 7, level)
    return Line(path, kind, [*heads, f"M{end:.1f} {level:.1f} l-8 -4.5 v9 z"])


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f" C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"


def _loop(place: _Places, start: tuple[int, float], end: tuple[int, float]) -> Line:
    """A line back to an earlier node, below both."""
    x, y = place.x(start[0]) + place.width / 2 - 12, place.y(start[1]) + BOX_HEIGHT
    to_x, to_y = place.x(end[0]) + place.width / 2 + 12, place.y(end[1]) + BOX_HEIGHT
    low = max(y, to_y) + LOOP_ROOM
    path = f"M{x:.1f} {y:.1f} C{x:.1f} {low:.1f} {to_x:.1f} {low:.1f} {to_x:.1f} {to_y + 7:.1f}"
    return Line(path, "back", [f"M{to_x:.1f} {to_y:.1f} l-4.5 8 h9 z"])
