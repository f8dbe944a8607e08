"""A row of the timeline, written in one piece: a long run has hundreds, and a template takes ten times as long."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from monitoring import wording
from monitoring.presentation import TimelineRow
from monitoring.templatetags.components import SIGNS, icon, timeline_marks

register = template.Library()

_GRID = mark_safe(
    '<path class="gl" d="M0-8v34M200-8v34M400-8v34M600-8v34M800-8v34" vector-effect="non-scaling-stroke" />'
)
_ROW = (
    '<a class="wf-row{}" href="{}"{}{} data-row><span class="st {}">{}<span class="vh">{}</span></span>'
    '<span class="name">{}<span class="mono">{}</span>{}</span>'
    '<svg class="tl" viewBox="0 0 1000 18" preserveAspectRatio="none" aria-hidden="true">{}{}</svg>'
    '<span class="d">{}{}</span></a>'
)
_ORDER = (
    '<a class="wf-row order{}" href="{}"{} data-row><span class="st {}">{}<span class="vh">{}</span></span>'
    '<span class="name">{}<span class="mono">{}</span></span><span class="words">{}</span>'
    '<span class="d"><small>step</small> {}</span></a>'
)
_CURRENT = mark_safe(' aria-current="true"')
_MARK = '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="2" />'


@register.simple_tag
def timeline_row(row: TimelineRow, span_ms: float) -> SafeString:
    """One step on the timeline; `span_ms` is the length of the whole axis, the same for all rows."""
    sign = SIGNS.get(row.status, SIGNS["unknown"])
    marks = timeline_marks(row, span_ms)
    return format_html(
        _ROW,
        f" sub d{row.depth}" if row.depth else "",
        row.href,
        format_html(' id="{}"', row.anchor) if row.anchor else "",
        _CURRENT if row.current else "",
        sign.tone,
        icon(sign.icon),
        sign.word,
        icon(row.icon) if row.icon else "",
        row.name,
        _critical(row.critical_share),
        _GRID,
        format_html_join("", _MARK, ((m["kind"], m["x"], m["y"], m["width"], m["height"]) for m in marks)),
        mark_safe('<span class="mut">skipped</span>')
        if row.status == "skipped"
        else wording.duration_ms(row.duration_ms),
        format_html(" <small>{}</small>", row.note) if row.note else "",
    )


def _critical(share: float | None) -> SafeString:
    """The mark of a step on the critical path."""
    if share is None:
        return mark_safe("")
    words = f"On the critical path, {wording.percent(share, 0)} of the time"
    return format_html('<span class="crit" title="{}"><span class="vh">{}</span></span>', words, words)


@register.simple_tag
def order_row(row: TimelineRow, number: int) -> SafeString:
    """A step of an execution without times: its place (from 1) and the words in its note."""
    sign = SIGNS.get(row.status, SIGNS["unknown"])
    return format_html(
        _ORDER,
        f" sub d{row.depth}" if row.depth else "",
        row.href,
        _CURRENT if row.current else "",
        sign.tone,
        icon(sign.icon),
        sign.word,
        icon(row.icon) if row.icon else "",
        row.name,
        row.note,
        number,
    )
