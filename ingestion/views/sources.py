"""All sources of a team: is anything missing?"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from ingestion.kinds import KINDS
from ingestion.reads.ledger import Counts, total
from ingestion.reads.sources import SourceFacts, SourceRow, State, listing
from ingestion.views.source_frame import SIGNS, completeness_words, source_href, told_by
from monitoring import wording
from monitoring.presentation import Action
from monitoring.templatetags.components import Sign
from monitoring.views.csv import csv_response
from monitoring.views.trends_verdict import Panel

PAGE_ROWS = 50
HEAD = (
    *("source", "kind", "key", "told_by", "state", "first_report_at", "last_report_at"),
    *("accepted_24h", "stored_24h", "duplicate_24h", "rejected_24h", "requests_refused_24h"),
    *("lag_average_ms", "lag_max_ms"),
)
# What the columns sort by; rows without a value come last in either direction.
SORTS: dict[str, Callable[["Row"], Any]] = {
    "name": lambda row: row.facts.name.lower(),
    "kind": lambda row: row.kind.lower(),
    "first": lambda row: row.facts.first_report_at,
    "last": lambda row: row.facts.last_report_at,
    "accepted": lambda row: row.recent.accepted,
    "duplicates": lambda row: row.recent.duplicate,
    "rejected": lambda row: row.recent.rejected + row.recent.refused,
    "lag": lambda row: row.recent.lag_average_ms,
}
_ORDER = list(State)


@dataclass(frozen=True, slots=True)
class Row:
    """A source as the table shows it."""

    facts: SourceFacts
    href: str
    kind: str
    told_by: str
    completeness: str
    state: State
    sign: Sign
    recent: Counts
    hourly: Sequence[int]


@team_page(Permission.VIEW_FIGURES)
@require_safe
def sources(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` all its rows."""
    if request.GET.get("format") == "csv":
        _found, rows = _listed(request)
        return csv_response("sources.csv", HEAD, [_cells(row) for row in rows])
    found, rows = _listed(request)
    return TemplateResponse(request, "sources/sources.html", _context(request, found, rows))


def _listed(request: TeamRequest) -> tuple[list[Row], list[Row]]:
    """All sources, and those that the address asks for, in its order."""
    found = [_row(request, one) for one in listing(request.team.id, timezone.now())]
    asked, sort = request.GET.get("q", ""), request.GET.get("sort", "")
    return found, sort_rows([row for row in found if _matches(row, asked)], sort)


def _context(request: TeamRequest, found: Sequence[Row], rows: Sequence[Row]) -> dict[str, Any]:
    start = min(_offset(request.GET.get("after", "")), max(len(rows) - 1, 0))
    shown = rows[start : start + PAGE_ROWS]
    return {
        "rows": shown,
        "is_new": not found,
        "counted": _sources(len(found)),
        "shown": _("{first}\N{EN DASH}{last} of {total}").format(
            first=start + 1, last=start + len(shown), total=wording.count(len(rows))
        ),
        "previous_after": max(start - PAGE_ROWS, 0) if start else None,
        "next_after": start + PAGE_ROWS if start + PAGE_ROWS < len(rows) else None,
        "sort": request.GET.get("sort", ""),
        "verdict": panel(request, found) if found else None,
        "may_manage": request.membership.allows(Permission.MANAGE_KEYS),
    }


