"""One finding: its evidence and advice with their arithmetic, its course, and leaving it as it is."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring.models import FindingStatus
from monitoring.presentation import Action
from monitoring.reads.findings import FindingRow, find
from monitoring.services.finding_decisions import DecisionRefused, dismiss_finding, reopen_finding
from monitoring.views.csv import csv_response
from monitoring.views.figures import Written, WrittenTable, exported, lines_of, tables_of
from monitoring.views.finding_words import plan_href, row_of, runs_href, see_words, split_sentence
from monitoring.views.findings import Panel
from monitoring.views.shell import frame, open_scope, step_rail

ANSWERS = {"change": ("acc", "flag"), "leave as it is": ("ok", "ok"), "cannot tell": ("", "unknown")}
SIGNS = {FindingStatus.OPEN: "watch", FindingStatus.GONE: "ok", FindingStatus.DISMISSED: "idle"}
WORDS = {
    "found": "Found",
    "gone": "Gone: not found any more",
    "came back": "Came back",
    "dismissed": "Dismissed",
    "reopened": "Reopened",
}
NO_ADVICE = "No change is sure to help; the evidence says where to look."
HISTORY_HEADER = ("At", "What", "By", "Why")


@dataclass(frozen=True, slots=True)
class Card:
    """A piece of advice, ready to show."""

    key: str
    title: str
    answer: str
    tone: str
    icon: str
    sentence: str
    lines: Sequence[Written]
    tables: Sequence[WrittenTable]
    settings: Sequence[tuple[str, Any]]
    cautions: Sequence[str]
    limits: str
    source: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a finding, ready to show."""

    at: datetime
    words: str
    by: str
    why: str


@team_page(Permission.VIEW_FIGURES)
@require_safe
def finding(request: TeamRequest, finding: uuid.UUID) -> HttpResponseBase:
    """The page; one of its tables with `format=csv` and `table=` evidence, history, advice-0, advice-0-1 ..."""
    one = _found(request, finding)
    if request.GET.get("format") == "csv":
        return _csv(one, request.GET.get("table", "evidence"))
    return TemplateResponse(request, "findings/finding.html", _context(request, one))


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def dismiss(request: TeamRequest, finding: uuid.UUID) -> HttpResponseBase:
    """Leaves the finding as it is, with a reason."""
    one, why = _found(request, finding), request.POST.get("why", "").strip()
    try:
        dismiss_finding(team_id=request.team.id, finding_id=one.id, why=why, by=request.user, now=timezone.now())
    except DecisionRefused as refused:
        messages.error(request, f"Not dismissed: {_said(refused)}.")
    else:
        messages.success(request, "Dismissed. It comes back when it is worth more than twice as much.")
    return HttpResponseRedirect(reverse("finding", args=[request.team.slug, one.id]))


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def reopen(request: TeamRequest, finding: uuid.UUID) -> HttpResponseBase:
    """Takes back that the finding was dismissed."""
    one = _found(request, finding)
    try:
        reopen_finding(team_id=request.team.id, finding_id=one.id, by=request.user, now=timezone.now())
    except DecisionRefused as refused:
        messages.error(request, f"Not reopened: {_said(refused)}.")
    else:
        messages.success(request, "Reopened.")
    return HttpResponseRedirect(reverse("finding", args=[request.team.slug, one.id]))


def _said(refused: DecisionRefused) -> str:
    names = {"why": "the reason", "finding": "it"}
    return "; ".join(f"{names[name]} {reason}" for name, reason in refused.reasons.items())


def _found(request: TeamRequest, finding_id: uuid.UUID) -> FindingRow:
    one = find(request.team.id, finding_id)
    if one is None:
        raise Http404("No such finding.")
    return one


def _csv(one: FindingRow, table: str) -> HttpResponseBase:
    if table == "history":
        cells = [(event["at"], event["what"], event.get("by", ""), event.get("why", "")) for event in one.events]
        return csv_response(f"finding-{one.id}-history.csv", HISTORY_HEADER, cells)
    try:
        header, rows = exported(one.evidence, one.advice, table)
    except LookupError:
        raise Http404("No such table.") from None
    return csv_response(f"finding-{one.id}-{table}.csv", header, rows)


def _context(request: TeamRequest, one: FindingRow) -> dict[str, Any]:
    scope = open_scope(request, one.workflow_slug)
    slug = request.team.slug
    return {
        **frame(scope, rail=step_rail(scope, None, current=5, notes={5: "What is worth fixing"})),
        "window": None,
        "environments": (),
        "finding": one,
        "row": row_of(slug, one),
        "panel": _panel(request, one),
        "lines": lines_of(one.evidence),
        "tables": tables_of(one.evidence, "evidence"),
        "cards": [_card(number, advice) for number, advice in enumerate(one.advice)],
        "course": [worth for _, worth in one.course],
        "events": [_event(event) for event in reversed(one.events)],
        "may_decide": request.membership.allows(Permission.MANAGE_WORKFLOWS),
        "is_open": one.status == FindingStatus.OPEN,
        "is_dismissed": one.status == FindingStatus.DISMISSED,
    }


def _panel(request: TeamRequest, one: FindingRow) -> Panel:
    slug, row = request.team.slug, row_of(request.team.slug, one)
    worth = format_html(
        "<b>{} runs a week</b> are affected, <b>{}</b> would be saved. What they cost a week: {}.",
        row.runs,
        row.worth,
        row.money,
    )
    plan = plan_href(slug, one.id) if request.membership.allows(Permission.MANAGE_WORKFLOWS) else ""
    actions = [Action("Plan an improvement", plan, "flag", True)] if plan else []
    actions.append(Action(see_words(one), runs_href(slug, one), "list", not plan))
    if one.failure_group_id:
        actions.append(Action("Open the failure group", reverse("failure_group", args=[slug, one.failure_group_id])))
    answer, why = split_sentence(row.advice) if row.advice else (NO_ADVICE, "")
    paragraphs = [worth, *([why] if why else [])]
    if one.status == FindingStatus.DISMISSED:
        answer = f"Left as it is: {one.dismissed_why}"
    elif one.status == FindingStatus.GONE:
        answer = "It is gone: not found any more, while there was enough data to see it."
    return Panel("What should change?", answer, str(one.status.label), SIGNS[one.status], paragraphs, actions)


def _card(number: int, advice: Mapping[str, Any]) -> Card:
    tone, icon = ANSWERS[advice["answer"]]
    key = f"advice-{number}"
    kind = str(advice["kind"])
    return Card(
        key=key,
        title=kind[:1].upper() + kind[1:],
        answer=str(advice["answer"])[:1].upper() + str(advice["answer"])[1:],
        tone=tone,
        icon=icon,
        sentence=advice["sentence"],
        lines=lines_of(advice),
        tables=tables_of(advice, key),
        settings=[(name, _plain(value)) for name, value in sorted(advice["settings"].items())],
        cautions=advice["cautions"],
        limits=advice["limits"],
        source=advice.get("published", ""),
    )


def _plain(value: Any) -> Any:
    """A setting as somebody would type it: whole numbers without a fraction."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _event(event: Mapping[str, Any]) -> Event:
    words = WORDS.get(event["what"], event["what"])
    return Event(datetime.fromisoformat(event["at"]), words, event.get("by", ""), event.get("why", ""))
