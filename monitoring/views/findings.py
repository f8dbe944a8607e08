"""Where to start: the findings of a team, ranked by what fixing is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.filters import ANY, MAX_LENGTH, MAX_VALUES
from monitoring.identity import PRODUCTION
from monitoring.models import FindingKind, FindingStatus
from monitoring.presentation import Action, FilterChip, FilterChoice, Link
from monitoring.reads.findings import MAX_ROWS, FindingRow, Wanted, listing
from monitoring.reads.workflows import names
from monitoring.templatetags.components import changed_query
from monitoring.views.csv import csv_response
from monitoring.views.execution_table import instant
from monitoring.views.finding_words import Row, row_of
from monitoring.views.shell import Scope, frame, open_scope

HEADER = (
    *("Finding", "Kind", "Status", "Workflow", "Environment", "Since", "Found", "Confirmed"),
    *("Runs a week", "USD a week", "Worth, runs a week", "Advice", "Dismissed because"),
)
PARAMS = {"workflow": gettext_noop("Workflow"), "kind": gettext_noop("Kind"), "status": gettext_noop("Status")}
LABELS = {**dict(FindingKind.choices), **dict(FindingStatus.choices)}


@dataclass(frozen=True, slots=True)
class Panel:
    """Arguments of the verdict component."""

    question: str
    answer: str
    word: str
    tone: str
    paragraphs: Sequence[SafeString | str]
    actions: Sequence[Action]


@team_page(Permission.VIEW_FIGURES)
@require_safe
def findings(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` its rows. Open ones unless the address asks for another status."""
    scope = open_scope(request)
    wanted = wanted_of(request, scope)
    found = listing(request.team.id, wanted)
    if request.GET.get("format") == "csv":
        return csv_response("findings.csv", HEADER, [_cells(one) for one in found])
    rows = [row_of(request.team.slug, one) for one in found]
    return TemplateResponse(request, "findings/findings.html", _context(request, scope, wanted, rows))


def wanted_of(request: TeamRequest, scope: Scope) -> Wanted:
    """What the address asks for; production alone unless it names environments."""
    environments = [one for one in told(request, "env") if one != ANY]
    is_all = ANY in told(request, "env")
    return Wanted(
        workflows=told(request, "workflow"),
        kinds=told(request, "kind"),
        statuses=told(request, "status") or [FindingStatus.OPEN],
        environments=[] if is_all else environments or [PRODUCTION],
        q=scope.filters.q,
    )


def told(request: TeamRequest, name: str) -> list[str]:
    """The values of a parameter, bounded."""
    values = [value.replace("\x00", "")[:MAX_LENGTH] for value in request.GET.getlist(name)[:MAX_VALUES] if value]
    return list(dict.fromkeys(values))


def _context(request: TeamRequest, scope: Scope, wanted: Wanted, rows: Sequence[Row]) -> dict[str, Any]:
    workflows = dict(names(request.team.id))
    chips = _chips(request, workflows)
    return {
        **frame(scope),
        # Findings are of now: a range would promise a choice.
        "window": None,
        "environments": _environments(request, scope),
        "rows": rows,
        "is_empty": not rows and not chips and not wanted.q,
        "panel": _panel(request, rows) if not chips and not wanted.q else None,
        "chips": chips,
        "clear_href": changed_query(request.GET, **dict.fromkeys((*PARAMS, "q"))),
        "choices": [
            FilterChoice("workflow", _("Workflow"), sorted(workflows.items(), key=lambda pair: pair[1].lower())),
            FilterChoice("kind", _("Kind"), FindingKind.choices),
            FilterChoice("status", _("Status"), FindingStatus.choices),
        ],
        "shown": _("first {count} shown").format(count=wording.count(MAX_ROWS)) if len(rows) == MAX_ROWS else "",
        "statuses": _statuses(request, wanted),
    }


