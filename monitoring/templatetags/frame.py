"""Pieces of the frame that every page pays for, written in one piece or only once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from html import escape
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.template import Context
from django.template.defaulttags import CsrfTokenNode
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import formats
from accounts.locales import OFFERED, formats_of, named
from accounts.permissions import Permission
from monitoring.navigation import Section
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


@register.simple_tag
def filled_part(part: str, /, **values: Any) -> SafeString:
    """A template that only writes its values, or asks whether there is one: rendered once in a process for each set of
    values that are there (and language), and filled with what is escaped here.

    It sees nothing of the page. Its values are texts; what a filter or a tag makes of one has to be made before.
    """
    told = tuple(key for key, value in values.items() if value)
    pieces = (_split if settings.DEBUG else _pieces)(part, told, get_language())
    # Every second piece is the name of a value.
    return mark_safe(  # noqa: S308 - all escaped
        "".join([_written(values[piece]) if place % 2 else piece for place, piece in enumerate(pieces)])
    )


# A letter that no template has.
_MARK = "\ue000"


def _split(part: str, told: tuple[str, ...], language: str | None) -> list[str]:
    return render_to_string(part, {key: f"{_MARK}{key}{_MARK}" for key in told}).split(_MARK)


_pieces = lru_cache(maxsize=1024)(_split)


def _written(value: Any) -> str:
    return str(value) if hasattr(value, "__html__") else escape(str(value))


@register.simple_tag
def main_navigation(sections: Sequence[Section]) -> SafeString:
    """The entries of the main navigation: the same for all members with one role, on one page of one team."""
    return (_navigation if not settings.DEBUG else _navigate)(tuple(sections), get_language())


def _navigate(sections: Sequence[Section], language: str | None) -> SafeString:
    return render_to_string("components/_nav.html", {"nav": sections})


_navigation = lru_cache(maxsize=1024)(_navigate)


@register.simple_tag(takes_context=True)
def user_menu(context: Context) -> SafeString:
    """The menu of who has signed in."""
    user, request = context["user"], context["request"]
    return filled_part(
        "components/_user_menu.html",
        name=str(user),
        initials=str(user)[:2].upper(),
        zone=user.time_zone,
        path=request.get_full_path(),
        token=CsrfTokenNode().render(context),
        options=format_options(user.formats),
    )


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
