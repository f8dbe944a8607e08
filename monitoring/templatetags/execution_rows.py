"""Rows of the list of executions, written in one piece: a page has fifty, and a template takes ten times as long."""

import uuid
from collections.abc import Iterable
from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from monitoring import wording
from monitoring.reads.executions import ExecutionRow
from monitoring.templatetags.components import SIGNS, icon
from monitoring.templatetags.display import when

register = template.Library()

MAX_ID, MAX_ERROR = 40, 90
DASH = "\N{EN DASH}"
_NO_FIGURE = f'<span class="mut">{DASH}</span>'
_ANY_ID, _ANY_SLUG = uuid.UUID(int=0), "any"


@register.simple_tag
def execution_rows(
    rows: Iterable[ExecutionRow], team: str, query: str = "", *, is_selectable: bool = False
) -> SafeString:
    """The rows of `executions/_table.html`. `team` is its slug, `query` goes along to the pages that a row leads to.

    With `is_selectable` each row begins with a box to choose it.
    """
    # Only the last part of these addresses differs from row to row.
    replay = reverse("replay", args=[team, _ANY_ID]).removesuffix(f"{_ANY_ID}/")
    trends = reverse("trends", args=[team, _ANY_SLUG]).removesuffix(f"{_ANY_SLUG}/")
    tail = escape(query)
    rows_written = (
        _row(row, f"{replay}{row.id}/{tail}", f"{trends}{row.workflow_slug}/{tail}", _box(row) if is_selectable else "")
        for row in rows
    )
    return mark_safe("".join(rows_written))  # noqa: S308 - all escaped


def _box(row: ExecutionRow) -> str:
    words = _("Choose {execution}").format(execution=shortened(row.external_id, MAX_ID))
    return (
        f'<td><label class="pick"><input type="checkbox" name="execution" value="{row.id}" data-select>'
        f'<span class="vh">{escape(words)}</span></label></td>'
    )


def _row(row: ExecutionRow, replay: str, trends: str, box: str) -> str:
    tokens = _NO_FIGURE if row.tokens.total is None else wording.tokens(row.tokens.total)
    duration = _NO_FIGURE if row.duration_ms is None else wording.duration_ms(row.duration_ms)
    return (
        f'<tr>{box}<td class="nw"><a class="strong mono" data-row href="{replay}">'
        f"<bdi>{escape(shortened(row.external_id, MAX_ID))}</bdi></a>{_attempt(row)}</td>"
        f"<td>{_workflow(row, trends)}</td><td>{_status(row)}</td>"
        f'<td class="nw">{started(row)}</td><td class="r nw">{duration}</td>'
        f"<td>{_name(row.input_type)}</td><td>{_name(row.release)}</td>"
        f'<td class="r">{tokens}</td><td class="r">{_cost(row)}</td></tr>'
    )


@register.simple_tag
def started(row: ExecutionRow) -> SafeString:
    """When an execution started; where the sender told no time, that, beside the time at which it counts."""
    if row.started_at:
        return when(row.started_at, "plain seconds")
    return mark_safe(  # noqa: S308 - `when` escapes what it writes
        f'<span class="mut" title="{escape(_("The sender told no time"))}">{when(row.counted_at, "plain")}'
        f'<span class="t2">{escape(_("time not told"))}</span></span>'
    )


def shortened(text: str, length: int) -> str:
    """The text with an ellipsis in the place of what is beyond `length` characters."""
    return text if len(text) <= length else Truncator(text).chars(length)


def _attempt(row: ExecutionRow) -> str:
    words = escape(_("attempt {number}").format(number=row.attempt)) if row.attempt > 1 else ""
    attempt = f'<span class="t2">{words}</span>' if words else ""
    return attempt + (f' <span class="pill">{escape(_("Held"))}</span>' if row.is_held else "")


def _workflow(row: ExecutionRow, trends: str) -> str:
    if not row.workflow_slug:
        return f'<span class="mut">{escape(_("not told"))}</span>'
    return f'<a href="{trends}">{escape(row.workflow or "")}</a>'


def _status(row: ExecutionRow) -> str:
    sign = SIGNS[row.outcome]
    error = f'<span class="t2">{escape(shortened(row.error, MAX_ERROR))}</span>' if row.error else ""
    return f'<span class="st {sign.tone}">{icon(sign.icon)}<span>{escape(sign.word)}</span></span>{error}'


def _name(value: str | None) -> str:
    return DASH if value is None else escape(value)


def _cost(row: ExecutionRow) -> str:
    if row.cost_usd is not None:
        return wording.usd(row.cost_usd)
    return f'<span class="mut">{escape(_("not priced"))}</span>' if row.unpriced_tokens else _NO_FIGURE
