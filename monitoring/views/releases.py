"""The releases of a workflow: what each did to its figures, and the form to announce or correct one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.models import Workflow
from monitoring.reads.releases import ReleaseRow, listing
from monitoring.reads.rollup_rows import pending
from monitoring.reads.trends import known_range
from monitoring.services.releases import ReleaseRefused, announce_release
from monitoring.views.comparing import interval_words
from monitoring.views.csv import csv_response
from monitoring.views.execution_table import instant
from monitoring.views.release_form import FIELD_WORDS, form_values, told_of_form
from monitoring.views.release_words import cost_a_run, known_words, latest_panel
from monitoring.views.shell import Scope, frame, open_scope, step_rail
from monitoring.windows import Window, minute_floor

HEADER = (
    *("Release", "Live since", "Known", "Commit", "Address", "Note", "Runs", "Success rate", "95% from", "95% to"),
    *("Compared with", "Change", "Change 95% from", "Change 95% to", "p95 ms", "Cost a run USD", "New failure groups"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as the table shows it. `tone` is the colour of the change, `compare_href` leads to both side by side."""

    row: ReleaseRow
    known: str
    interval: str
    change: str
    change_interval: str
    tone: str
    cost: str
    compare_href: str
    edit_href: str


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def releases(request: TeamRequest, workflow: str) -> HttpResponseBase:
    """The table, or with `format=csv` its rows; POST announces or corrects a release."""
    scope = open_scope(request, workflow)
    assert scope.workflow is not None
    if request.method == "POST":
        if not request.membership.allows(Permission.MANAGE_WORKFLOWS):
            raise Http404("No such page.")
        return _announce(request, scope, scope.workflow)
    rows = rows_of(scope, scope.workflow)
    if request.GET.get("format") == "csv":
        return csv_response(f"{workflow}-releases.csv", HEADER, list(_cells(rows)))
    return _page(request, scope, rows)


def rows_of(scope: Scope, workflow: Workflow) -> list[ReleaseRow]:
    """All releases, with the figures of all time."""
    team_id = scope.team.id
    start, end = known_range(team_id, scope.now)
    window = Window(start, end, minutes_from=minute_floor(scope.now))
    return listing(team_id, workflow.id, window, environment=scope.environment, marked=pending(team_id))


def releases_href(scope: Scope) -> str:
    """The page of the releases of the scope's workflow, in the environment shown."""
    assert scope.workflow is not None
    return reverse("releases", args=[scope.team.slug, scope.workflow.slug]) + _environment(scope)


def compare_href(scope: Scope, before: str, after: str) -> str:
    """Two of them side by side."""
    assert scope.workflow is not None
    query = urlencode({"a": before, "b": after, **scope_environment(scope)})
    return f"{reverse('compare_releases', args=[scope.team.slug, scope.workflow.slug])}?{query}"


def scope_environment(scope: Scope) -> dict[str, str]:
    """The parameter of the environment shown, where it is not the usual one."""
    wanted = scope.filters["env"].wanted
    return {"env": wanted[0]} if wanted else {}


def _environment(scope: Scope) -> str:
    told = scope_environment(scope)
    return f"?{urlencode(told)}" if told else ""


def _announce(request: TeamRequest, scope: Scope, workflow: Workflow) -> HttpResponseBase:
    name, told, reasons = told_of_form(request.POST)
    try:
        if reasons:
            raise ReleaseRefused(reasons)
        done = announce_release(
            team_id=scope.team.id, workflow=workflow.slug, name=name, told=told, by=request.user, now=scope.now
        )
    except ReleaseRefused as refused:
        values = {field: request.POST.get(field, "") for field in ("name", "released_at", "commit", "url", "note")}
        reasons = {FIELD_WORDS.get(field, field): reason for field, reason in refused.reasons.items()}
        return _page(request, scope, rows_of(scope, workflow), values=values, reasons=reasons)
    words = (
        _("Release {release} saved.") if done.changed else _("Release {release} unchanged: it was known so already.")
    )
    words = _("Release {release} announced.") if done.is_new else words
    messages.success(request, words.format(release=name))
    return HttpResponseRedirect(releases_href(scope))


def _page(
    request: TeamRequest,
    scope: Scope,
    rows: list[ReleaseRow],
    *,
    values: dict[str, str] | None = None,
    reasons: dict[str, str] | None = None,
) -> HttpResponseBase:
    editing = next((row.release for row in rows if row.release.name == request.GET.get("release")), None)
    may_announce = request.membership.allows(Permission.MANAGE_WORKFLOWS)
    context: dict[str, Any] = {
        **frame(scope, rail=step_rail(scope, None, current=5, notes={5: _("What a release did")})),
        # Figures are of all time: the range picker would promise a choice.
        "window": None,
        "rows": [shown(scope, row, may_edit=may_announce) for row in rows],
        "panel": latest_panel(rows, scope, compare_href) if rows else None,
        "names": [row.release.name for row in rows],
        "pair": (rows[1].release.name, rows[0].release.name) if len(rows) > 1 else None,
        "compare_action": compare_href(scope, "", "").partition("?")[0],
        "env": scope_environment(scope).get("env", ""),
        "may_announce": may_announce,
        "editing": editing,
        "values": values or form_values(editing),
        "reasons": reasons or {},
        "page_href": releases_href(scope),
    }
    return TemplateResponse(request, "releases/releases.html", context, status=422 if reasons else 200)


def shown(scope: Scope, row: ReleaseRow, *, may_edit: bool) -> Shown:
    """The row with its words."""
    found, totals, name = row.change, row.totals, row.release.name
    tone = {1: "ok", -1: "fail", 0: ""}[found.direction] if found else ""
    edit = f"{releases_href(scope).partition('?')[0]}?{urlencode({**scope_environment(scope), 'release': name})}#form"
    return Shown(
        row,
        known_words(row.release),
        interval_words(totals.success) if totals.success else "",
        wording.percent_points(found.change) if found else "",
        _("{low} to {high}").format(low=wording.percent_points(found.low), high=wording.percent_points(found.high))
        if found
        else "",
        tone,
        cost_a_run(totals),
        compare_href(scope, row.previous, name) if row.previous else "",
        edit if may_edit else "",
    )


def _cells(rows: Iterable[ReleaseRow]) -> Iterable[list[Any]]:
    for row in rows:
        one, totals, found = row.release, row.totals, row.change
        success = totals.success
        yield [
            *(one.name, instant(one.live_at), known_words(one), one.commit, one.url, one.note, totals.runs),
            *((success.rate, success.low, success.high) if success else (None, None, None)),
            row.previous,
            *((found.change, found.low, found.high) if found else (None, None, None)),
            totals.duration_ms.p95,
            float(totals.cost_usd / totals.runs) if totals.cost_usd is not None and totals.runs else None,
            row.new_groups,
        ]
