"""The Trends page of a workflow: is it stable, and where to start. Also sets its objective."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.reads.baselines import Usual, usual_by_workflow
from monitoring.reads.cuts import Cut
from monitoring.reads.rollup_rows import pending
from monitoring.reads.tail import TailSplit, split_of
from monitoring.reads.trends import totals
from monitoring.reads.trends_page import TrendsPage, load
from monitoring.services.objectives import set_objective as store_objective
from monitoring.templatetags.display import when_text
from monitoring.views import trends_charts, trends_parts, trends_resources, trends_tail, trends_verdict
from monitoring.views.criteria_words import criteria_href, criteria_words
from monitoring.views.finding_leads import finding_leads, findings_href
from monitoring.views.objective_form import ObjectiveForm, objective_context
from monitoring.views.owner import ownership
from monitoring.views.releases import releases_href
from monitoring.views.shell import Scope, frame, open_scope, source_words, step_rail
from monitoring.views.trends_export import as_csv, as_json
from monitoring.windows import week_until

TABLES = ("steps", "outcomes", "latency", "distribution", "tail")


@team_page(Permission.VIEW_FIGURES)
@require_safe
def trends(request: TeamRequest, workflow: str) -> HttpResponseBase:
    """The page, or its figures: `format=json`, or `format=csv` with `table=` one of `TABLES`."""
    scope = open_scope(request, workflow)
    assert scope.workflow is not None
    page = load(request.team.id, scope.workflow, scope.window, environment=scope.environment, now=scope.now)
    if request.GET.get("format") == "json":
        return JsonResponse(as_json(scope, page))
    if request.GET.get("format") == "csv":
        return as_csv(scope, page, request.GET.get("table", ""))
    split = split_of(cut_of(scope), page.totals) if request.GET.get("tail") == "split" else None
    return TemplateResponse(request, "trends/trends.html", context(request, scope, page, split))


@team_page(Permission.VIEW_FIGURES)
@require_safe
def tail_split(request: TeamRequest, workflow: str) -> HttpResponseBase:
    """Where slow runs spend the time that usual ones do not: a part of the page for htmx; its lines with `format=csv`.

    For anybody else the way to the page with that part in it.
    """
    scope = open_scope(request, workflow)
    assert scope.workflow is not None
    is_csv = request.GET.get("format") == "csv"
    if not is_csv and not getattr(request, "htmx", None):
        return HttpResponseRedirect(scope.href("trends") + "&tail=split#tail")
    cut = cut_of(scope)
    figures = totals(
        cut.team_id, cut.window, workflow_id=cut.workflow_id, environment=cut.environment, marked=cut.marked
    )
    found = split_of(cut, figures)
    if is_csv:
        return trends_tail.split_csv(scope.workflow.slug, found)
    split = {"split": trends_tail.split_words(found), "tail_split_csv": _split_href(scope, csv=True)}
    return TemplateResponse(request, "trends/_tail_split.html", split)


def cut_of(scope: Scope) -> Cut:
    """What the reads of the scope's workflow look at."""
    assert scope.workflow is not None
    return Cut(scope.team.id, scope.workflow.id, scope.window, scope.environment, pending(scope.team.id))


def _split_href(scope: Scope, *, csv: bool = False) -> str:
    assert scope.workflow is not None
    path = reverse("tail_split", args=[scope.team.slug, scope.workflow.slug])
    return path + scope.filters.query() + ("&format=csv" if csv else "")


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def set_objective(request: TeamRequest, workflow: str) -> HttpResponse:
    """Sets or clears the objective of a workflow and leads back to its Trends."""
    scope = open_scope(request, workflow)
    assert scope.workflow is not None
    form = ObjectiveForm(request.POST)
    if form.is_valid():
        told = {"success_rate": form.share, "p95_ms": form.p95_ms, "freshness_ms": form.freshness_ms}
        store_objective(workflow=scope.workflow, told=told)
        messages.success(request, _("Objective saved. The verdict compares with it from now on."))
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return HttpResponseRedirect(scope.href("trends"))


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def use_proposal(request: TeamRequest, workflow: str) -> HttpResponse:
    """Makes what the history of the environment shown proposes an objective, and leads back to Trends."""
    scope = open_scope(request, workflow)
    assert scope.workflow is not None
    usual = usual_by_workflow(
        scope.team.id, scope.window, environment=scope.environment, workflow_id=scope.workflow.id
    ).get(scope.workflow.id, Usual())
    name = request.POST.get("use", "")
    proposal = usual.proposals.of(name)
    if proposal is None or proposal.value is None:
        messages.error(request, _("There is no such proposal now. Nothing was changed."))
    else:
        store_objective(workflow=scope.workflow, told={name: proposal.value})
        messages.success(request, _("Objective saved. The verdict compares with it from now on."))
    return HttpResponseRedirect(scope.href("trends"))


