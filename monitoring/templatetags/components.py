"""Tags behind the components: icons, status signs, and the geometry of the small server-drawn SVGs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import urlencode

from django import template
from django.http import QueryDict
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import formats
from monitoring import wording
from monitoring.presentation import HeatMap, TimelineRow
from monitoring.windows import PRESETS, Window

register = template.Library()


@dataclass(frozen=True, slots=True)
class Sign:
    """How a state is shown: glyph, word and tone always change together. `english` is the word as it is marked."""

    icon: str
    english: str
    tone: str

    @property
    def word(self) -> str:
        """The word in the language of the page."""
        return _(self.english)


SIGNS: dict[str, Sign] = {
    "queued": Sign("queued", gettext_noop("Queued"), "idle"),
    "running": Sign("running", gettext_noop("Running"), "run"),
    "waiting": Sign("waiting", gettext_noop("Waiting"), "run"),
    "succeeded": Sign("ok", gettext_noop("Succeeded"), "ok"),
    "failed": Sign("fail", gettext_noop("Failed"), "fail"),
    "cancelled": Sign("stop", gettext_noop("Cancelled"), "idle"),
    "timed_out": Sign("timeout", gettext_noop("Timed out"), "fail"),
    "skipped": Sign("skip", gettext_noop("Skipped"), "idle"),
    "unknown": Sign("unknown", gettext_noop("Unknown"), "idle"),
    "expected": Sign("ok", gettext_noop("As expected"), "ok"),
    "diverged": Sign("fail", gettext_noop("Diverged"), "fail"),
    "affected": Sign("warn", gettext_noop("Affected"), "warn"),
    "not_taken": Sign("skip", gettext_noop("Not taken"), "idle"),
    "unmet": Sign("warn", gettext_noop("Succeeded, unmet"), "warn"),
    "met": Sign("ok", gettext_noop("Met"), "ok"),
    "not_met": Sign("warn", gettext_noop("Not met"), "warn"),
    "cannot_tell": Sign("unknown", gettext_noop("Cannot tell"), "idle"),
    "slow": Sign("clock", gettext_noop("Slow"), "warn"),
}
VERDICTS: dict[str, Sign] = {
    "ok": Sign("ok", gettext_noop("Stable"), "ok"),
    "watch": Sign("warn", gettext_noop("Watch"), "warn"),
    "fail": Sign("fail", gettext_noop("Not stable"), "fail"),
    "idle": Sign("skip", gettext_noop("Not enough data"), "idle"),
}
KIND_ICONS: dict[str, str] = {
    "trigger": "hook",
    "webhook": "hook",
    "code": "code",
    "model": "spark",
    "llm": "spark",
    "agent": "spark",
    "tool": "tool",
    "http": "globe",
    "external": "globe",
    "branch": "fork",
    "condition": "fork",
}


@register.simple_tag
@lru_cache(maxsize=256)
@lru_cache(maxsize=256)
def icon(name: str) -> SafeString:
    """An icon of the sprite, hidden from screen readers. The symbols are in `static/icons.svg`."""
    return format_html('<svg class="i" aria-hidden="true"><use href="{}#i-{}"/></svg>', static("icons.svg"), name)


@register.simple_tag
def kind_icon(kind: str) -> SafeString:
    """The icon of a kind of node; a plain box for a kind without one."""
    return icon(KIND_ICONS.get(str(kind).lower(), "box"))


@register.simple_tag
def status_words(status: Any, text: str = "", icon_only: bool = False) -> SafeString:
    """Glyph, word and colour of a status, see `components/_status.html`."""
    sign = status_sign(status)
    hidden = ' class="vh"' if icon_only else ""
    # A text that is safe already stays as it is.
    shown = conditional_escape(text or sign.word)
    return mark_safe(f'<span class="st {sign.tone}">{icon(sign.icon)}<span{hidden}>{shown}</span></span>')  # noqa: S308


@register.simple_tag
def status_sign(status: Any) -> Sign:
    """Glyph, word and tone of a status: its word or a member of `monitoring.statuses.Status`."""
    word = getattr(status, "word", status)
    return SIGNS.get(str(word).lower(), SIGNS["unknown"])


@register.simple_tag
def verdict_sign(tone: str) -> Sign:
    """Glyph, word and tone of a verdict."""
    return VERDICTS.get(tone, VERDICTS["idle"])


@register.simple_tag
def hidden_fields(query: QueryDict, *left_out: str) -> SafeString:
    """The query parameters as hidden fields, so that a form keeps the rest of the address."""
    pairs = [(key, value) for key, values in query.lists() if key not in left_out for value in values]
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', pairs)


def changed_query(query: QueryDict, **changes: str | None) -> str:
    """The query with some parameters changed (None: left out), as Django's tag `querystring` writes it."""
    return "?" + urlencode({key: value for key, value in {**dict(query.lists()), **changes}.items() if value}, True)


