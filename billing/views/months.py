"""Months: which are open, the checklist and close of one, and opening it again by two people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from accounts import formats
from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.analysis.checklist import Check, Point
from billing.analysis.periods import month_words
from billing.exports.month_digest import month_digest
from billing.models import CostMonth, CostMonthEvent, MonthState
from billing.reads.checklist import checklist
from billing.reads.entries import entries_of
from billing.reads.months import ListedMonth, months_of
from billing.services.closing import (
    ClosingRefused,
    ask_to_reopen,
    close_month,
    reopen_month,
    totals_of,
    withdraw_reopening,
)
from billing.views.entries import HEADER as ENTRY_HEADER
from billing.views.entries import entry_cells, entry_row
from billing.views.reconciliation import month_told
from billing.views.words import number
from monitoring import wording
from monitoring.templatetags.components import Sign
from monitoring.views.csv import csv_response

HEADER = ("month", "state", "cost_usd", "unpriced_tokens", "lines", "closed_at", "closed_by", "digest")
STATES = {
    MonthState.OPEN: Sign("running", gettext_noop("Open"), "run"),
    MonthState.CLOSED: Sign("lock", gettext_noop("Closed"), "ok"),
    MonthState.REOPENING: Sign("warn", gettext_noop("Opening asked"), "warn"),
}
SETTLED = Sign("ok", gettext_noop("Settled"), "ok")
OPEN = Sign("warn", gettext_noop("Open"), "warn")
ACCEPTED = Sign("ok", gettext_noop("Accepted"), "idle")
# What is kept in the history.
EVENTS = {
    "closed": gettext_noop("Closed"),
    "reopening asked": gettext_noop("Reopening asked"),
    "reopened": gettext_noop("Reopened"),
    "reopening turned down": gettext_noop("Reopening turned down"),
}
# Where a point of the checklist is worked off.
WAYS = {
    Check.EARLIER: ("months", gettext_noop("See all months")),
    Check.UNPRICED: ("cost_unpriced", gettext_noop("Price them")),
    Check.SOURCES: ("sources", gettext_noop("See sources")),
    Check.RECONCILED: ("reconciliation", gettext_noop("Reconcile")),
    Check.RATES: ("cost_rates", gettext_noop("Add a rate")),
}


@dataclass(frozen=True, slots=True)
class PointRow:
    """A point of the checklist as the page shows it."""

    key: str
    words: str
    sign: Sign
    open_items: list[str]
    may_accept: bool
    reason: str
    fault: str
    href: str
    link: str


@dataclass(frozen=True, slots=True)
class MonthRow:
    """A month of the list."""

    month: date
    href: str
    sign: Sign
    cost: str
    unpriced: str
    lines: str
    closed: str


@team_page(Permission.VIEW_FIGURES)
@require_safe
def months(request: TeamRequest) -> HttpResponseBase:
    """All months with costs, the latest first, or with `format=csv` their rows."""
    listed = months_of(request.team.id)
    if request.GET.get("format") == "csv":
        return csv_response("months.csv", HEADER, [_cells(one) for one in listed])
    return TemplateResponse(request, "costs/months.html", {"rows": [_row(one, request.team.slug) for one in listed]})


@team_page(Permission.VIEW_FIGURES)
@require_safe
def month(request: TeamRequest, month: str) -> HttpResponseBase:
    """One month: its checklist, what was entered and its history; with `format=csv` the rows of what was entered."""
    first = month_told(month)
    if request.GET.get("format") == "csv":
        rows = [entry_cells(one) for one in entries_of(request.team.id, first)]
        return csv_response(f"entries-{first:%Y-%m}.csv", ENTRY_HEADER, rows)
    return _page(request, first)


@team_page(Permission.MANAGE_COSTS)
@require_POST
def close(request: TeamRequest, month: str) -> HttpResponseBase:
    """Closes it, with the reasons for which open points are accepted."""
    first = month_told(month)
    reasons = {check.value: request.POST.get(check.value, "").replace("\x00", "") for check in Check}
    try:
        close_month(
            team_id=request.team.id,
            month=first,
            reasons=reasons,
            by=request.user,
            now=timezone.now(),
            digest=month_digest,
        )
    except ClosingRefused as refused:
        return _page(request, first, told=reasons, faults=refused.reasons)
    words = _("{month} is closed. What arrives for it later counts in the open month.")
    messages.success(request, words.format(month=month_words(first)))
    return _back(request, first)


@team_page(Permission.MANAGE_COSTS)
@require_POST
def reopen(request: TeamRequest, month: str) -> HttpResponseBase:
    """Asks to open it again (`action=ask`), agrees (`agree`) or turns that down (`withdraw`)."""
    first, now = month_told(month), timezone.now()
    action, team_id, by = request.POST.get("action", ""), request.team.id, request.user
    try:
        if action == "ask":
            reason = request.POST.get("reason", "").replace("\x00", "")
            ask_to_reopen(team_id=team_id, month=first, reason=reason, by=by, now=now)
            messages.success(request, _("Asked. A second person who manages costs has to agree."))
        elif action == "agree":
            reopen_month(team_id=team_id, month=first, by=by, now=now)
            words = _("{month} is open again: its lines follow its records.")
            messages.success(request, words.format(month=month_words(first)))
        elif action == "withdraw":
            withdraw_reopening(team_id=team_id, month=first, by=by, now=now)
            messages.success(request, _("{month} stays closed.").format(month=month_words(first)))
        else:
            raise Http404("No such action.")
    except ClosingRefused as refused:
        return _page(request, first, faults=refused.reasons)
    return _back(request, first)


def _back(request: TeamRequest, month: date) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("cost_month", args=[request.team.slug, f"{month:%Y-%m}"]))


def _page(
    request: TeamRequest, month: date, *, told: Mapping[str, str] | None = None, faults: Mapping[str, str] | None = None
) -> TemplateResponse:
    one = CostMonth.objects.filter(team_id=request.team.id, month=month).select_related("closed_by", "reopening_by")
    found, now = one.first(), timezone.now()
    is_open = found is None or found.state == MonthState.OPEN
    faults = faults or {}
    points = checklist(request.team.id, month, now) if is_open else []
    rows = [_point(one, request.team.slug, month, told or {}, faults) for one in points]
    context = {
        "month": month,
        "one": found,
        "is_open": is_open,
        "sign": STATES[MonthState(found.state) if found else MonthState.OPEN],
        "points": rows if is_open or found is None else _kept_points(found),
        "blocked": [row for row in rows if row.open_items and not row.may_accept],
        "totals": _totals(totals_of(request.team.id, month) if is_open or found is None else found.totals),
        "entries": [entry_row(one, request.team.slug, month) for one in entries_of(request.team.id, month)],
        "events": _events(found) if found else [],
        "faults": {name: text for name, text in faults.items() if name in {"month", "reason"}},
        "may_manage": request.membership.allows(Permission.MANAGE_COSTS),
        "may_agree": found is not None and found.reopening_by_id != request.user.pk,
    }
    return TemplateResponse(request, "costs/month.html", context, status=422 if faults else 200)


def _point(point: Point, team: str, month: date, told: Mapping[str, str], faults: Mapping[str, str]) -> PointRow:
    name, link = WAYS.get(point.check, ("", ""))
    query = f"?month={month:%Y-%m}" if name == "reconciliation" else ""
    key = point.check.value
    return PointRow(
        key=key,
        words=point.words,
        sign=SETTLED if point.is_settled else OPEN,
        open_items=list(point.open_items),
        may_accept=not point.is_strict,
        reason=told.get(key, ""),
        fault=faults.get(key, ""),
        href=f"{reverse(name, args=[team])}{query}" if name and not point.is_settled else "",
        link=_(link) if link else "",
    )


def _kept_points(month: CostMonth) -> list[PointRow]:
    """The checklist of a closed month in its own order."""
    return [_kept(check.value, month.checklist[check.value]) for check in Check if check.value in month.checklist]


def _kept(name: str, told: Mapping[str, Any]) -> PointRow:
    """A point as the closed month keeps it."""
    reason = str(told["reason"])
    return PointRow(
        name, _(str(told["words"])), ACCEPTED if reason else SETTLED, list(told["open"]), False, reason, "", "", ""
    )


def _totals(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    def usd(name: str) -> str:
        value = told.get(name)
        return _("not known") if value is None else wording.usd(Decimal(str(value)))

    unpriced = told.get("unpriced_tokens") or 0
    return [
        (_("Cost"), usd("cost_usd")),
        (_("Told by workflows"), usd("told_usd")),
        (_("Computed from prices"), usd("priced_usd")),
        (_("At list prices"), usd("list_usd")),
        (_("Tokens without a price"), wording.tokens(unpriced) if unpriced else _("none")),
        (_("Lines"), wording.count(told.get("lines") or 0)),
    ]


def _events(month: CostMonth) -> list[dict[str, Any]]:
    words = {name: _(str(point["words"])) for name, point in month.checklist.items()}
    rows = CostMonthEvent.objects.filter(team_id=month.team_id, month=month).select_related("by").order_by("-at", "-id")
    return [
        {
            "what": _(EVENTS[one.what]) if one.what in EVENTS else one.what.capitalize(),
            "at": one.at,
            "by": _who(one),
            "reason": one.detail.get("reason", ""),
            "accepted": [(words.get(name, name), reason) for name, reason in one.detail.get("accepted", {}).items()],
        }
        for one in rows
    ]


def _who(event: CostMonthEvent) -> str:
    person = event.by.email if event.by else "Steadyrun"
    if "key" not in event.detail:
        return person
    return _("{person}, by the API key {name}").format(person=person, name=event.detail["key"])


def _row(one: ListedMonth, team: str) -> MonthRow:
    unpriced = one.unpriced_tokens
    closed = ""
    if one.closed_at:
        moment = formats.moment(one.closed_at)
        closed = _("{moment} UTC, by {person}").format(moment=moment, person=one.closed_by)
    return MonthRow(
        one.month,
        reverse("cost_month", args=[team, f"{one.month:%Y-%m}"]),
        STATES[one.state],
        _("not known") if one.cost_usd is None else wording.usd(one.cost_usd),
        wording.tokens(unpriced) if unpriced else _("none"),
        wording.count(one.lines),
        closed,
    )


def _cells(one: ListedMonth) -> list[Any]:
    at: datetime | None = one.closed_at
    return [
        f"{one.month:%Y-%m}",
        one.state.value,
        number(one.cost_usd),
        one.unpriced_tokens,
        one.lines,
        at.isoformat() if at else None,
        one.closed_by,
        one.digest,
    ]