def _statuses(request: TeamRequest, wanted: Wanted) -> list[Link]:
    """Open, gone and dismissed ones as views of the same list."""
    return [
        Link(
            str(status.label),
            changed_query(request.GET, status=None if status == FindingStatus.OPEN else status.value),
            list(wanted.statuses) == [status],
        )
        for status in FindingStatus
    ]


def _environments(request: TeamRequest, scope: Scope) -> list[Link]:
    chosen = told(request, "env")
    if len(scope.environments) < 2:
        return []
    links = [
        Link(
            name,
            changed_query(request.GET, env=None if name == PRODUCTION else name),
            (chosen or [PRODUCTION]) == [name],
        )
        for name in scope.environments
    ]
    return [*links, Link(_("All"), changed_query(request.GET, env=ANY), ANY in chosen)]


def _chips(request: TeamRequest, workflows: dict[str, str]) -> list[FilterChip]:
    chips = []
    for name, title in PARAMS.items():
        values = told(request, name)
        if name == "status":
            continue
        for value in values:
            query = request.GET.copy()
            query.setlist(name, [other for other in values if other != value])
            words = LABELS.get(value) or workflows.get(value) or value
            chips.append(FilterChip(_(title), str(words), f"?{query.urlencode()}"))
    if q := request.GET.get("q"):
        chips.append(FilterChip(_("Search"), q[:MAX_LENGTH], changed_query(request.GET, q=None)))
    return chips


def _panel(request: TeamRequest, rows: Sequence[Row]) -> Panel | None:
    """What is worth most, in a sentence; of open ones alone."""
    if told(request, "status") not in ([], [FindingStatus.OPEN]):
        return None
    question = _("Where should I start?")
    if not rows:
        return Panel(question, _("Nothing stands out."), _("Nothing to start with"), "ok", [_nothing()], [])
    first = rows[0]
    paragraphs = [_worth(first), *([first.advice] if first.advice else []), _place(rows)]
    actions = [Action(_("See the evidence"), first.href, "search", True), Action(first.next_words, first.next_href)]
    return Panel(question, f"{first.finding.title}.", _("Start here"), "watch", paragraphs, actions)


def _worth(first: Row) -> SafeString:
    told = {"workflow": first.finding.workflow, "runs": first.runs, "worth": first.worth}
    if first.finding.cost_per_week_usd is None:
        text = _("In <bdi>{workflow}</bdi>: <b>{runs} runs a week</b> are affected, <b>{worth}</b> would be saved.")
        return format_html(text, **told)
    text = _(
        "In <bdi>{workflow}</bdi>: <b>{runs} runs a week</b> are affected, <b>{worth}</b> would be saved, "
        "{money} a week."
    )
    return format_html(text, **told, money=first.money)


def _place(rows: Sequence[Row]) -> str:
    """How much of what all findings are worth the first one is."""
    if len(rows) == 1:
        return _("It is the only open finding.")
    # There are at least two here; other languages have more than one form for them.
    text = ngettext(
        "{count} findings are open; it is {share} of what all are worth.",
        "{count} findings are open; it is {share} of what all are worth.",
        len(rows),
    )
    share = wording.percent(rows[0].finding.worth / sum(row.finding.worth for row in rows), 0)
    return text.format(count=wording.count(len(rows)), share=share)


def _nothing() -> str:
    return _(
        "No failures, slow, expensive or retried runs are concentrated beyond chance, and no scheduled start "
        "was missed. Workflows are looked at every 30 minutes while they report."
    )


def _cells(one: FindingRow) -> tuple[Any, ...]:
    change = one.change
    times = (instant(one.since), instant(one.found_at), instant(one.confirmed_at))
    figures = (one.executions_per_week, one.cost_per_week_usd, one.worth)
    return (
        one.title,
        str(one.kind.label),
        str(one.status.label),
        one.workflow,
        one.environment,
        *times,
        *figures,
        change["sentence"] if change else "",
        one.dismissed_why,
    )
