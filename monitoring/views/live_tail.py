"""Live tail: executions and what they log, as they come. A page that can be read again, and that follows by itself."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpResponseBase, JsonResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.audit import record
from accounts.permissions import Permission
from monitoring.filters import ANY, TITLES
from monitoring.identity import PRODUCTION
from monitoring.reads import workflows
from monitoring.reads.emptiness import is_empty
from monitoring.reads.live import LATE, LEVELS, MOST
from monitoring.reads.live_cursor import Asked, look_since, read_cursor, write_cursor
from monitoring.statuses import UNMET, Status
from monitoring.templatetags.components import SIGNS
from monitoring.views.csv import csv_response
from monitoring.views.live_tail_rows import HEADER, TailRow, rows_html, rows_of
from monitoring.views.shell import Scope, open_scope
from monitoring.windows import parse_instant

# What a page begins with; it grows to `MOST`.
FIRST = 100
EARLIEST = timedelta(days=1)
SHOWS = {
    "": gettext_noop("Executions and log lines"),
    "executions": gettext_noop("Executions"),
    "lines": gettext_noop("Log lines"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A field to choose from: its parameter, its label, and the options as value, label and whether it is chosen."""

    param: str
    label: str
    options: list[tuple[str, str, bool]]


@team_page(Permission.VIEW_FIGURES)
@never_cache
@require_safe
def live_tail(request: TeamRequest) -> HttpResponseBase:
    """The page; `format=csv` is what is shown since `since`; `part=rows` what was written since the cursor `after`."""
    scope = open_scope(request)
    part, is_csv = request.GET.get("part") == "rows", request.GET.get("format") == "csv"
    if not (part or is_csv) and is_empty(request.team.id):
        return TemplateResponse(request, "live_tail/new.html", {"scope": scope})
    cursor = read_cursor(request.team.id, request.GET.get("after", "")) if part else None
    asked = _asked(request, scope, MOST if part or is_csv else FIRST)
    found, place = look_since(request.team.id, asked, cursor, scope.now)
    rows = rows_of(found, request.team.slug, asked.limit)
    if is_csv:
        return csv_response("live-tail.csv", HEADER, [row.cells() for row in rows])
    after = write_cursor(request.team.id, place)
    if part:
        return _part(rows, after, is_cut=found.is_cut)
    if asked.level:
        record("payload.viewed", ("log lines", request.team.id, "Live tail"))
    return TemplateResponse(request, "live_tail/tail.html", _context(request, scope, asked, rows, after))


def _asked(request: TeamRequest, scope: Scope, limit: int) -> Asked:
    """What the address asks for; log lines only for who may see payloads."""
    show, told = _show(request), parse_instant(request.GET.get("since", ""), scope.now)
    since = max(told, scope.now - EARLIEST) if told else scope.now - LATE
    may_read = request.membership.allows(Permission.VIEW_PAYLOADS)
    level = _level(request) if may_read and show != "executions" else None
    return Asked(scope.filters, since, show != "lines", level, limit)


def _part(rows: list[TailRow], after: str, *, is_cut: bool) -> HttpResponseBase:
    return JsonResponse({"after": after, "html": rows_html(rows), "is_cut": is_cut})


def _show(request: TeamRequest) -> str:
    show = request.GET.get("show", "")
    return show if show in SHOWS else ""


def _level(request: TeamRequest) -> str:
    level = request.GET.get("level", "")
    return level if level in LEVELS else LEVELS[0]


def _context(request: TeamRequest, scope: Scope, asked: Asked, rows: list[TailRow], after: str) -> dict[str, Any]:
    may_read = request.membership.allows(Permission.VIEW_PAYLOADS)
    choices = _choices(request, scope)
    return {
        "scope": scope,
        "rows": rows_html(rows),
        "after": after,
        "most": MOST,
        "choices": choices,
        "may_read": may_read,
        "is_filtered": bool(scope.filters.q)
        or any(is_chosen and value for one in choices for value, _, is_chosen in one.options),
        "since_minutes": int(LATE.total_seconds() // 60),
        "read_at": timezone.localtime(scope.now),
        "no_lines": _show(request) == "lines" and not may_read,
    }


def _choices(request: TeamRequest, scope: Scope) -> list[Choice]:
    """The fields of the form, in their order."""
    statuses = [(one.word, SIGNS[one.word].word) for one in Status] + [(UNMET, SIGNS[UNMET].word)]
    every = _("All")
    others = [(name, name) for name in scope.environments if name != PRODUCTION]
    return [
        _choice(
            "workflow",
            _(TITLES["workflow"]),
            [("", every), *workflows.names(scope.team.id)],
            _wanted(scope, "workflow"),
        ),
        _choice("env", _(TITLES["env"]), [("", PRODUCTION), *others, (ANY, every)], _wanted(scope, "env")),
        _choice("status", _(TITLES["status"]), [("", _("Any")), *statuses], _wanted(scope, "status")),
        _choice("show", _("Show"), [(show, _(words)) for show, words in SHOWS.items()], _show(request)),
        _choice(
            "level", _("Lines from level"), [("", LEVELS[0]), *((one, one) for one in LEVELS[1:])], _told_level(request)
        ),
    ]


def _told_level(request: TeamRequest) -> str:
    level = _level(request)
    return "" if level == LEVELS[0] else level


def _wanted(scope: Scope, name: str) -> str:
    wanted = scope.filters[name].wanted
    return wanted[0] if wanted else ""


def _choice(param: str, label: str, options: list[tuple[str, str]], chosen: str) -> Choice:
    """A field; a value that is in none of the options is one of its own, so that sending the form keeps it."""
    if chosen and all(value != chosen for value, _ in options):
        options = [*options, (chosen, chosen)]
    return Choice(param, label, [(value, text, value == chosen) for value, text in options])
