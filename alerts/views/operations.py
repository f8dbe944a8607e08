"""Operations: is anything wrong right now? Running, failing, open, stuck, missed, silent; one line asks for news."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponseBase, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts import formats
from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from alerts.reads import operations as reads
from alerts.views.incidents import fresh_words, rows_of
from alerts.views.operations_rows import (
    RunningRow,
    due_table,
    failing_table,
    running_rows,
    running_table,
    shown,
    source_table,
)
from monitoring import wording
from monitoring.cells import Rows
from monitoring.definition import Line
from monitoring.presentation import Action
from monitoring.reads.emptiness import is_empty
from monitoring.views.csv import csv_response
from monitoring.views.shell import Scope, open_scope
from monitoring.windows import parse_instant

# Tables that an export names; without a name it has all of them in one.
TABLES = ("incidents", "running", "failing", "due", "still", "sources")
RECENT = urlencode({"from": "now-1h", "to": "now"})
HEADER = ("What", "Workflow", "Subject", "Since", "Link")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure at the top of the page: where it leads, the key of its definition, what it is computed from."""

    label: str
    value: str
    note: str
    href: str
    tone: str
    metric: str
    arithmetic: Sequence[Line] = ()


@team_page(Permission.VIEW_FIGURES)
@require_safe
def operations(request: TeamRequest) -> HttpResponseBase:
    """The page, or with `format=csv` its rows."""
    scope = open_scope(request)
    if not request.GET.get("format") and is_empty(request.team.id):
        return TemplateResponse(request, "operations/new.html", {"scope": scope})
    found = reads.read(request.team.id, scope.now)
    running = running_rows(found)
    if request.GET.get("format") == "csv":
        return _export(request, found, running)
    live_url = reverse("operations_live", args=[request.team.slug])
    context: dict[str, Any] = {
        "scope": scope,
        "found": found,
        "panel": panel(scope, found),
        "figures": figures(request.team.slug, found),
        "incidents": rows_of(found.incidents, scope),
        "still": rows_of([*found.still, *found.missed, *found.silent], scope),
        "running": running,
        **{one.key: shown(one) for one in _tables(request.team.slug, found)},
        "due_sub": due_words(found),
        "live_url": f"{live_url}?{urlencode({'since': scope.now.isoformat()})}",
        "live_text": _as_of(scope.now),
    }
    return TemplateResponse(request, "operations/operations.html", context)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def live(request: TeamRequest) -> HttpResponseBase:
    """What happened since the page was made: `text` and `news` for the status line."""
    now = timezone.now()
    since = parse_instant(request.GET.get("since", ""), now) or now
    incidents, failures = reads.news(request.team.id, since)
    opened = ngettext("{count} new incident", "{count} new incidents", incidents)
    failed = ngettext("{count} new failure", "{count} new failures", failures)
    told = [words.format(count=wording.count(one)) for words, one in ((opened, incidents), (failed, failures)) if one]
    return JsonResponse({"text": _as_of(now), "news": ", ".join(told)})


def _as_of(now: datetime) -> str:
    return _("As of {time}").format(time=formats.clock(timezone.localtime(now), seconds=True))


def panel(scope: Scope, found: reads.Operations) -> dict[str, Any]:
    """The answer in one sentence."""
    fresh = [one for one in found.incidents if one.incident.status == "open" and not one.incident.muted_by]
    critical = [one for one in fresh if one.incident.severity == "critical"]
    told: dict[str, Any] = {"question": _("Is anything wrong right now?"), "paragraphs": [], "actions": []}
    if fresh:
        worst = (critical or fresh)[0].incident
        href = reverse("incident", args=[scope.team.slug, worst.id])
        answer = worst.title if len(fresh) == 1 else fresh_words(len(fresh))
        paragraphs = [text for text in (worst.facts.get("how_bad"), worst.facts.get("concentration")) if text]
        tone = "fail" if critical else "watch"
        action = Action(_("Open the worst one") if len(fresh) > 1 else _("Open it"), href, "bell", True)
        return {
            **told,
            "answer": answer,
            "tone": tone,
            "word": _("Wrong"),
            "paragraphs": paragraphs,
            "actions": [action],
        }
    if found.open_count:
        held = any(one.incident.status == "open" for one in found.incidents)
        answer = _("Somebody looks after each open incident")
        if held:
            answer = _("Each open incident is looked after, or sends no notice")
        return {**told, "answer": answer, "tone": "watch", "word": _("Looked after")}
    if found.failures:
        words = ngettext(
            "{count} failure in the last 15 minutes, below what any rule minds",
            "{count} failures in the last 15 minutes, below what any rule minds",
            found.failures,
        )
        failing = words.format(count=wording.count(found.failures))
        return {**told, "answer": failing, "tone": "ok", "word": _("Few failures")}
    none = _("No incident is open, and nothing failed in the last 15 minutes")
    return {**told, "answer": none, "tone": "ok", "word": _("Quiet")}


