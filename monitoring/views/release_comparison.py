"""Two releases of a workflow side by side: which is better, and where they differ."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import Http404, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.joining import both
from monitoring.models import Workflow
from monitoring.reads.release_comparison import (
    Comparison,
    GroupRow,
    PathRow,
    Subject,
    compare_releases,
    window_told,
)
from monitoring.reads.release_document import metric_document
from monitoring.reads.releases import KnownRelease, releases_of_workflow
from monitoring.reads.rollup_rows import pending
from monitoring.templatetags.display import when_text
from monitoring.views.csv import csv_response
from monitoring.views.release_words import GROUP_TONES, comparison_panel, metric_row
from monitoring.views.releases import compare_href, releases_href, scope_environment
from monitoring.views.shell import Scope, frame, open_scope, step_rail

ENDS = ("a_from", "a_to", "b_from", "b_to")
SHOWN_PATHS = 20
METRIC_HEADER = (
    *("Figure", "Unit", "Before", "After", "Change", "95% from", "95% to", "Ratio", "Ratio 95% from", "Ratio 95% to"),
    *("Runs before", "Runs after", "Reading", "More runs needed"),
)
GROUP_HEADER = (
    "Failure group",
    "Step",
    "Failures before",
    "Runs before",
    "Failures after",
    "Runs after",
    "p",
    "Reading",
)
PATH_HEADER = ("Step", "Next step", "Runs before", "Of", "Runs after", "Of", "p", "Difference is shown")
TABLES = ("figures", "groups", "nodes", "transitions")


@team_page(Permission.VIEW_FIGURES)
@require_safe
def compare(request: TeamRequest, workflow: str) -> HttpResponseBase:
    """The page, or with `format=csv` one of its `TABLES` (`table`)."""
    scope = open_scope(request, workflow)
    assert scope.workflow is not None
    known = releases_of_workflow(scope.team.id, scope.workflow.id)
    pair = _pair(request, known)
    if pair is None:
        return TemplateResponse(request, "releases/compare.html", _context(request, scope, known, None))
    sides, faults = _windows(request, scope, pair)
    found = compare_releases(
        scope.team.id, sides[0], sides[1], environment=scope.environment, marked=pending(scope.team.id)
    )
    if request.GET.get("format") == "csv":
        return _csv(scope.workflow, found, request.GET.get("table", ""))
    return TemplateResponse(request, "releases/compare.html", _context(request, scope, known, found, faults))


def _pair(request: TeamRequest, known: Sequence[KnownRelease]) -> tuple[KnownRelease, KnownRelease] | None:
    """The two of the address; without both names the latest and the one before it. None where a name is of none."""
    by_name = {one.name: one for one in known}
    if not request.GET.get("a") and not request.GET.get("b"):
        return (known[1], known[0]) if len(known) > 1 else None
    found = [by_name.get(request.GET.get(field, "")) for field in ("a", "b")]
    return (found[0], found[1]) if found[0] and found[1] else None


def _windows(
    request: TeamRequest, scope: Scope, pair: tuple[KnownRelease, KnownRelease]
) -> tuple[list[Any], list[str]]:
    """Each release with its window; what cannot be read of the address is said and left out."""
    sides, faults = [], []
    for field, release in zip(("a", "b"), pair, strict=True):
        told = [request.GET.get(f"{field}_{end}", "").replace("\x00", "")[:40] for end in ("from", "to")]
        window = window_told(scope.team.id, release, told[0], told[1], scope.now)
        if window is None:
            fault = _("{start} to {end} is no range of time for {release}: the time it was live is shown.")
            faults.append(fault.format(start=told[0], end=told[1], release=release.name))
            window = window_told(scope.team.id, release, "", "", scope.now)
        sides.append((release, window))
    return sides, faults


def _context(
    request: TeamRequest,
    scope: Scope,
    known: Sequence[KnownRelease],
    found: Comparison | None,
    faults: Sequence[str] = (),
) -> dict[str, Any]:
    told = {name: request.GET.get(name, "") for name in ("a", "b", *ENDS)}
    context: dict[str, Any] = {
        **frame(scope, rail=step_rail(scope, None, current=5, notes={5: _("What a release did")})),
        "window": None,
        "names": [one.name for one in known],
        "pair": (known[1].name, known[0].name) if len(known) > 1 else None,
        "told": told,
        "faults": faults,
        "env": scope_environment(scope).get("env", ""),
        "releases_href": releases_href(scope),
        "found": found,
    }
    if found is None:
        return context
    before, after = found.before, found.after
    told["a"], told["b"] = before.release.name, after.release.name
    groups, transitions = found.groups, found.transitions[:SHOWN_PATHS]
    return {
        **context,
        "panel": comparison_panel(found),
        "sides": [_side_words(one) for one in (before, after)],
        "swap_href": compare_href(scope, after.release.name, before.release.name),
        "metrics": [metric_row(one) for one in found.metrics],
        "groups": [(row, GROUP_TONES.get(row.change, "idle")) for row in groups],
        "groups_reading": _("{shown} of {count} shown").format(shown=len(groups), count=found.group_count)
        if len(groups) < found.group_count
        else "",
        "nodes": found.nodes[:SHOWN_PATHS],
        "transitions": transitions,
        "paths_reading": _("of the newest {before} and {after} runs").format(
            before=wording.count(before.paths.runs), after=wording.count(after.paths.runs)
        ),
        "sample_words": sample_words(found),
    }


def _side_words(one: Subject) -> str:
    return _("{release}: {runs} runs, {start} to {end}").format(
        release=one.release.name,
        runs=wording.count(one.totals.runs),
        start=when_text(one.window.start),
        end=when_text(one.window.end),
    )


def sample_words(found: Comparison) -> str:
    """What cost, tokens and retries rest on, where that is not all runs; empty where it is."""
    parts = []
    for side in (found.before, found.after):
        read, runs = side.spreads.runs, side.totals.runs
        if side.spreads.rate > 1:
            part = _("one in {rate} runs of {release}")
            parts.append(part.format(rate=side.spreads.rate, release=side.release.name))
        elif read < runs:
            part = _("{read} of {runs} runs of {release}, as records are kept")
            parts.append(part.format(read=wording.count(read), runs=wording.count(runs), release=side.release.name))
    return _("Cost, tokens and retries are of {runs}.").format(runs=both(parts)) if parts else ""


def _csv(workflow: Workflow, found: Comparison, table: str) -> HttpResponseBase:
    tables: dict[str, tuple[Sequence[str], Iterable[Sequence[Any]]]] = {
        "figures": (METRIC_HEADER, _metric_cells(found)),
        "groups": (GROUP_HEADER, (_group_cells(row) for row in found.groups)),
        "nodes": (PATH_HEADER, (_path_cells(row) for row in found.nodes)),
        "transitions": (PATH_HEADER, (_path_cells(row) for row in found.transitions)),
    }
    if table not in tables:
        raise Http404(f"No such table: one of {', '.join(tables)}.")
    return csv_response(f"{workflow.slug}-releases-{table}.csv", *tables[table])


def _metric_cells(found: Comparison) -> Iterable[Sequence[Any]]:
    for one in found.metrics:
        told = metric_document(one)
        interval, ratio = told["interval"] or (None, None), told["ratio_interval"] or (None, None)
        yield [
            *(one.name, one.unit, one.before, one.after, told["change"], *interval, told["ratio"], *ratio),
            *(one.runs_before, one.runs_after, one.reading.value, one.more),
        ]


def _group_cells(row: GroupRow) -> Sequence[Any]:
    share = row.share
    told = (share.before, share.runs_before, share.after, share.runs_after, share.p_value)
    return [row.title, row.node, *told, row.change.value]


def _path_cells(row: PathRow) -> Sequence[Any]:
    share = row.share
    told = (share.before, share.runs_before, share.after, share.runs_after, share.p_value)
    return [row.node, row.following, *told, "yes" if share.is_shown else "no"]
