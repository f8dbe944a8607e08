"""The incidents of a team: what is open, who looks after it, what came of the others; acknowledging many at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from accounts.tenancy import team_context
from alerts.models import Incident, IncidentStatus
from alerts.reads import incidents as reads
from alerts.reads.incident_samples import as_uuid
from alerts.reads.routes import paths_of
from alerts.services.incident_actions import MAX_AT_ONCE, acknowledge
from alerts.views.incident_words import SEVERITY_SIGNS, STATUS_SIGNS, length_of, muted_short
from alerts.wording import either
from monitoring import wording
from monitoring.presentation import Action, FilterChip, FilterChoice
from monitoring.reads.workflows import names
from monitoring.templatetags.components import Sign, changed_query
from monitoring.views.csv import MAX_ROWS, csv_response
from monitoring.views.shell import Scope, frame, open_scope

HEADER = (
    *("Incident", "Severity", "Status", "Rule", "Workflow", "Environment", "Since", "Opened", "Acknowledged by"),
    *("Resolved", "Lasted, ms", "How bad", "Concentration", "Counts to", "No notice because", "Link"),
)
PARAMS = ("status", "severity", "workflow", "rule", "q")
EXPORT_PAGE = 1000
MAX_VALUE = 300


@dataclass(frozen=True, slots=True)
class Row:
    """An incident as the table shows it."""

    incident: Incident
    sign: Sign
    severity: Sign
    workflow: str
    workflow_slug: str
    lasted: str
    how_bad: str
    muted: str


@dataclass(frozen=True, slots=True)
class Column:
    """A status with how many incidents have it, and the address that shows them."""

    sign: Sign
    count: int
    href: str
    is_current: bool


@team_page(Permission.VIEW_FIGURES)
@require_safe
def incidents(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` its rows."""
    scope = open_scope(request)
    asked = asked_for(request, scope)
    if request.GET.get("format") == "csv":
        return csv_response("incidents.csv", HEADER, _exported(request, scope, asked))
    found = reads.page(request.team.id, asked)
    return TemplateResponse(request, "incidents/incidents.html", _context(request, scope, asked, found))


@team_page(Permission.VIEW_FIGURES)
@require_safe
def alerts(request: TeamRequest) -> HttpResponseBase:
    """The old name of the page leads to it."""
    return HttpResponseRedirect(reverse("incidents", args=[request.team.slug]))


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def acknowledge_many(request: TeamRequest) -> HttpResponseBase:
    """Acknowledges the chosen incidents; back to the list as it was."""
    ids = [id for text in request.POST.getlist("incident")[:MAX_AT_ONCE] if (id := as_uuid(text))]
    done = acknowledge(team_id=request.team.id, incident_ids=ids, by=request.user, now=timezone.now())
    if done:
        said = ngettext(
            "{count} incident acknowledged. Nobody else is told of them.",
            "{count} incidents acknowledged. Nobody else is told of them.",
            len(done),
        )
        messages.success(request, said.format(count=wording.count(len(done))))
    else:
        messages.error(request, _("Nothing was changed: choose incidents that are open."))
    back = request.POST.get("back", "")[:2000].lstrip("?")
    return HttpResponseRedirect(reverse("incidents", args=[request.team.slug]) + (f"?{back}" if back else ""))


def asked_for(request: TeamRequest, scope: Scope) -> reads.Asked:
    """What the address asks for; nonsense finds nothing."""

    def told(name: str) -> list[str]:
        values = (value.replace("\x00", "")[:MAX_VALUE] for value in request.GET.getlist(name)[:20])
        return [value for value in values if value]

    rule = next(iter(told("rule")), "")
    return reads.Asked(
        statuses=told("status"),
        severities=told("severity"),
        workflow=next(iter(told("workflow")), ""),
        rule=(as_uuid(rule) or UUID(int=0)) if rule else None,
        q=scope.filters.q,
        window=scope.window,
        after=scope.filters.after,
    )


def rows_of(found: Sequence[reads.Listed], scope: Scope) -> list[Row]:
    """Incidents as tables show them."""
    return [
        Row(
            one.incident,
            STATUS_SIGNS[one.incident.status],
            SEVERITY_SIGNS[one.incident.severity],
            one.workflow.name if one.workflow else "",
            one.workflow.slug if one.workflow else "",
            length_of(one.incident, scope.now),
            str(one.incident.facts.get("how_bad", "")),
            muted_short(one.incident.muted_by),
        )
        for one in found
    ]


def _context(request: TeamRequest, scope: Scope, asked: reads.Asked, found: reads.Page) -> dict[str, Any]:
    counted = reads.counts(request.team.id, asked)
    by_status = {status: _sum(counted, status) for status in IncidentStatus.values}
    chips = _chips(request)
    total = sum(count for status, count in by_status.items() if not asked.statuses or status in asked.statuses)
    is_nobody_told = not any(path.steps for path in paths_of(request.team.id))
    return {
        **frame(scope),
        "environments": [],
        "rows": rows_of(found.rows, scope),
        "panel": _panel(request, counted),
        "columns": [_column(request, status, by_status[status]) for status in IncidentStatus.values],
        "chips": chips,
        "choices": _choices(request.team.id),
        "clear_href": changed_query(request.GET, **dict.fromkeys((*PARAMS, "after"))),
        "is_new": not found.rows and not chips,
        "shown": _("open ones first, {shown} of {total}").format(
            shown=wording.count(len(found.rows)), total=wording.count(total)
        ),
        "next_href": changed_query(request.GET, after=found.next) if found.next else "",
        "previous_href": changed_query(request.GET, after=None) if asked.after else "",
        "may_manage": request.membership.allows(Permission.MANAGE_ALERTS),
        "is_nobody_told": is_nobody_told,
        "back": request.META.get("QUERY_STRING", ""),
    }


