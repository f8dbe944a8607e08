"""The Failures page of a workflow: are they concentrated, what do they have in common, and samples to replay."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.models import Workflow
from monitoring.presentation import Chart, Marker, Series
from monitoring.reads import executions, trends
from monitoring.reads.concentration import Concentration, concentration
from monitoring.reads.failures import failing_filters, values_in_use
from monitoring.reads.groups import FailureGroups, failure_groups
from monitoring.reads.releases import release_marks
from monitoring.statuses import Status
from monitoring.views.csv import csv_response
from monitoring.views.execution_table import (
    ORDER_WORDS,
    exported,
    filter_choices,
    instant,
    milliseconds,
    paging,
    sort_in_force,
    with_errors,
)
from monitoring.views.failure_rows import common_rows, finding_cells, kind_tabs, shown_findings
from monitoring.views.failure_words import chart_label, rail_note, verdict_panel
from monitoring.views.shell import Scope, clear_href, filter_chips, frame, open_scope, step_rail

GROUPS_SHOWN = 10
SAMPLES_SHOWN = 25
SAMPLE_HEADER = ("Execution", "Started", "Error", "Step", "Input type", "Duration, ms")
GROUP_HEADER = ("Group", "Step", "Failures", "First seen", "New", "Last seen")
COMMON_HEADER = (
    *("Kind", "Value", "Failures", "Of failures", "Usual share", "Lift", "Lift from", "Lift to"),
    *("p-value, corrected", "Reading"),
)


@require_safe
@team_page(Permission.VIEW_FIGURES)
def failures(request: TeamRequest, workflow: str) -> HttpResponseBase:
    """The page, or one of its tables as CSV (`format=csv`, `table=samples|common|groups`)."""
    scope = open_scope(request, workflow)
    assert scope.workflow is not None
    if request.GET.get("format") == "csv":
        return _export(scope, scope.workflow, request.GET.get("table", "samples"))
    return TemplateResponse(request, "failures/failures.html", _context(scope, scope.workflow))


def _export(scope: Scope, workflow: Workflow, table: str) -> HttpResponseBase:
    rows: Iterator[list[Any]]
    if table == "common":
        found = _concentration(scope, workflow)
        cells = (finding_cells(finding) for finding in shown_findings(found, scope.filters.by))
        return csv_response(f"{workflow.slug}-in-common.csv", COMMON_HEADER, cells)
    if table == "groups":
        groups = failure_groups(scope.team.id, workflow, scope.filters).groups[:GROUPS_SHOWN]
        rows = (
            [g.title, g.node, g.failures, instant(g.first_seen_at), "yes" * g.is_new, instant(g.last_seen_at)]
            for g in groups
        )
        return csv_response(f"{workflow.slug}-failure-groups.csv", GROUP_HEADER, rows)
    rows = (
        [r.external_id, instant(r.started_at), r.error, r.failed_node, r.input_type, milliseconds(r.duration_ms)]
        for r in exported(scope.team.id, failing_filters(scope.filters, workflow))
    )
    return csv_response(f"{workflow.slug}-failures.csv", SAMPLE_HEADER, rows)


def _concentration(scope: Scope, workflow: Workflow) -> Concentration:
    return concentration(scope.team.id, workflow, scope.filters, zone=timezone.get_current_timezone_name())


def _context(scope: Scope, workflow: Workflow) -> dict[str, Any]:
    team_id, window = scope.team.id, scope.window
    totals = trends.totals(team_id, window, workflow_id=workflow.id, environment=scope.environment)
    groups = failure_groups(team_id, workflow, scope.filters)
    found = _concentration(scope, workflow)
    samples = executions.page(team_id, failing_filters(scope.filters, workflow), limit=SAMPLES_SHOWN)
    panel = verdict_panel(scope, found, groups)
    group_titles = {("group", str(group.id)): group.title for group in groups.groups}
    by = scope.filters.by
    return {
        **frame(scope, rail=step_rail(scope, totals, current=2, notes=rail_note(scope, found, groups))),
        **paging(scope, samples),
        "totals": totals,
        "failures": groups.failures,
        "chips": filter_chips(scope, group_titles),
        "clear_href": clear_href(scope),
        "choices": filter_choices(
            values_in_use(team_id, window, workflow_id=workflow.id), (Status.FAILED.word, Status.TIMED_OUT.word)
        ),
        "panel": panel,
        "found": found,
        "tabs": kind_tabs(scope, found, by),
        "common": common_rows(scope, shown_findings(found, by)),
        "charts": [_chart(scope, workflow, groups)],
        "legend": _legend(groups),
        "groups": groups.groups[:GROUPS_SHOWN],
        "more_groups": more_groups_words(groups),
        "samples": with_errors(team_id, samples.rows),
        "shown": f"{wording.count(len(samples.rows))} of {wording.count(groups.failures)}",
        "workflow": workflow,
        "zone": timezone.get_current_timezone_name(),
        "sort": sort_in_force(scope.filters),
        "order_words": ORDER_WORDS[sort_in_force(scope.filters)],
        "trends_href": scope.href("trends"),
        "first_href": scope.filters.query(after=None, by=None),
        "longer_href": scope.filters.query(from_="now-90d", to="now", after=None),
    }


def _chart(scope: Scope, workflow: Workflow, groups: FailureGroups) -> Chart:
    marks = release_marks(scope.team.id, scope.window, workflow_id=workflow.id)
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
        markers=[Marker(mark.at, f"Release {mark.name}") for mark in marks],
    )


def more_groups_words(groups: FailureGroups) -> str:
    """Says that there are more groups than the table shows; empty when there are not."""
    rest = groups.group_count - GROUPS_SHOWN
    return f"The {GROUPS_SHOWN} largest of {wording.count(groups.group_count)} groups" if rest > 0 else ""


def _others_label(groups: FailureGroups) -> str:
    return "Other steps" if groups.leading_node else "Failures, step not told"


def _legend(groups: FailureGroups) -> list[tuple[str, str]]:
    if not groups.leading_node:
        return [("fail", _others_label(groups))]
    others = [("c5", _others_label(groups))] if any(groups.others) else []
    return [("fail", groups.leading_node), *others]