@register.simple_tag
def range_view(window: Window, query: QueryDict | None = None) -> dict[str, Any]:
    """The range picker's words: `label` in the user's zone, presets, and the range as fields and as ISO 8601 UTC.

    `query` is that of the address, for the addresses of the presets.
    """
    start, end = timezone.localtime(window.start), timezone.localtime(window.end)
    now = timezone.now()
    relative = window.to_text == "now"
    presets = [
        {
            "label": _(label),
            "href": changed_query(query or QueryDict(), **{"from": text, "to": "now", "after": None}),
            "current": relative and window.from_text == text,
        }
        for text, label in PRESETS
    ]
    return {
        "label": _range_label(start, end, now),
        "presets": presets,
        "relative": "now" in window.from_text + window.to_text,
        "zone": timezone.get_current_timezone_name(),
        "from_local": f"{start:%Y-%m-%dT%H:%M}",
        "to_local": f"{end:%Y-%m-%dT%H:%M}",
        "from_iso": f"{window.start:%Y-%m-%dT%H:%M:%SZ}",
        "to_iso": f"{window.end:%Y-%m-%dT%H:%M:%SZ}",
    }


def _range_label(start: datetime, end: datetime, now: datetime) -> str:
    """`16 – 22 Nov, UTC`; with clocks when the range is shorter than two days."""
    zone = wording.zone_name(end)
    if end - start < timedelta(days=2):
        first = wording.moment(start, now, zone=False)
        last = formats.clock(end) if start.date() == end.date() else wording.moment(end, now, zone=False)
        return f"{first} \N{EN DASH} {last} {zone}"
    last_day = end - timedelta(microseconds=1)
    day = formats.day if start.year == end.year == now.astimezone(end.tzinfo).year else formats.day_of_year
    is_same_month = (start.year, start.month) == (last_day.year, last_day.month)
    first = formats.first_day(start, last_day) if is_same_month else day(start)
    return f"{first} \N{EN DASH} {day(last_day)}, {zone}"