def _sum(counted: Mapping[tuple[str, bool], int], status: str) -> int:
    return counted.get((status, False), 0) + counted.get((status, True), 0)


def _panel(request: TeamRequest, counted: Mapping[tuple[str, bool], int]) -> dict[str, Any]:
    """Is anything wrong now? The answer in one sentence; parts of other incidents and the sample's need nobody."""
    fresh, taken = (counted.get((one, False), 0) for one in (IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED))
    parts = counted.get((IncidentStatus.OPEN, True), 0)
    over = _sum(counted, IncidentStatus.RESOLVED)
    question = _("Does anything need somebody now?")
    told = {"question": question, "paragraphs": [_rest(parts, taken, over)], "actions": []}
    if fresh:
        href = changed_query(request.GET, status=IncidentStatus.OPEN.value, after=None)
        label = ngettext("See the open one", "See the {count} open ones", fresh).format(count=wording.count(fresh))
        actions = [Action(label, href, "bell", True)]
        return {**told, "answer": fresh_words(fresh), "tone": "fail", "word": _("Open"), "actions": actions}
    if taken:
        words = ngettext(
            "{count} incident open, each with somebody who looks after it",
            "{count} incidents open, each with somebody who looks after it",
            taken,
        )
        answer = words.format(count=wording.count(taken))
        return {**told, "answer": answer, "tone": "watch", "word": _("Acknowledged")}
    return {**told, "answer": _("No incident is open"), "tone": "ok", "word": _("Quiet")}


def fresh_words(number: int) -> str:
    """That so many incidents are open which nobody acknowledged."""
    told = ngettext("{count} incident nobody has acknowledged", "{count} incidents nobody has acknowledged", number)
    return told.format(count=wording.count(number))


def _rest(parts: int, taken: int, over: int) -> str:
    """The incidents that need nobody now."""
    needless = ngettext(
        "{count} more that needs nobody: part of another, or sample data",
        "{count} more that need nobody: parts of others, or sample data",
        parts,
    )
    acknowledged = ngettext("{count} acknowledged", "{count} acknowledged", taken)
    resolved = ngettext("{count} resolved in this range", "{count} resolved in this range", over)
    told = [(needless, parts)] * bool(parts) + [(acknowledged, taken)] * bool(taken) + [(resolved, over)]
    return f"{', '.join(words.format(count=wording.count(number)) for words, number in told)}."


def _column(request: TeamRequest, status: str, count: int) -> Column:
    is_current = request.GET.getlist("status") == [status]
    href = changed_query(request.GET, status=None if is_current else status, after=None)
    return Column(STATUS_SIGNS[status], count, href, is_current)


def _choices(team_id: UUID) -> list[FilterChoice]:
    found = [
        FilterChoice("status", _("Status"), [(name, sign.word) for name, sign in STATUS_SIGNS.items()]),
        FilterChoice("severity", _("Severity"), [(name, sign.word) for name, sign in SEVERITY_SIGNS.items()]),
        FilterChoice("workflow", _("Workflow"), names(team_id)),
        FilterChoice("rule", _("Rule"), reads.rules_of(team_id)),
    ]
    return [one for one in found if one.options]


def _chips(request: TeamRequest) -> list[FilterChip]:
    told = [
        ("status", _("Status"), STATUS_SIGNS),
        ("severity", _("Severity"), SEVERITY_SIGNS),
        ("workflow", _("Workflow"), None),
        ("rule", _("Rule"), None),
        ("q", _("Search"), None),
    ]
    found = []
    for name, title, signs in told:
        values = [value for value in request.GET.getlist(name) if value]
        if not values:
            continue
        words = [signs[value].word if signs and value in signs else value[:60] for value in values]
        if name == "rule":
            words = [dict(reads.rules_of(request.team.id)).get(value, _("unknown")) for value in values]
        found.append(FilterChip(title, either(words), changed_query(request.GET, **{name: None, "after": None})))
    return found


def _exported(request: TeamRequest, scope: Scope, asked: reads.Asked) -> Iterator[list[Any]]:
    """All rows that the filters find, one more than an export may hold. Opens its own team context."""
    count, after = 0, ""
    while count <= MAX_ROWS:
        with team_context(request.team.id):
            found = reads.page(request.team.id, replace(asked, after=after, limit=EXPORT_PAGE))
        for row in rows_of(found.rows, scope):
            yield _cells(request, row, scope)
        count, after = count + len(found.rows), found.next
        if not after:
            return


def _cells(request: TeamRequest, row: Row, scope: Scope) -> list[Any]:
    one = row.incident
    by = one.acknowledged_by.email if one.acknowledged_by else None
    lasted = round(((one.resolved_at or scope.now) - one.since).total_seconds() * 1000)
    resolved = one.resolved_at.isoformat() if one.resolved_at else None
    return [
        *(one.title, one.severity, one.status, one.rule.name if one.rule else None, row.workflow, one.environment),
        *(one.since.isoformat(), one.opened_at.isoformat(), by, resolved, lasted, row.how_bad),
        *(one.facts.get("concentration"), one.parent.title if one.parent else None, one.muted_by),
        request.build_absolute_uri(reverse("incident", args=[request.team.slug, one.id])),
    ]
