"""The weekly review: a week of the team as one role reads it, printable, with each table as CSV."""

from typing import Any

from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission, Role
from monitoring.presentation import Link
from monitoring.services.review import make_review, roles_for
from monitoring.services.review_sheet import make_sheet, rows_of, table_keys
from monitoring.templatetags.components import changed_query
from monitoring.views.csv import csv_response
from monitoring.views.review_mail import mail_of
from monitoring.views.shell import Scope, frame, open_scope
from monitoring.weeks import WORDS, Week, parse_week, week_of

ALL = gettext_noop("All sections")


@team_page(Permission.VIEW_FIGURES)
@require_safe
def review(request: TeamRequest, week: str = "") -> HttpResponseBase:
    """A week, the one that is over last unless the address names another; with `format=csv` one of its tables."""
    scope = open_scope(request)
    shown = week_told(week, scope)
    if not week:
        query = changed_query(request.GET) if request.GET else ""
        return HttpResponseRedirect(reverse("review_of", args=[request.team.slug, shown.name]) + query)
    role, refused = role_told(request)
    found = make_review(request.team.id, shown, scope.now, environment=scope.environment)
    if request.GET.get("format") == "csv":
        rows = rows_of(request.team.slug, found, role, request.GET.get("table", ""))
        if rows is None:
            keys = ", ".join(table_keys(make_sheet(request.team.slug, found, role)))
            raise Http404(f"No such table. Allowed for this role: {keys or 'none'}.")
        name = f"review-{shown.name}-{rows.key}.csv"
        return csv_response(name, rows.header, rows.raw)
    sheet = make_sheet(request.team.slug, found, role)
    context = {**_context(request, scope, shown, role), "sheet": sheet, "refused": refused}
    return TemplateResponse(request, "review/review.html", context, status=422 if refused else 200)


def week_told(text: str, scope: Scope) -> Week:
    """The week of an address. Raises `Http404` for what is none, or has not begun."""
    if not text:
        return week_of(scope.now).previous
    found = parse_week(text)
    if found is None or found.start > scope.now:
        raise Http404(f"The week must be {WORDS}, up to the present one.")
    return found


def role_told(request: TeamRequest) -> tuple[Role, str]:
    """The role that the address asks for, else the member's own; and why it is not the one asked for."""
    own, told = Role(request.membership.role), request.GET.get("role", "")
    if not told:
        return own, ""
    allowed = roles_for(own)
    if told in allowed:
        return Role(told), ""
    words = _("The role must be one of: {roles}. This is the review of your own role.")
    return own, words.format(roles=", ".join(allowed))


def _context(request: TeamRequest, scope: Scope, shown: Week, role: Role) -> dict[str, Any]:
    return {
        **frame(scope),
        # A week is chosen by its own links.
        "window": None,
        "week": shown,
        "mail": mail_of(request),
        "previous_href": _week_href(request, shown.previous),
        "next_href": _week_href(request, shown.next) if shown.end <= scope.now else "",
        "roles": [
            Link(
                _(ALL) if one in (Role.OWNER, Role.ADMIN) else str(one.label),
                changed_query(request.GET, role=one.value, format=None, table=None),
                one == role,
            )
            for one in roles_for(request.membership.role)
        ],
    }


def _week_href(request: TeamRequest, week: Week) -> str:
    query = changed_query(request.GET, format=None, table=None)
    return reverse("review_of", args=[request.team.slug, week.name]) + (query if len(query) > 1 else "")