@register.simple_tag
def spark_paths(points: Sequence[float | None], width: int = 84, height: int = 30) -> dict[str, str]:
    """The line and the area of a sparkline, zero-based; a gap where a point is None."""
    told = [point for point in points if point is not None]
    top = max([*told, 0]) or 1
    step = width / max(len(points) - 1, 1)
    runs: list[list[tuple[float, float]]] = [[]]
    for index, point in enumerate(points):
        if point is None:
            runs.append([])
        else:
            runs[-1].append((index * step, height - 2 - max(point, 0) / top * (height - 6)))
    drawn = [run if len(run) > 1 else [*run, (run[0][0] + 0.1, run[0][1])] for run in runs if run]
    lines = ["M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in run) for run in drawn]
    ends = [f"L{run[-1][0]:.1f} {height} L{run[0][0]:.1f} {height} Z" for run in drawn]
    return {"line": " ".join(lines), "area": " ".join(f"{line} {end}" for line, end in zip(lines, ends, strict=True))}


@register.simple_tag
def hundredths(share: float | None) -> str:
    """A share of 1 as a length out of 100 for an SVG attribute; 0 for an unknown one."""
    return f"{min(max(float(share or 0), 0), 1) * 100:.2f}"


@register.simple_tag
def timeline_marks(row: TimelineRow, span_ms: float) -> list[dict[str, Any]]:
    """Rectangles of a timeline row on a width of 1,000: usual range, pauses, the step itself."""
    scale = 1000 / (span_ms or 1)
    if row.start_ms is None:
        return []
    marks: list[tuple[str, float, float, int]] = []
    if row.usual:
        marks.append(("usual", row.start_ms, row.usual[1], 16))
    marks += [("wait", start, length, 6) for start, length in row.waits]
    if row.duration_ms is not None:
        tone = SIGNS.get(row.status, SIGNS["unknown"]).tone
        marks.append((tone, row.start_ms, row.duration_ms, 8 if row.depth else 10))
    return [_mark(kind, start * scale, length * scale, tall) for kind, start, length, tall in marks]


def _mark(kind: str, x: float, width: float, tall: int) -> dict[str, Any]:
    # 3 of 1,000 is the narrowest mark that is still seen.
    return {"kind": kind, "x": f"{x:.1f}", "width": f"{max(width, 3):.1f}", "y": (18 - tall) // 2, "height": tall}


@register.simple_tag
def time_scale(span_ms: float, parts: int = 5) -> list[str]:
    """The labels of a timeline's axis: the start of each of its equal parts."""
    starts = [wording.plain_duration_ms(span_ms * part / parts) for part in range(1, parts)]
    return ["0", *starts]


@register.simple_tag
def heat_cells(heat: HeatMap) -> dict[str, Any]:
    """The rectangles and texts of a heat map of 430 units width."""
    left, row_height, width = 78.0, 24.0, 430.0
    step = (width - left) / max(len(heat.columns), 1)
    bottom = len(heat.rows) * row_height
    most = max((count for row in heat.cells for count in row), default=0) or 1

    def cells() -> Iterator[dict[str, Any]]:
        for row, counts in enumerate(heat.cells):
            hot = bool(heat.hot) and heat.hot[row]
            for column, count in enumerate(counts):
                yield {
                    "kind": ("hi" if hot else "lo") if count else "none",
                    "opacity": f"{0.18 + 0.82 * (count / most) ** 0.6:.2f}" if count else "1",
                    "x": f"{left + column * step:.1f}",
                    "y": f"{bottom - (row + 1) * row_height:.1f}",
                    "title": heat.titles.get((row, column), ""),
                }

    return {
        "cells": list(cells()),
        "cell_width": f"{max(step - 1, 0.5):.1f}",
        "cell_height": row_height - 1,
        "rows": [{"label": label, "y": f"{bottom - (i + 0.35) * row_height:.1f}"} for i, label in enumerate(heat.rows)],
        "columns": [{"label": label, "x": f"{left + i * step:.1f}"} for i, label in enumerate(heat.columns) if label],
        "label_x": left - 8,
        "axis_y": bottom + 18,
        "height": bottom + 26,
    }


@register.simple_tag
def heat_rects(grid: dict[str, Any]) -> SafeString:
    """The cells of `heat_cells` as rectangles: hundreds of them, so they are joined here and not by the template."""
    size = format_html('width="{}" height="{}" rx="2"', grid["cell_width"], grid["cell_height"])
    rects = (
        f'<rect class="{cell["kind"]}" fill-opacity="{cell["opacity"]}" x="{cell["x"]}" y="{cell["y"]}" {size}>'
        f"<title>{escape(cell['title'])}</title></rect>"
        if cell["title"]
        else f'<rect class="{cell["kind"]}" x="{cell["x"]}" y="{cell["y"]}" {size}/>'
        for cell in grid["cells"]
    )
    return mark_safe("".join(rects))  # noqa: S308 - numbers and fixed words; titles are escaped
