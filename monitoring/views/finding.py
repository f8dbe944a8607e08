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
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring.analysis.advice.answer import AdviceKind, Answer
from monitoring.models import FindingStatus
from monitoring.presentation import Action
from monitoring.reads.findings import FindingRow, find
from monitoring.services.finding_decisions import DecisionRefused, dismiss_finding, reopen_finding
from monitoring.views.csv import csv_response
from monitoring.views.figures import Written, WrittenTable, exported, lines_of, tables_of
from monitoring.views.finding_words import plan_href, row_of, runs_href, see_words, split_sentence
from monitoring.views.findings import Panel
from monitoring.views.shell import frame, open_scope, step_rail

ANSWERS = {
    Answer.CHANGE: (gettext_noop("Change"), "acc", "flag"),
    Answer.KEEP: (gettext_noop("Leave as it is"), "ok", "ok"),
    Answer.CANNOT_TELL: (gettext_noop("Cannot tell"), "", "unknown"),
}
TITLES = {
    AdviceKind.TIMEOUT: gettext_noop("Timeout"),
    AdviceKind.SECOND_TRY: gettext_noop("Timeout and second try"),
    AdviceKind.RETRY: gettext_noop("Retry and back-off"),
    AdviceKind.NODE_DESIGN: gettext_noop("Node design"),
    AdviceKind.TOOL: gettext_noop("Tool invocation"),
    AdviceKind.MODEL: gettext_noop("Model choice"),
    AdviceKind.TRIGGER: gettext_noop("Webhook and schedule"),
}
SIGNS = {FindingStatus.OPEN: "watch", FindingStatus.GONE: "ok", FindingStatus.DISMISSED: "idle"}
WORDS = {
    "found": gettext_noop("Found"),
    "gone": gettext_noop("Gone: not found any more"),
    "came back": gettext_noop("Came back"),
    "dismissed": gettext_noop("Dismissed"),
    "reopened": gettext_noop("Reopened"),
}
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
        messages.error(request, _("Not dismissed: {why}.").format(why=_said(refused)))
    else:
        messages.success(request, _("Dismissed. It comes back when it is worth more than twice as much."))
    return HttpResponseRedirect(reverse("finding", args=[request.team.slug, one.id]))


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def reopen(request: TeamRequest, finding: uuid.UUID) -> HttpResponseBase:
    """Takes back that the finding was dismissed."""
    one = _found(request, finding)
    try:
        reopen_finding(team_id=request.team.id, finding_id=one.id, by=request.user, now=timezone.now())
    except DecisionRefused as refused:
        messages.error(request, _("Not reopened: {why}.").format(why=_said(refused)))
    else:
        messages.success(request, _("Reopened."))
    return HttpResponseRedirect(reverse("finding", args=[request.team.slug, one.id]))


def _said(refused: DecisionRefused) -> str:
    texts = {"why": _("the reason {reason}"), "finding": _("it {reason}")}
    return "; ".join(texts[name].format(reason=reason) for name, reason in refused.reasons.items())


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
        **frame(scope, rail=step_rail(scope, None, current=5, notes={5: _("What is worth fixing")})),
        "window": None,
        "environments": (),
        "finding": one,
        "row": row_of(slug, one),
        "panel": _panel(request, one),
        "lines": lines_of(one.evidence),
        "tables": tables_of(one.evidence, "evidence"),
        "cards": [_card(number, advice) for number, advice in enumerate(one.advice)],
        "course": [worth for _day, worth in one.course],
        "events": [_event(event) for event in reversed(one.events)],
        "may_decide": request.membership.allows(Permission.MANAGE_WORKFLOWS),
        "is_open": one.status == FindingStatus.OPEN,
        "is_dismissed": one.status == FindingStatus.DISMISSED,
    }


def _panel(request: TeamRequest, one: FindingRow) -> Panel:
    slug, row = request.team.slug, row_of(request.team.slug, one)
    text = _("<b>{runs} runs a week</b> are affected, <b>{worth}</b> would be saved. What they cost a week: {money}.")
    worth = format_html(text, runs=row.runs, worth=row.worth, money=row.money)
    plan = plan_href(slug, one.id) if request.membership.allows(Permission.MANAGE_WORKFLOWS) else ""
    actions = [Action(_("Plan an improvement"), plan, "flag", True)] if plan else []
    actions.append(Action(see_words(one), runs_href(slug, one), "list", not plan))
    if one.failure_group_id:
        group = reverse("failure_group", args=[slug, one.failure_group_id])
        actions.append(Action(_("Open the failure group"), group))
    none = _("No change is sure to help; the evidence says where to look.")
    answer, why = split_sentence(row.advice) if row.advice else (none, "")
    paragraphs = [worth, *([why] if why else [])]
    if one.status == FindingStatus.DISMISSED:
        answer = _("Left as it is: {why}").format(why=one.dismissed_why)
    elif one.status == FindingStatus.GONE:
        answer = _("It is gone: not found any more, while there was enough data to see it.")
    return Panel(_("What should change?"), answer, str(one.status.label), SIGNS[one.status], paragraphs, actions)


def _card(number: int, advice: Mapping[str, Any]) -> Card:
    answer, tone, icon = ANSWERS[advice["answer"]]
    key = f"advice-{number}"
    return Card(
        key=key,
        title=_(TITLES[advice["kind"]]),
        answer=_(answer),
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
    words = _(WORDS[event["what"]]) if event["what"] in WORDS else event["what"]
    return Event(datetime.fromisoformat(event["at"]), words, event.get("by", ""), event.get("why", ""))
