"""Rows of a table of cells, written in one piece: the pages made of such tables spent most of their time on them."""

from collections.abc import Sequence

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from monitoring.cells import Cell, Row, Rows
from monitoring.templatetags.display import seen
from monitoring.templatetags.drawn import meter

register = template.Library()


@register.simple_tag
def cell_rows(table: Rows) -> SafeString:
    """The rows of `components/_cells.html`. Texts that are safe already stay as they are, all others are escaped."""
    titles = [conditional_escape(column.title) for column in table.columns]
    rows = (_row(titles, row) for row in table.rows)
    return mark_safe("".join(rows))  # noqa: S308 - all escaped


def _row(titles: Sequence[str], row: Row) -> str:
    cells = enumerate(zip(titles, row, strict=True))
    return f"<tr>{''.join(_cell(title, cell, is_first=not place) for place, (title, cell) in cells)}</tr>"


def _cell(title: str, cell: Cell, *, is_first: bool) -> str:
    kind = ' class="r"' if cell.is_number else ""
    drawn = "" if cell.share is None else meter(cell.share, cell.text)
    sub = f'<span class="t2">{conditional_escape(cell.sub)}</span>' if cell.sub else ""
    return f'<td data-label="{title}"{kind}>{_words(cell, is_first=is_first)}{drawn}{sub}</td>'


def _words(cell: Cell, *, is_first: bool) -> str:
    if cell.href:
        words = conditional_escape(seen(cell.text))
        more = (' class="mono"' if cell.is_code else "") + (" data-row" if is_first else "")
        return f'<a href="{conditional_escape(cell.href)}"{more}><bdi>{words}</bdi></a>'
    words = conditional_escape(cell.text)
    return f'<b class="{cell.tone}">{words}</b>' if cell.tone else words
