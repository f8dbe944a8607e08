"""All addresses of the application, each with what it takes."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.urls import URLPattern, get_resolver

from tests.architecture.test_views import patterns

_PART = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
PAGES, PROGRAMS = ("GET", "POST"), ("GET", "POST", "PUT", "PATCH", "DELETE")
# Answers without asking for an object, a team or a person; or for programs of the machine itself.
NOT_ASKED = ("healthz", "readyz", "internal/", "api/schema/", "services/collector/")


@dataclass(frozen=True, slots=True)
class Route:
    """An address: its text, its name, and the names in it."""

    text: str
    name: str
    names: tuple[str, ...]
    methods: tuple[str, ...]
    is_of_programs: bool
    # Takes what was observed, with ids of the sender's own.
    is_report: bool

    def path(self, values: dict[str, str]) -> str:
        """The address with these values."""
        text = _PART.sub(lambda match: values[match[1] or match[2]], self.text)
        return "/" + text.replace("^", "").replace("$", "").replace("\\", "")


@cache
def routes() -> tuple[Route, ...]:
    """All of them, but for the administration, whose people see every team."""
    found = (_route(text, entry) for text, entry in patterns(get_resolver()) if not text.startswith("admin/"))
    return tuple(one for one in found if not one.text.startswith(NOT_ASKED))


def _route(text: str, entry: URLPattern) -> Route:
    callback: Any = entry.callback
    names = tuple(match[1] or match[2] for match in _PART.finditer(text))
    view = getattr(callback, "cls", None)
    is_program = bool(view or getattr(callback, "way_in", None) or text.startswith(("scim/", "metrics")))
    methods = PROGRAMS if is_program else PAGES
    if view is not None:
        methods = tuple(one for one in PROGRAMS if hasattr(view, one.lower()))
    is_report = bool(getattr(callback, "way_in", None)) or (view or callback).__module__.startswith("ingestion.api")
    return Route(text, entry.name or text, names, methods, is_program, is_report)