def context(request: TeamRequest, scope: Scope, page: TrendsPage, split: TailSplit | None = None) -> dict[str, Any]:
    """What the template shows."""
    may_set = request.membership.allows(Permission.MANAGE_WORKFLOWS)
    objective = objective_context(scope, page.proposals, may_set=may_set)
    findings = finding_leads(scope)
    return {
        **frame(scope, rail=step_rail(scope, page.totals, current=1)),
        "subtitle": subtitle(scope, page),
        "as_of": page.as_of,
        "objective": objective,
        "ownership": ownership(scope, may_set=may_set),
        "releases_href": releases_href(scope),
        "criteria_href": criteria_href(scope) if objective.may_set else "",
        "criteria_words": criteria_words(page.criteria.criteria),
        "verdict": trends_verdict.panel(scope, page),
        "empty": empty_state(scope, page),
        "kpis": trends_parts.kpis(page),
        "charts": trends_charts.charts(page),
        "leads": findings or trends_parts.leads(scope, page),
        "leads_sub": _("ranked by runs a week that fixing would save")
        if findings
        else _("ranked by failures explained"),
        "leads_href": findings_href(scope),
        "tail": trends_tail.card(scope, page.totals),
        "tail_split": trends_tail.split_words(split) if split else None,
        "tail_split_href": _split_href(scope),
        "tail_split_csv": _split_href(scope, csv=True),
        "tail_split_here": scope.href("trends") + "&tail=split#tail",
        "distribution": trends_charts.distribution(page),
        **steps_context(scope, page, all_steps=request.GET.get("steps") == "all"),
        **{f"{table}_csv": scope.filters.query(format="csv", table=table) for table in TABLES},
        "resources": trends_resources.resources(page),
        "cost_href": f"{reverse('cost', args=[scope.team.slug])}?{urlencode({'workflow': page.workflow.slug})}",
    }


def steps_context(scope: Scope, page: TrendsPage, *, all_steps: bool) -> dict[str, Any]:
    """The table of steps; a long one is cut, says so and leads to the whole."""
    rows = trends_parts.step_rows(scope, page)
    shown = rows if all_steps else trends_parts.leading_steps(rows)
    is_cut = len(shown) < len(rows)
    reading = _("{count} with most failures, in the order they run") if is_cut else _("in the order they run")
    return {
        "steps": shown,
        "steps_reading": reading.format(count=len(shown)),
        "all_steps_label": _("Show all {count} steps").format(count=wording.count(len(rows))) if is_cut else "",
        "all_steps_href": scope.filters.query(steps="all") + "#steps",
    }


def subtitle(scope: Scope, page: TrendsPage) -> str:
    """What runs, in which release, where: `Webhook, latest release 42, in production`."""
    release = _("release not told")
    if page.latest_release:
        release = _("latest release {release}").format(release=page.latest_release)
    kind = source_words(page.workflow.type)
    workflow = page.workflow
    whole = wording.completeness(workflow.completeness, workflow.sample_rate, workflow.sample_rate_max)
    place = _("in {environment}").format(environment=scope.environment_words)
    parts = [kind, release if kind else release.capitalize(), place, whole]
    return ", ".join(part for part in parts if part)


def empty_state(scope: Scope, page: TrendsPage) -> dict[str, str] | None:
    """Why there are no figures and where there are some; None when there are."""
    if page.totals.runs or page.live.running:
        return None
    title = _("No runs in {environment} in this range").format(environment=scope.environment_words)
    others = [name for name in scope.environments if name != scope.environment]
    if scope.environment and scope.environment not in scope.environments and others:
        return {
            "title": title,
            "text": _("This workflow reports from {environments}.").format(environments=", ".join(others)),
            "href": scope.filters.query(env=others[0]),
            "label": _("Show {environment}").format(environment=others[0]),
        }
    last = page.last_run_at
    if last is None:
        return {"title": title, "text": _("Nothing was reported yet."), "href": "", "label": ""}
    start, end = week_until(last)
    return {
        "title": title,
        "text": _("The last run was on {at}.").format(at=when_text(last)),
        "href": scope.filters.query(from_=start, to=end),
        "label": _("Show the week that ends with it"),
    }
