"""A row of the timeline, written in one piece: a long run has hundreds, and a template takes ten times as long."""

from html import escape

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from monitoring import wording
from monitoring.presentation import TimelineRow
from monitoring.templatetags.components import SIGNS, icon, timeline_marks

register = template.Library()

_GRID = mark_safe(
    '<path class="gl" d="M0-8v34M200-8v34M400-8v34M600-8v34M800-8v34" vector-effect="non-scaling-stroke" />'
)
_ORDER = (
    '<a class="wf-row order{}" href="{}"{} data-row><span class="st {}">{}<span class="vh">{}</span></span>'
    '<span class="name">{}<span class="mono">{}</span></span><span class="words">{}</span>'
    '<span class="d"><small>{}</small> {}</span></a>'
)
_CURRENT = mark_safe(' aria-current="true"')


@register.simple_tag
def timeline_row(row: TimelineRow, span_ms: float) -> SafeString:
    """One step on the timeline; `span_ms` is the length of the whole axis, the same for all rows.

    What was told is escaped here, one by one: `format_html` looks at every piece and took most of the page's time.
    """
    sign = SIGNS.get(row.status, SIGNS["unknown"])
    depth = f" sub d{row.depth}" if row.depth else ""
    anchor = f' id="{escape(row.anchor)}"' if row.anchor else ""
    current = _CURRENT if row.current else ""
    marks = "".join(_mark(**mark) for mark in timeline_marks(row, span_ms))
    took = (
        f'<span class="mut">{escape(_("skipped"))}</span>'
        if row.status == "skipped"
        else escape(wording.duration_ms(row.duration_ms))
    )
    note = f" <small>{escape(row.note)}</small>" if row.note else ""
    kind = icon(row.icon) if row.icon else ""
    return mark_safe(  # noqa: S308
        f'<a class="wf-row{depth}" href="{escape(row.href)}"{anchor}{current} data-row>'
        f'<span class="st {sign.tone}">{icon(sign.icon)}<span class="vh">{escape(sign.word)}</span></span>'
        f'<span class="name">{kind}<span class="mono">{escape(row.name)}</span>{_critical(row.critical_share)}</span>'
        f'<svg class="tl" viewBox="0 0 1000 18" preserveAspectRatio="none" aria-hidden="true">{_GRID}{marks}</svg>'
        f'<span class="d">{took}{note}</span></a>'
    )


def _mark(kind: str, x: str, y: int, width: str, height: int) -> str:
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="2" />'


def _critical(share: float | None) -> str:
    """The mark of a step on the critical path."""
    if share is None:
        return ""
    words = escape(_("On the critical path, {share} of the time").format(share=wording.percent(share, 0)))
    return f'<span class="crit" title="{words}"><span class="vh">{words}</span></span>'


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
        _("step"),
        number,
    )