def figures(team: str, found: reads.Operations) -> list[Figure]:
    """The six figures at the top."""
    oldest = found.live.oldest_started_at
    since = _("none at work")
    if oldest:
        since = _("oldest for {length}").format(length=_length(oldest, found.as_of))
    incidents = reverse("incidents", args=[team])
    executions = reverse("executions", args=[team])
    waiting = found.live.queued + found.live.waiting
    failed = f"{executions}?{urlencode({'status': ['failed', 'timed_out'], 'from': 'now-1h', 'to': 'now'}, True)}"
    overdue = sum(one.is_overdue and not one.is_sample for one in found.due)
    stood = len(found.still) + len(found.missed)
    sources = ngettext("{count} silent source", "{count} silent sources", len(found.silent))
    silent = sources.format(count=wording.count(len(found.silent)))
    bad = {True: "fail", False: ""}
    late = f"{executions}?status=queued&status=waiting"
    parts = ((_("Queued"), found.live.queued), (_("Waiting for a person"), found.live.waiting))
    opened = "open_incidents"
    still = ((_("Standing still"), len(found.still)), (_("Missed"), len(found.missed)))
    return [
        Figure(_("Open incidents"), wording.count(found.open_count), "", incidents, bad[found.open_count > 0], opened),
        Figure(
            _("Failures"),
            wording.count(found.failures),
            _("in the last 15 minutes"),
            failed,
            bad[found.failures > 0],
            "failures",
        ),
        Figure(_("Running"), wording.count(found.live.running), since, f"{executions}?status=running", "", "running"),
        Figure(_("Queued or waiting"), wording.count(waiting), _waiting(found), late, "", "waiting", _lines(parts)),
        Figure(_("Overdue"), wording.count(overdue), due_words(found), "#due", bad[overdue > 0], "overdue"),
        Figure(_("Stuck or missed"), wording.count(stood), silent, "#still", "", "stuck", _lines(still)),
    ]


def _lines(parts: Sequence[tuple[str, int]]) -> list[Line]:
    return [(name, wording.count(number)) for name, number in parts]


def _waiting(found: reads.Operations) -> str:
    return _("{queued} queued, {waiting} for a person").format(
        queued=wording.count(found.live.queued), waiting=wording.count(found.live.waiting)
    )


def due_words(found: reads.Operations) -> str:
    """What is due next: `next: nightly in 12 min`."""
    if not found.due:
        return _("no schedule is known")
    coming = [one for one in found.due if one.next_at is not None and one.next_at > found.as_of]
    if not coming:
        return _("nothing is due next")
    first = min(coming, key=lambda one: (one.next_at or found.as_of, one.workflow))
    length = _length(found.as_of, first.next_at or found.as_of)
    return format_html(_("next: <bdi>{workflow}</bdi> in {length}"), workflow=first.workflow, length=length)


def _length(start: datetime, now: datetime) -> str:
    return wording.duration_ms(max((now - start).total_seconds(), 0) * 1000)


def _tables(team: str, found: reads.Operations) -> list[Rows]:
    return [
        failing_table(team, found.failing, RECENT),
        due_table(team, found.due, found.as_of),
        source_table(team, found),
    ]


def _export(request: TeamRequest, found: reads.Operations, running: Sequence[RunningRow]) -> HttpResponseBase:
    name, team = request.GET.get("table", ""), request.team.slug
    if name and name not in TABLES:
        raise Http404(f"No such table. Allowed: {', '.join(TABLES)}.")
    if name in ("", "incidents", "still"):
        rows = _incident_cells(request, found, name)
        if not name:
            rows += _other_cells(request, found)
        return csv_response(f"operations{'-' if name else ''}{name}.csv", HEADER, rows)
    tables = {one.key: one for one in (*_tables(team, found), running_table(team, running))}
    return csv_response(f"operations-{name}.csv", tables[name].header, tables[name].raw)


def _link(request: TeamRequest, name: str, id: object) -> str:
    return request.build_absolute_uri(reverse(name, args=[request.team.slug, id]))


def _incident_cells(request: TeamRequest, found: reads.Operations, table: str) -> list[list[Any]]:
    """Open ones; those that rules found stuck, missed or silent; without a name all of them, each once."""
    still = (*found.still, *found.missed, *found.silent)
    wanted = {"incidents": found.incidents, "still": still}.get(table, (*found.incidents, *still))
    return [
        [
            "incident",
            one.workflow.name if one.workflow else "",
            one.incident.title,
            _iso(one.incident.since),
            _link(request, "incident", id),
        ]
        for id, one in {one.incident.id: one for one in wanted}.items()
    ]


def _other_cells(request: TeamRequest, found: reads.Operations) -> list[list[Any]]:
    failing = [
        ["failing", one.name, f"{one.failures} of {one.runs}", None, _link(request, "failures", one.slug)]
        for one in found.failing
    ]
    working = [
        [one.status.word, one.workflow, one.external_id, _iso(one.since), _link(request, "replay", one.id)]
        for one in found.at_work
    ]
    return [*failing, *working]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