def _offset(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def sort_rows(rows: Sequence[Row], sort: str) -> list[Row]:
    """The rows in the order that the address asks for; else those to look at first, by name."""
    by_name = sorted(rows, key=lambda row: (row.facts.name.lower(), row.facts.id))
    key = SORTS.get(sort.removeprefix("-"))
    if key is None:
        return sorted(by_name, key=lambda row: _ORDER.index(row.state))
    told = [row for row in by_name if key(row) is not None]
    return [*sorted(told, key=key, reverse=sort.startswith("-")), *(row for row in by_name if key(row) is None)]


def panel(request: TeamRequest, rows: Sequence[Row]) -> Panel:
    """Is anything missing? Sources that went silent, keys that are gone, items that were refused."""
    kinds = Counter(row.state for row in rows)
    gone, silent, waiting = kinds[State.KEY_GONE], kinds[State.SILENT], kinds[State.WAITING]
    recent = total(row.recent for row in rows)
    lost = recent.rejected + recent.refused
    worst = next((row for row in rows if row.state in (State.KEY_GONE, State.SILENT)), None)
    if worst is None and lost:
        worst = max(rows, key=lambda row: row.recent.rejected + row.recent.refused)
    answers: tuple[tuple[int, str, str, str], ...] = (
        (gone, _gone(gone), _("Key no longer valid"), "fail"),
        (silent, _silent(silent), _("Silent"), "watch"),
        (lost, _("Yes: some of what came was refused in the last 24 hours."), _("Rejected"), "watch"),
        (kinds[State.REPORTING], _("No: everything that reports was accepted."), _("Complete"), "ok"),
        (waiting, _waiting(waiting), _("Waiting"), "idle"),
    )
    told = next((one for one in answers if one[0]), (0, _("All sources are switched off."), _("Switched off"), "idle"))
    action = Action(_("Open {name}").format(name=worst.facts.name), worst.href, "hook", primary=True) if worst else None
    evidence = [_evidence(recent, rows)]
    return Panel(_("Is anything missing?"), told[1], told[2], told[3], evidence, [], [action] if action else [])


def _gone(count: int) -> str:
    return ngettext(
        "Yes: the key of {count} source is no longer valid.",
        "Yes: the key of {count} sources is no longer valid.",
        count,
    ).format(count=wording.count(count))


def _silent(count: int) -> str:
    return ngettext(
        "Perhaps: {count} source sent nothing for 24 hours.",
        "Perhaps: {count} sources sent nothing for 24 hours.",
        count,
    ).format(count=wording.count(count))


def _waiting(count: int) -> str:
    return ngettext("Nothing came yet from {count} source.", "Nothing came yet from {count} sources.", count).format(
        count=wording.count(count)
    )


def _evidence(recent: Counts, rows: Sequence[Row]) -> SafeString:
    reporting = sum(row.state == State.REPORTING for row in rows)
    return format_html(
        _(
            "In the last 24 hours <b>{accepted}</b> items were accepted ({stored} stored, {known} known already) and "
            "<b>{rejected}</b> rejected, from {reporting} of {total} sources."
        ),
        accepted=wording.count(recent.accepted),
        stored=wording.count(recent.stored),
        known=wording.count(recent.duplicate),
        rejected=wording.count(recent.rejected),
        reporting=wording.count(reporting),
        total=wording.count(len(rows)),
    )


def _sources(count: int) -> str:
    return ngettext("{count} source", "{count} sources", count).format(count=wording.count(count))


def _matches(row: Row, text: str) -> bool:
    facts = row.facts
    told = f"{facts.name} {row.kind} {facts.key_name} {facts.key_prefix} {row.sign.word} {row.completeness}".lower()
    return all(word in told for word in text.lower().split())


def _row(request: TeamRequest, one: SourceRow) -> Row:
    return Row(
        facts=one.facts,
        href=source_href(request.team, one.facts.id),
        kind=_(KINDS[one.facts.kind].label),
        told_by=told_by(one.facts, whole=False),
        completeness=completeness_words(one.facts),
        state=one.state,
        sign=SIGNS[one.state],
        recent=one.recent,
        hourly=one.hourly,
    )


def _instant(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _cells(row: Row) -> tuple[Any, ...]:
    facts, recent = row.facts, row.recent
    about = (facts.name, row.kind, facts.key_name, row.told_by, row.sign.word)
    times = (_instant(facts.first_report_at), _instant(facts.last_report_at))
    counts = (recent.accepted, recent.stored, recent.duplicate, recent.rejected, recent.refused)
    return (*about, *times, *counts, recent.lag_average_ms, recent.lag_max_ms)
