"""The Failures page of a workflow: are they concentrated, what do they have in common, and samples to replay."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.http import HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.filters import ANY, Choice, Filters
from monitoring.models import ViewPage, Workflow
from monitoring.presentation import Chart, Link, Marker, Series
from monitoring.reads import executions, trends
from monitoring.reads.classifications import agreement_of
from monitoring.reads.concentration import POINTS, Concentration, concentration
from monitoring.reads.failures import failing_filters, values_in_use
from monitoring.reads.figures import Totals
from monitoring.reads.groups import FailureGroups, GroupRow, failure_groups
from monitoring.reads.populations import FAILED, POPULATIONS, Population
from monitoring.reads.releases import release_marks
from monitoring.statuses import UNMET, Status
from monitoring.views.classify import agreement_words
from monitoring.views.csv import csv_response
from monitoring.views.execution_table import (
    ORDER_WORDS,
    exported,
    filter_choices,
    instant,
    paging,
    sample_cells,
    sample_header,
    sort_in_force,
    with_errors,
)
from monitoring.views.failure_rows import common_rows, kind_tabs, row_cells, shown_rows
from monitoring.views.failure_words import chart_label, rail_note, verdict_panel
from monitoring.views.population_words import many_first, population_title
from monitoring.views.saved_views import default_address, views_menu
from monitoring.views.searching import notes_beside_rows, to_plain_address, with_search
from monitoring.views.shell import Scope, clear_href, filter_chips, frame, open_scope, step_rail
from monitoring.views.trends_charts import release_markers

GROUPS_SHOWN = 10
SLOWEST_FIRST = {"slow": "-duration", "expensive": "-cost"}
SAMPLES_SHOWN = 25
GROUP_HEADER = ("Group", "Step", "State", "Assignee", "Failures", "First seen", "New", "Last seen")
COMMON_HEADER = (
    *("Kind", "Value", "Failures", "Of failures", "Usual share", "Lift", "Lift from", "Lift to"),
    *("p-value, corrected", "Reading", "Relation", "To"),
)


@require_safe
@team_page(Permission.VIEW_FIGURES)
def failures(request: TeamRequest, workflow: str) -> HttpResponseBase:
    """The page, or one of its tables as CSV (`format=csv`, `table=samples|common|groups`)."""
    scope = open_scope(request, workflow)
    assert scope.workflow is not None
    if request.GET.get("format") == "csv":
        return _export(with_search(scope), scope.workflow, request.GET.get("table", "samples"))
    if opened := default_address(request, ViewPage.FAILURES, scope.workflow):
        return HttpResponseRedirect(opened)
    if plain := to_plain_address(request, scope):
        return plain
    context = {
        **_context(scope, scope.workflow),
        "menu": views_menu(request, scope, ViewPage.FAILURES),
        "notes": notes_beside_rows(scope),
    }
    return TemplateResponse(request, "failures/failures.html", context)


def _export(scope: Scope, workflow: Workflow, table: str) -> HttpResponseBase:
    rows: Iterator[list[Any]]
    population = population_of(scope)
    if table == "groups":
        groups = failure_groups(scope.team.id, workflow, scope.filters).groups[:GROUPS_SHOWN]
        rows = ([g.title, g.node, g.triage.status.value, g.triage.assignee, g.failures, *_seen(g)] for g in groups)
        return csv_response(f"{workflow.slug}-failure-groups.csv", GROUP_HEADER, rows)
    if table == "common" or population is not FAILED:
        found = _concentration(scope, workflow, _totals(scope, workflow), population)
        if table == "common":
            cells = (row_cells(one) for one in shown_rows(found, scope.filters.by))
            return csv_response(f"{workflow.slug}-in-common.csv", COMMON_HEADER, cells)
        sampled = sampled_filters(scope.filters, workflow, found)
    else:
        sampled = failing_filters(scope.filters, workflow)
    rows = (sample_cells(row, has_step=True) for row in exported(scope.team.id, sampled))
    return csv_response(f"{workflow.slug}-{population.word}.csv", sample_header(has_step=True), rows)


def _seen(group: GroupRow) -> list[str]:
    return [instant(group.first_seen_at), "yes" * group.is_new, instant(group.last_seen_at)]


def population_of(scope: Scope) -> Population:
    """The executions that the page is about: failed ones unless the address says otherwise."""
    return POPULATIONS.get(scope.filters.of, FAILED)


def sampled_filters(filters: Filters, workflow: Workflow, found: Concentration) -> Filters:
    """The filters that find the executions that a concentration is about."""
    if found.population is FAILED:
        return failing_filters(filters, workflow)
    value = found.population.value if found.limit is None else repr(found.limit)
    choices = {**filters.choices, "workflow": Choice((workflow.slug,)), found.population.param: Choice((value,))}
    return replace(filters, choices=choices, sort=filters.sort or SLOWEST_FIRST.get(found.population.word, ""))


def _totals(scope: Scope, workflow: Workflow) -> Totals:
    return trends.totals(scope.team.id, scope.window, workflow_id=workflow.id, environment=scope.environment)


def _concentration(scope: Scope, workflow: Workflow, totals: Totals, population: Population) -> Concentration:
    return concentration(
        scope.team.id,
        workflow,
        scope.filters,
        failures=totals.failures,
        runs=totals.runs,
        zone=timezone.get_current_timezone_name(),
        population=population,
    )


def _context(scope: Scope, workflow: Workflow) -> dict[str, Any]:
    team_id, window, zone = scope.team.id, scope.window, timezone.get_current_timezone_name()
    population, totals = population_of(scope), _totals(scope, workflow)
    groups = failure_groups(team_id, workflow, scope.filters)
    found = _concentration(scope, workflow, totals, population)
    filters = sampled_filters(scope.filters, workflow, found)
    samples = executions.page(team_id, filters, limit=SAMPLES_SHOWN)
    is_failed = population is FAILED
    found_count = groups.failures if is_failed else found.failures
    is_about = not is_failed and found.run_rate > 1
    group_titles = {("group", str(group.id)): group.title for group in groups.groups}
    by = scope.filters.by
    return {
        **frame(scope, rail=step_rail(scope, totals, current=2, notes=rail_note(found, groups))),
        **paging(scope, samples),
        "population": population,
        "populations": population_links(scope, population, totals),
        "totals": totals,
        "failures": found_count,
        "chips": filter_chips(scope, group_titles),
        "clear_href": clear_href(scope),
        "choices": filter_choices(
            values_in_use(team_id, window, workflow_id=workflow.id), (Status.FAILED.word, Status.TIMED_OUT.word)
        ),
        "panel": verdict_panel(scope, found, groups, zone),
        "found": found,
        "tabs": kind_tabs(scope, found, by),
        "common": common_rows(scope, shown_rows(found, by), zone),
        "charts": [failures_chart(scope, workflow, groups) if is_failed else course_chart(scope, workflow, found)],
        "legend": _legend(groups) if is_failed else [("c1", many_first(population))],
        "groups": groups.groups[:GROUPS_SHOWN] if is_failed else (),
        "agreement_words": agreement_words(agreement_of(team_id, workflow_id=workflow.id)),
        "all_groups_href": scope.href("failure_groups", workflow=workflow.slug, status=ANY, group=None),
        "more_groups": more_groups_words(groups),
        "samples": with_errors(team_id, samples.rows),
        "shown": shown_words(len(samples.rows), found_count, is_about=is_about),
        "workflow": workflow,
        "zone": zone,
        "sort": sort_in_force(filters),
        "order_words": _(ORDER_WORDS[sort_in_force(filters)]),
        "trends_href": scope.href("trends"),
        "samples_csv": scope.filters.query(after=None, format="csv"),
        "first_href": scope.filters.query(after=None, by=None),
        "longer_href": scope.filters.query(from_="now-90d", to="now", after=None),
    }


def shown_words(shown: int, total: int, *, is_about: bool) -> str:
    """How many samples of how many; those of a sample of the runs are about so many."""
    text = _("{shown} of about {total}") if is_about else _("{shown} of {total}")
    return text.format(shown=wording.count(shown), total=wording.count(total))


def population_links(scope: Scope, population: Population, totals: Totals) -> list[Link]:
    """The executions that the page may be about; unmet ones where there are success criteria."""
    return [
        Link(
            population_title(one),
            scope.filters.query(of=None if one is FAILED else word, after=None, by=None, sort=None),
            one is population,
        )
        for word, one in POPULATIONS.items()
        if one is population or one.word != UNMET or totals.checked
    ]


def _markers(scope: Scope, workflow: Workflow) -> list[Marker]:
    return release_markers(release_marks(scope.team.id, scope.window, workflow_id=workflow.id))


def course_chart(scope: Scope, workflow: Workflow, found: Concentration) -> Chart:
    """When the executions were that are not failures."""
    start, length = scope.window.start, scope.window.length / POINTS
    name = many_first(found.population)
    label = _("{runs} over time: {count} in all.").format(runs=name, count=wording.count(found.failures))
    return Chart(
        id="failures-over-time",
        kind="bars",
        unit="count",
        label=label,
        starts=[start + number * length for number in range(POINTS)],
        bucket_ms=int(length.total_seconds() * 1000),
        series=[Series(name, found.course, "c1")],
        window=(scope.window.start, scope.window.end),
        zone=timezone.get_current_timezone_name(),
        height="large",
        markers=_markers(scope, workflow),
    )


def failures_chart(scope: Scope, workflow: Workflow, groups: FailureGroups) -> Chart:
    """Failures over time, with the releases."""
    leading = [Series(groups.leading_node, groups.leading, "fail")] if groups.leading_node else []
    others = Series(_others_label(groups), groups.others, "c5" if leading else "fail")
    return Chart(
        id="failures-over-time",
        kind="bars",
        unit="count",
        label=chart_label(groups),
        starts=groups.starts,
        bucket_ms=int(groups.bucket.total_seconds() * 1000),
        series=[*leading, others] if any(groups.others) else leading,
        window=(scope.window.start, scope.window.end),
        zone=timezone.get_current_timezone_name(),
        height="large",
        markers=_markers(scope, workflow),
    )


def more_groups_words(groups: FailureGroups) -> str:
    """Says that there are more groups than the table shows; empty when there are not."""
    rest = groups.group_count - GROUPS_SHOWN
    text = _("The {shown} largest of {total} groups")
    return text.format(shown=GROUPS_SHOWN, total=wording.count(groups.group_count)) if rest > 0 else ""


def _others_label(groups: FailureGroups) -> str:
    return _("Other steps") if groups.leading_node else _("Failures, step not told")


def _legend(groups: FailureGroups) -> list[tuple[str, str]]:
    if not groups.leading_node:
        return [("fail", _others_label(groups))]
    others = [("c5", _others_label(groups))] if any(groups.others) else []
    return [("fail", groups.leading_node), *others]
