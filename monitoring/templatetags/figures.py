"""Figures as tables: rows joined in one piece, and the table behind each chart."""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from monitoring import wording
from monitoring.presentation import Chart
from monitoring.templatetags.display import when_text

register = template.Library()


@register.simple_tag
def table_rows(rows: Sequence[Sequence[str]]) -> SafeString:
    """Rows of figures, all cells but the first right-aligned: joined here, a long table costs a template dearly."""
    lines = ("".join(f'<td class="r">{escape(cell)}</td>' for cell in row[1:]) for row in rows)
    heads = (f"<td>{escape(row[0])}</td>" for row in rows)
    return mark_safe("".join(f"<tr>{head}{line}</tr>" for head, line in zip(heads, lines, strict=True)))  # noqa: S308


@register.simple_tag
def chart_table(charts: Sequence[Chart]) -> dict[str, Any]:
    """The figures of the charts of one card as a table: one row a bucket, one column a series, and the markers."""
    series = [(one, chart.unit) for chart in charts for one in chart.series]
    starts = charts[0].starts if charts else ()
    marks = markers_by_bucket(charts)
    titles = charts[0].titles if charts and charts[0].titles else [when_text(start) for start in starts]
    rows = [
        [titles[index], *(figure(one.values[index], unit) for one, unit in series), *marks.get(index, ())]
        for index in range(len(starts))
    ]
    return {"head": [_("From"), *(one.label for one, _unit in series), *([_("Marked")] if marks else ())], "rows": rows}


def markers_by_bucket(charts: Sequence[Chart]) -> dict[int, list[str]]:
    """The labels of the markers in each bucket as one cell, all buckets told; empty where the charts have none."""
    told = {(marker.at, marker.label) for chart in charts for marker in chart.markers if marker.label}
    if not told:
        return {}
    found: dict[int, list[str]] = {index: [] for index in range(len(charts[0].starts))}
    for at, label in sorted(told):
        # The bucket that the moment is in: the last one that starts at or before it.
        found[max(bisect_right(charts[0].starts, at) - 1, 0)].append(label)
    return {index: [", ".join(labels)] for index, labels in found.items()}


def figure(value: float | None, unit: str) -> str:
    """A value of a chart in words; a dash where there is none."""
    if value is None:
        return "\N{EN DASH}"
    if unit == "usd":
        return wording.usd(Decimal(str(value)))
    if unit == "percent":
        return wording.percent(value)
    return wording.duration_ms(value) if unit == "ms" else wording.count(value)
