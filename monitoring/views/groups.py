"""A failure group: what its failures have in common, the suggested cause, and deciding about it."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.analysis.signals import Cause
from monitoring.filters import Choice, Filters
from monitoring.models import Workflow
from monitoring.reads import executions
from monitoring.reads.classifications import agreement_of, decisions_in_group
from monitoring.reads.failure_group import Group, find_group, releases_of
from monitoring.reads.failures import failing_filters
from monitoring.reads.groups import failure_groups
from monitoring.reads.replay import load
from monitoring.reads.triage import assignable
from monitoring.services.classification import ClassificationRefused, Subject, decide
from monitoring.services.examination import examine
from monitoring.services.suggestions import Suggested, suggestion_of, suggestion_of_group
from monitoring.views.classify import agreement_words, classify_card, rail_words
from monitoring.views.csv import csv_response
from monitoring.views.execution_table import (
    ORDER_WORDS,
    exported,
    instant,
    paging,
    sample_cells,
    sample_header,
    sort_in_force,
    with_errors,
)
from monitoring.views.failures import failures_chart
from monitoring.views.shell import Scope, frame, open_scope, step_rail
from monitoring.views.triage_card import triage_card

SAMPLES = 20
RELEASE_HEADER = ("Release", "Failures", "First", "Last")
# What cannot be saved of a decision, by field; the reason follows.
REFUSED = {"cause": gettext_noop("the cause {reason}"), "note": gettext_noop("the note {reason}")}


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def failure_group(request: TeamRequest, group: uuid.UUID) -> HttpResponseBase:
    """The page, one of its tables as CSV (`table=releases|samples`), and a decision about the whole group (POST)."""
    found = find_group(request.team.id, group)
    if found is None or (request.method == "POST" and not request.membership.allows(Permission.MANAGE_WORKFLOWS)):
        raise Http404("No such group.")
    now = timezone.now()
    if request.method == "POST":
        suggested, _diagnoses = suggestion_of_group(request.team.id, found, now)
        subject = Subject(request.team.id, found.workflow_id, found.id)
        return _decide(request, suggested, subject, _page(request, found.id) + "#classify")
    if found.id != group:
        # It was merged: its page is that of the group that it counts as.
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(_page(request, found.id) + (f"?{query}" if query else ""))
    if request.GET.get("format") == "csv":
        return _export(request, found, request.GET.get("table", "releases"))
    return TemplateResponse(request, "groups/group.html", _context(request, found))


def _export(request: TeamRequest, group: Group, table: str) -> HttpResponseBase:
    if table == "samples":
        scope = open_scope(request, slug_of(request.team.id, group))
        filters = of_group(scope.filters, scope.workflow, group)
        rows = (sample_cells(row, has_step=False) for row in exported(request.team.id, filters))
        return csv_response(f"failure-group-{group.id}-samples.csv", sample_header(has_step=False), rows)
    releases = releases_of(request.team.id, group.id)
    cells = ([r.release, r.failures, instant(r.first_at), instant(r.last_at)] for r in releases)
    return csv_response(f"failure-group-{group.id}.csv", RELEASE_HEADER, cells)


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def classify(request: TeamRequest, execution: uuid.UUID) -> HttpResponseBase:
    """A decision about one execution, or with `group` about all of its failure group."""
    replay = load(request.team.id, execution)
    if replay is None:
        raise Http404("No such page.")
    now = timezone.now()
    found = examine(request.team.id, replay, now)
    suggested = suggestion_of(request.team.id, replay, found, now)
    if suggested is None:
        raise Http404("It needs no cause.")
    group = replay.execution.failure_group_id
    about = None if group and request.POST.get("group") else execution
    subject = Subject(request.team.id, replay.execution.workflow_id, group, about)
    address = reverse("replay", args=[request.team.slug, execution]) + "#classify"
    return _decide(request, suggested, subject, address)


def _decide(request: TeamRequest, suggested: Suggested, subject: Subject, address: str) -> HttpResponseBase:
    """Saves what was sent and leads back; what cannot be saved is said there."""
    cause, note = request.POST.get("cause", ""), request.POST.get("note", "").strip()
    kept = Cause(suggested.suggestion["cause"])
    try:
        decide(subject=subject, cause=cause, suggested=kept, note=note, by=request.user, now=timezone.now())
    except ClassificationRefused as refused:
        why = "; ".join(_(REFUSED[name]).format(reason=reason) for name, reason in refused.reasons.items())
        messages.error(request, _("Not saved: {why}.").format(why=why))
    else:
        text = _("Decided: {cause}.") if subject.execution_id else _("Decided: {cause}, for the whole group.")
        messages.success(request, text.format(cause=_(cause)))
    return HttpResponseRedirect(address)


def _page(request: TeamRequest, group_id: uuid.UUID) -> str:
    return reverse("failure_group", args=[request.team.slug, group_id])


def _context(request: TeamRequest, group: Group) -> dict[str, Any]:
    team_id = request.team.id
    scope = open_scope(request, slug_of(team_id, group))
    workflow = scope.workflow
    suggested, diagnoses = suggestion_of_group(team_id, group, scope.now)
    card = classify_card(
        suggested,
        decisions_in_group(team_id, group.id),
        None,
        action=_page(request, group.id),
        may_decide=request.membership.allows(Permission.MANAGE_WORKFLOWS),
    )
    filters = of_group(scope.filters, workflow, group)
    page = executions.page(team_id, filters, limit=SAMPLES)
    rail = step_rail(scope, None, current=4, notes={4: rail_words(card)}, classify_href="#classify")
    return {
        **frame(scope, rail=rail),
        **paging(scope, page),
        **_course(scope, workflow, group),
        "group": group,
        "triage": triage_card(request.team, group, scope.now),
        "members": assignable(team_id),
        "may_decide": card.may_decide,
        "classify": card,
        "facts": facts_rows(suggested),
        "diagnosed": len(diagnoses),
        "causes": count_words((one.cause for one in diagnoses), _),
        "divergences": count_words(((one.kind, one.first_node) for one in diagnoses if one.kind), _divergence_words),
        "agreement_words": agreement_words(agreement_of(team_id, group_id=group.id)),
        "releases": releases_of(team_id, group.id),
        "samples": with_errors(team_id, page.rows),
        "shown": _in_range(len(page.rows)),
        "sort": sort_in_force(filters),
        "order_words": _(ORDER_WORDS[sort_in_force(filters)]),
        "samples_csv": scope.filters.query(after=None, format="csv", table="samples"),
        "first_href": scope.filters.query(after=None, by=None),
        "samples_href": scope.href("failures", group=str(group.id)) + "#samples" if workflow else "",
        "failures_href": scope.href("failures") if workflow else "",
    }


def _in_range(number: int) -> str:
    # The forms are alike in English alone.
    return ngettext("{count} in this range", "{count} in this range", number).format(count=wording.count(number))


def _course(scope: Scope, workflow: Workflow | None, group: Group) -> dict[str, Any]:
    """Failures of the group over time in the range; nothing where it belongs to no workflow."""
    if workflow is None:
        return {"charts": [], "failures": None}
    found = failure_groups(scope.team.id, workflow, _only(scope.filters, group))
    return {"charts": [failures_chart(scope, workflow, found)], "failures": found.failures}


def slug_of(team_id: uuid.UUID, group: Group) -> str | None:
    """The slug of the workflow that a group belongs to."""
    if group.workflow_id is None:
        return None
    return Workflow.objects.filter(team_id=team_id, id=group.workflow_id).values_list("slug", flat=True).first()


def of_group(filters: Filters, workflow: Workflow | None, group: Group) -> Filters:
    """The filters that find the failures of this group alone."""
    only = _only(filters, group)
    return failing_filters(only, workflow) if workflow else only


def _only(filters: Filters, group: Group) -> Filters:
    return replace(filters, choices={**filters.choices, "group": Choice((str(group.id),))})


def count_words(values: Iterable[Any], words: Callable[[Any], str], limit: int = 4) -> str:
    """Values with how often they occur, the most frequent first: `process design 8, undecided 2`."""
    counts = Counter(values).most_common(limit)
    return ", ".join(f"{words(value)} {wording.count(times)}" for value, times in counts)


def _divergence_words(divergence: tuple[str, str | None]) -> str:
    kind, node = divergence
    return _("{kind} at {node}").format(kind=_(kind), node=node)


def facts_rows(suggested: Suggested) -> list[tuple[str, str]]:
    """What is known, in words; what is not known is left out."""
    told = suggested.facts
    same, others, retries = told["same_input"], told["others"], told["retries"]
    rows = [
        (_("Error"), _fixed(told["error_kind"])),
        (_("Status code"), told["status_code"]),
        (_("Calls"), _("nothing outside") if told["calls"] == "" else told["calls"]),
        (_("Over time"), _fixed(told["time_pattern"])),
        (_("Began near"), "; ".join(told["coincides_with"])),
        (_("Same input"), _pair(same["failed"], same["succeeded"])),
        (_("Others at that time"), _others(others["failing"], others["calling"])),
        (_("Later attempts"), _pair(retries["failed"], retries["succeeded"])),
        (_("Duration of the step"), told["duration"]["words"] if told["duration"] else ""),
        (_("Waiting between steps"), told["waiting"]["words"] if told.get("waiting") else ""),
        (_("Open incidents"), "; ".join(told.get("open_incidents") or ())),
        (_("Memory"), wording.percent(told["memory_share"]) if told["memory_share"] is not None else ""),
        (_("First divergence"), _fixed(told["divergence"])),
    ]
    return [(name, str(value)) for name, value in rows if value not in (None, "")]


def _fixed(word: str | None) -> str:
    """A word of a fixed list, stored in English, in the reader's language."""
    return _(word) if word else ""


def _others(failing: int, calling: int) -> str:
    return _("{failed} of {total} failed").format(failed=failing, total=calling) if calling else ""


def _pair(failed: int, succeeded: int) -> str:
    text = _("{failed} failed, {succeeded} succeeded")
    return text.format(failed=failed, succeeded=succeeded) if failed or succeeded else ""
