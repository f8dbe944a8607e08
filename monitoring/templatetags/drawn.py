"""Small drawings, each written in one piece: a page has dozens of them, and a template takes many times as long."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from monitoring.templatetags.components import hundredths, spark_paths

register = template.Library()

_FLAG = (
    '<g class="first"><rect class="flag" x="5" y="-34" width="108" height="22" rx="5" />'
    '<path class="flag" d="M52 -13h14l-7 7z" />'
    '<text class="flag-t" x="59" y="-19" text-anchor="middle">{}</text></g>'
)


# A card's width on a desktop. A drawing that is only a little wider is made to fit, a wider one scrolls.
CARD_WIDTH, SQUEEZE = 1160, 1.25


@dataclass(frozen=True, slots=True)
class Box:
    """A node as it is drawn; `label` is all that it says, for screen readers and on hover, `flag` stands above it."""

    x: float
    y: float
    name: str
    note: str
    label: str
    href: str
    kind: str
    glyph: str
    flag: str


@dataclass(frozen=True, slots=True)
class Line:
    """An edge as it is drawn, with the heads of its arrows."""

    path: str
    kind: str
    heads: Sequence[str]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The graph: a drawing of `width` by `height` px."""

    width: int
    height: int
    box_width: int
    boxes: Sequence[Box]
    lines: Sequence[Line]
    left_out: int
    is_condensed: bool

    @property
    def fits(self) -> bool:
        """Whether it keeps its natural size."""
        return not CARD_WIDTH < self.width <= CARD_WIDTH * SQUEEZE


@register.simple_tag
def path_lines(lines: Sequence[Line]) -> SafeString:
    """The lines of the path graph with the heads of their arrows."""
    return mark_safe("".join(map(_line, lines)))  # noqa: S308 - fixed words and numbers


def _line(line: Line) -> str:
    heads = "".join(f'<path class="ah {line.kind}" d="{head}" />' for head in line.heads)
    return f'<path class="e {line.kind}" d="{line.path}" />{heads}'


@register.simple_tag
def path_boxes(drawing: Drawing) -> SafeString:
    """The nodes of the path graph, each a link to a step."""
    return mark_safe("".join(_box(box, drawing.box_width) for box in drawing.boxes))  # noqa: S308 - texts are escaped


def _box(box: Box, width: int) -> str:
    label = escape(box.label)
    glyph = (
        f'<g transform="translate({width} 0)"><circle class="bd" cx="-3" cy="3" r="9" />'
        f'<path class="gp" transform="translate(-9 -3)" d="{box.glyph}" /></g>'
        if box.glyph
        else ""
    )
    return (
        f'<a href="{escape(box.href)}" class="{box.kind}" aria-label="{label}" data-part>'
        f'<g transform="translate({box.x:.1f} {box.y:.1f})"><title>{label}</title>'
        f'<rect class="n" width="{width}" height="54" rx="9" />'
        f'<text x="11" y="23">{escape(box.name)}</text><text class="s" x="11" y="41">{escape(box.note)}</text>'
        f"{glyph}{_FLAG.format(escape(box.flag)) if box.flag else ''}</g></a>"
    )


@register.simple_tag
def sparkline(points: Sequence[float | None], tone: str = "", label: str = "") -> SafeString:
    """A small zero-based line; a gap where a point is None. Without a label it is hidden from screen readers."""
    paths = spark_paths(points)
    said = f' role="img" aria-label="{escape(label)}"' if label else ' aria-hidden="true"'
    kind = f"spark {escape(tone)}" if tone else "spark"
    return mark_safe(  # noqa: S308 - texts are escaped
        f'<svg class="{kind}" viewBox="0 0 84 30" preserveAspectRatio="none"{said}>'
        f'<path class="area" d="{paths["area"]}" /><path d="{paths["line"]}" /></svg>'
    )


@register.simple_tag
def meter(share: float | None, label: str, tone: str = "", usual: float | str | None = None) -> SafeString:
    """A share of 1 as a bar, with a tick at the usual share where it is told."""
    tick = (
        ""
        if usual is None or usual == ""
        else f'<rect class="mk" x="{hundredths(float(usual))}" y="-2" width=".9" height="14" />'
    )
    return mark_safe(  # noqa: S308 - texts are escaped
        f'<svg class="meter" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{escape(label)}">'
        '<rect class="bg" width="100" height="10" rx="2" />'
        f'<rect class="v {escape(tone)}" width="{hundredths(share)}" height="10" rx="2" />{tick}</svg>'
    )
