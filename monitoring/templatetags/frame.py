"""Pieces of the frame that every page pays for, written in one piece or only once."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from html import escape
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import formats
from accounts.locales import OFFERED, formats_of, named
from accounts.permissions import Permission
from monitoring.presentation import RailStep
from monitoring.templatetags.components import icon

register = template.Library()

_EXAMPLE = datetime(2026, 11, 19, 14, 10, tzinfo=UTC)
_CURRENT = ' aria-current="step"'


@register.simple_tag
def constant_part(name: str) -> SafeString:
    """A template that is the same on every page and sees nothing of it: rendered once a process and language."""
    return render_to_string(name) if settings.DEBUG else _rendered(name, get_language())


@cache
def _rendered(name: str, language: str | None) -> SafeString:
    return render_to_string(name)


@register.simple_tag(takes_context=True)
def alert_link(context: Mapping[str, Any], metric: str, **presets: str) -> SafeString:
    """A link to the form of an alert rule about what the page shows, for members who may make one; else nothing.

    It looks at the page's `scope`: its workflow and environment. `presets` are further fields of the form.
    """
    request, scope = context["request"], context["scope"]
    if not request.membership.allows(Permission.MANAGE_ALERTS):
        return mark_safe("")
    told = {"metric": metric, "environment": scope.environment or "", **presets}
    if scope.workflow is not None:
        told["workflow"] = scope.workflow.slug
    href = f"{reverse('new_rule', args=[scope.team.slug])}?{urlencode(told)}"
    return format_html('<a class="btn" href="{}">{}{}</a>', href, icon("bell"), _("Alert me"))


@register.simple_tag
def rail_steps(steps: Iterable[RailStep]) -> SafeString:
    """The steps of `components/_step_rail.html`. A step without an address is shown, not linked."""
    return mark_safe("".join(map(_rail_step, steps)))  # noqa: S308 - all escaped


@register.simple_tag
def option_list(pairs: Iterable[tuple[str, str]]) -> SafeString:
    """The options of a choice, from values and texts: filters have hundreds."""
    options = (f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in pairs)
    return mark_safe("".join(options))  # noqa: S308 - all escaped


@register.simple_tag
def formats_locale() -> str:
    """The locale whose formats are in force, for scripts that write figures and times."""
    return formats.in_force().locale


@register.simple_tag
def format_options(chosen: str) -> SafeString:
    """The options of locales, each with its name and an example; `chosen` is selected."""
    return mark_safe(_format_options(get_language()).replace(f'"{chosen}"', f'"{chosen}" selected'))  # noqa: S308


@cache
def _format_options(language: str | None) -> str:
    options = []
    for code in OFFERED:
        with formats.using(formats_of(code, language or "en")):
            example = f"{named(code)} · {formats.number('1,234.5')} · {formats.moment(_EXAMPLE, year=False)}"
        options.append(f'<option value="{code}" translate="no">{escape(example)}</option>')
    return "".join(options)


def _rail_step(step: RailStep) -> str:
    is_done = step.state == "done"
    number = f'{icon("check")}<span class="vh">{escape(_("Done:"))}</span>' if is_done else str(step.number)
    note = f"<small>{escape(step.note)}</small>" if step.note else ""
    current = _CURRENT if step.state == "current" else ""
    inside = f'<span class="n">{number}</span> <b>{escape(step.title)}</b> {note}'
    written = (
        f'<a class="step" href="{escape(step.href)}"{current}>{inside}</a>'
        if step.href
        else f'<span class="step"{current}>{inside}</span>'
    )
    return f'<li class="done">{written}</li>' if is_done else f"<li>{written}</li>"
