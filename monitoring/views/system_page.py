"""One external system, model or tool over all workflows: how it does, who depends on it, and when it fails for many."""

from typing import Any

from django.http import Http404, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.reads.calls import KINDS, Kind
from monitoring.reads.system_page import SystemPage, load
from monitoring.views import system_charts, system_parts
from monitoring.views.shell import Scope, frame, open_scope
from monitoring.views.system_export import as_csv
from monitoring.views.system_verdict import FAILED_WORDS, WORDS, Context, page_panel

TABLES = ("dependents", "errors", "moments", "outcomes", "latency")


@team_page(Permission.VIEW_FIGURES)
@require_safe
def system(request: TeamRequest, kind: str, name: str) -> HttpResponseBase:
    """The page of what has this name, or with `format=csv` one of its `TABLES` (`table`)."""
    scope, which = open_scope(request), KINDS[kind]
    page = load(request.team.id, which, name, scope.window, environment=scope.environment, now=scope.now)
    if page is None:
        raise Http404("No such page.")
    if request.GET.get("format") == "csv":
        return as_csv(scope, page, request.GET.get("table", ""))
    return TemplateResponse(request, "systems/system.html", context(scope, which, page))


def context(scope: Scope, kind: Kind, page: SystemPage) -> dict[str, Any]:
    """What the template shows."""
    told = Context(page.workflows, page.over_time.starts, page.over_time.bucket)
    samples = {kind.param: [page.name]}
    return {
        **frame(scope),
        "page": page,
        "kind": kind,
        "words": WORDS[kind.param],
        "list_href": scope.href(kind.plural),
        "as_of": page.as_of,
        "verdict": page_panel(scope, kind, page.name, page.decision, page.totals, told),
        "incidents": page.incidents,
        "empty": _empty(scope, page),
        "kpis": system_parts.kpis(page),
        "charts": system_charts.charts(page),
        "dependents": system_parts.dependents(scope, page),
        "dependents_reading": system_parts.dependents_reading(page),
        "errors": system_parts.errors(scope, page),
        "moments": system_parts.moments(page),
        "moments_reading": _moments_reading(page),
        "samples_href": scope.href("executions", **samples),
        "failed_href": scope.href("executions", **samples, status=FAILED_WORDS),
        **{f"{table}_csv": scope.filters.query(format="csv", table=table) for table in TABLES},
    }


def _empty(scope: Scope, page: SystemPage) -> dict[str, str] | None:
    """Why there are no figures and where there may be some; None when there are."""
    if page.totals.runs:
        return None
    others = [name for name in scope.environments if name != scope.environment]
    title = _("No calls in {environment} in this range").format(environment=scope.environment_words)
    text = _("It was called before, in another range or environment.")
    if scope.environment and others:
        return {"title": title, "text": text, "href": scope.filters.query(env="*"), "label": _("Show all environments")}
    return {
        "title": title,
        "text": text,
        "href": scope.filters.query(from_="now-90d", to="now"),
        "label": _("Show the last 90 days"),
    }


def _moments_reading(page: SystemPage) -> str:
    if not page.moment_count:
        return _("no minute or hour in which calls failed in two workflows or more")
    count, shown = page.moment_count, len(page.moments)
    words = ngettext(
        "{count} time in two workflows or more; by the minute for 48 h, by the hour before",
        "{count} times in two workflows or more; by the minute for 48 h, by the hour before",
        count,
    )
    if shown < count:
        words = ngettext(
            "{count} time in two workflows or more, the latest {shown} shown; by the minute for 48 h, by the hour "
            "before",
            "{count} times in two workflows or more, the latest {shown} shown; by the minute for 48 h, by the hour "
            "before",
            count,
        )
    return words.format(count=wording.count(count), shown=wording.count(shown))
