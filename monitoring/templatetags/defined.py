"""The help on a figure: what it means and how it is computed, from its definition in `monitoring/definitions.py`."""

from collections.abc import Sequence
from functools import lru_cache

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from monitoring.definition import PAGE, Line
from monitoring.definitions import DEFINITIONS

register = template.Library()

# A button opens what stands behind it by mouse, touch and keyboard, without a script; Esc closes it.
_HELP = """<button type="button" class="how" popovertarget="{id}" aria-label="{asked}" \
title="{sentence}"><span aria-hidden="true">?</span></button><span popover id="{id}" class="how-b" role="dialog" \
aria-label="{name}"><b>{name}</b><span>{sentence}</span><span class="how-f">{formula}</span>{lines}<span class="mut">\
{where}</span></span>"""


@register.simple_tag
def how(key: str, place: str | int = "", lines: Sequence[Line] = ()) -> SafeString:
    """The help on a figure; empty without a key. `place` tells equal figures of a page apart.

    `lines` are the figures of this view that it is computed from.
    """
    return _help(key, place, tuple(lines), get_language()) if key else SafeString()


@lru_cache(maxsize=512)
def _help(key: str, place: str | int, lines: Sequence[Line], language: str | None) -> SafeString:
    one = DEFINITIONS[key]
    name = _(one.name)
    numbers = format_html_join("", "<span><span>{}</span><b>{}</b></span>", lines)
    return format_html(
        _HELP,
        id=f"how-{place}-{key}" if place else f"how-{key}",
        name=name,
        asked=_("{name}: how is this computed?").format(name=name),
        sentence=_(one.sentence),
        formula=_(one.formula),
        lines=format_html('<span class="how-n">{}</span>', numbers) if lines else "",
        where=format_html(
            _("Unit: {unit}. Computed in <code>{file}</code>, defined in <code>{place}</code>."),
            unit=_(one.unit),
            file=one.file,
            place=f"{PAGE}#{one.anchor}",
        ),
    )
