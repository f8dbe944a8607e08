"""Growth curves as SVG: one line a series over the number of executions, which grows by factors."""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 340
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 34, 44
# Seen on light and on dark ground alike.
COLOURS = ("#2f7de1", "#d9622b", "#1f9d6b", "#9a6be0", "#b8860b", "#d14b8f", "#2aa5b8", "#8a8f98")
_LABEL_HEIGHT = 15
_STYLE = """<style>
  text { font: 12px system-ui, sans-serif; fill: #5b6270; }
  .title { font-weight: 600; }
  .grid { stroke: #8a8f98; stroke-opacity: .28; }
  @media (prefers-color-scheme: dark) { text { fill: #aeb5c2; } }
</style>"""

# Of each series its value at each size.
Series = Mapping[str, Mapping[int, float]]


def chart(title: str, unit: str, series: Series) -> str:
    """The drawing: y begins at 0, x is logarithmic; each line ends with its name."""
    sizes = sorted({size for values in series.values() for size in values})
    ticks = _ticks(max(value for values in series.values() for value in values.values()))
    body = [_text(LEFT, 18, f"{title} ({unit})", "title")]
    for tick in ticks:
        y = _y(tick, ticks[-1])
        body.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        body.append(_text(LEFT - 8, y + 4, f"{tick:g}", anchor="end"))
    body += [_text(_x(size, sizes), HEIGHT - BOTTOM + 20, f"{size:,}", anchor="middle") for size in sizes]
    body.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "executions", anchor="middle"))
    ends = _apart({name: _y(values[max(values)], ticks[-1]) for name, values in series.items()})
    for colour, (name, values) in zip(_colours(len(series)), series.items(), strict=True):
        points = [(_x(size, sizes), _y(value, ticks[-1])) for size, value in sorted(values.items())]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        body.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{drawn}"/>')
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        body.append(f'<rect x="{WIDTH - RIGHT + 12}" y="{ends[name] - 4:.1f}" width="8" height="8" fill="{colour}"/>')
        body.append(_text(WIDTH - RIGHT + 26, ends[name] + 4, f"{name} {values[max(values)]:.3g}"))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", _STYLE, *body, "</svg>", ""])


def _colours(count: int) -> list[str]:
    return [COLOURS[number % len(COLOURS)] for number in range(count)]


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _x(size: int, sizes: Sequence[int]) -> float:
    low, high = math.log(sizes[0]), math.log(sizes[-1])
    share = (math.log(size) - low) / (high - low) if high > low else 0.5
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(value: float, most: float) -> float:
    return HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM)


def _ticks(most: float) -> list[float]:
    """Four to eight round values from 0 to at least the greatest."""
    step: float = 10 ** math.floor(math.log10(most / 4)) if most > 0 else 1.0
    step = next(step * factor for factor in (1, 2, 5, 10) if most / (step * factor) <= 7)
    return [step * number for number in range(math.ceil(most / step) + 1)]


def _apart(places: Mapping[str, float]) -> dict[str, float]:
    """Places for the names, none on another: pushed upwards from the lowest."""
    found, free = {}, math.inf
    for name, place in sorted(places.items(), key=lambda one: -one[1]):
        found[name] = free = min(place, free)
        free -= _LABEL_HEIGHT
    return found
