"""The head of a sortable column, written in one piece: tables have a dozen of them."""

from collections.abc import Mapping
from html import escape
from typing import Any

from django import template
from django.http import QueryDict
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from monitoring.templatetags.components import changed_query, icon
from monitoring.templatetags.defined import how

register = template.Library()


@register.simple_tag(takes_context=True)
def sort_header(context: Mapping[str, Any]) -> SafeString:
    """What `components/_sort_header.html` says, from the values that it is included with."""
    told = {name: context.get(name) or "" for name in ("label", "key", "sort", "first", "end", "defines")}
    rising, falling = told["key"], f"-{told['key']}"
    is_rising, is_falling = told["sort"] == rising, told["sort"] == falling
    wanted = rising if is_falling or (not is_rising and told["first"] != "-") else falling
    side = ' class="r"' if told["end"] else ""
    order = ' aria-sort="ascending"' if is_rising else ' aria-sort="descending"' if is_falling else ""
    on, sign = (" on", icon("up" if is_rising else "down")) if order else ("", "")
    words = f"{conditional_escape(told['label'])}{sign}"
    link = f'<a class="sort{on}" href="{_href(context["request"].GET, wanted)}">{words}</a>'
    return mark_safe(f'<th scope="col"{side}{order}>{link}{how(told["defines"], "th")}</th>')  # noqa: S308


def _href(query: QueryDict, order: str) -> str:
    return escape(changed_query(query, sort=order, after=None))
