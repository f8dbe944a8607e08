"""All external systems, models or tools of a team: is it us or them?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.reads import trends
from monitoring.reads.calls import KINDS, MODELS, Kind
from monitoring.reads.figures import Totals
from monitoring.reads.systems import MAX_VALUES, SystemRow, Systems, listing
from monitoring.views.comparing import interval_words, previous_words, rate_tone, sort_rows
from monitoring.views.csv import csv_response
from monitoring.views.shell import Scope, clear_href, filter_chips, frame, open_scope
from monitoring.views.system_verdict import WORDS, list_panel, reading

HEAD = (
    "name", "reading", "calls", "failures", "failure_rate", "failure_low", "failure_high", "failure_change",
    "p50_ms", "p95_ms", "p99_ms", "workflows", "last_call_at",
)  # fmt: skip
MODEL_HEAD = (*HEAD, "tokens", "unpriced_tokens", "cost_usd")

# What the columns sort by; rows without a value come last in either direction.
SORTS: dict[str, Callable[["Row"], Any]] = {
    "name": lambda row: row.name.lower(),
    "calls": lambda row: row.calls,
    "rate": lambda row: row.rate,
    "change": lambda row: row.change,
    "failures": lambda row: row.failures,
    "p50": lambda row: row.p50_ms,
    "p95": lambda row: row.p95_ms,
    "p99": lambda row: row.p99_ms,
    "tokens": lambda row: row.tokens,
    "cost": lambda row: row.cost_usd,
    "workflows": lambda row: row.workflows,
    "last": lambda row: row.last_call_at,
}


@dataclass(frozen=True, slots=True)
class Row:
    """What is called, as the table shows it; shares of 1, milliseconds, US dollars."""

    name: str
    href: str
    reading: str
    tone: str
    icon: str
    calls: int
    rate: float | None
    interval: str
    low: float | None
    high: float | None
    change: float | None
    change_tone: str
    failures: int
    points: Sequence[int]
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    tokens: int | None
    cost_usd: Decimal | None
    cost: str
    unpriced_tokens: int | None
    workflows: int
    last_call_at: datetime | None


@team_page(Permission.VIEW_FIGURES)
@require_safe
def systems(request: TeamRequest, kind: str) -> HttpResponseBase:
    """The list of a kind (a key of `KINDS`), or with `format=csv` its rows."""
    scope, which = open_scope(request), KINDS[kind]
    found = listing(request.team.id, which, scope.window, environment=scope.environment)
    rows = sort_rows(
        [row for one in found.rows if _matches(row := _row(scope, which, one), scope)], scope.filters.sort, SORTS
    )
    if request.GET.get("format") == "csv":
        head = MODEL_HEAD if which is MODELS else HEAD
        return csv_response(f"{kind}.csv", head, [_cells(row)[: len(head)] for row in rows])
    return TemplateResponse(request, "systems/systems.html", context(scope, which, found, rows))


def context(scope: Scope, kind: Kind, found: Systems, rows: Sequence[Row]) -> dict[str, Any]:
    """What the template shows: `rows` are those of `found` that the filters leave."""
    words = WORDS[kind.param]
    return {
        **frame(scope),
        "kind": kind,
        "words": words,
        "rows": rows,
        "is_model": kind is MODELS,
        "is_empty": not found.rows,
        "counted": words.counted(found.count),
        "shown": _("first {shown} of {count} shown").format(shown=MAX_VALUES, count=wording.count(found.count))
        if found.count > MAX_VALUES
        else "",
        "verdict": list_panel(scope, kind, found),
        "as_of": trends.as_of(scope.team.id, scope.now),
        "chips": filter_chips(scope),
        "clear_href": clear_href(scope),
        "longer_href": scope.filters.query(from_="now-90d", to="now", q=None),
        "sort": scope.filters.sort,
        "previous_words": previous_words(scope.window),
    }


def cost_words(totals: Totals) -> str:
    """What calls cost; a lower bound where tokens have no price, and not told where none has."""
    if totals.cost_usd is None:
        return _("not priced") if totals.tokens.total else ""
    cost = wording.usd(totals.cost_usd)
    return _("at least {amount}").format(amount=cost) if totals.unpriced_tokens else cost


def _matches(row: Row, scope: Scope) -> bool:
    text = f"{row.name} {row.reading}".lower()
    return all(word in text for word in scope.filters.q.lower().split())


def _row(scope: Scope, kind: Kind, one: SystemRow) -> Row:
    now, before = one.totals.failure, one.previous.failure
    words, tone, icon = reading(one.decision)
    durations = one.totals.duration_ms
    return Row(
        name=one.name,
        href=scope.href(kind.param, one.name, q=None),
        reading=words,
        tone=tone,
        icon=icon,
        calls=one.totals.runs,
        rate=now.rate if now else None,
        interval=interval_words(now) if now else "",
        low=now.low if now else None,
        high=now.high if now else None,
        change=now.rate - before.rate if now and before else None,
        change_tone=rate_tone(one.totals.success, one.previous.success),
        failures=one.totals.failures,
        points=one.points,
        p50_ms=durations.p50,
        p95_ms=durations.p95,
        p99_ms=durations.p99,
        tokens=one.totals.tokens.total,
        cost_usd=one.totals.cost_usd,
        cost=cost_words(one.totals),
        unpriced_tokens=one.totals.unpriced_tokens,
        workflows=one.workflows,
        last_call_at=one.last_call_at,
    )


def _cells(row: Row) -> tuple[Any, ...]:
    rates = (row.calls, row.failures, row.rate, row.low, row.high, row.change)
    last = row.last_call_at.isoformat() if row.last_call_at else None
    used = (row.tokens, row.unpriced_tokens, row.cost_usd)
    return (row.name, row.reading, *rates, row.p50_ms, row.p95_ms, row.p99_ms, row.workflows, last, *used)
