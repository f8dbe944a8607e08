"""Adjustments, credits and commitments of a month: how its table shows them, entering one, taking one back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts import formats
from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.analysis.allocation import next_month
from billing.analysis.pricing import plain
from billing.models import CostKind, Entry
from billing.reads.choices import KIND_WORDS
from billing.reads.entries import EnteredLine, find_entry
from billing.reads.reporting import reporting_currency
from billing.services.entries import EntryRefused, remove_entry
from billing.services.entry_fields import ENTRIES, TEXTS, enter
from billing.services.refusals import Refused
from billing.store.exchange import read_exchange
from billing.store.line_prices import read_months
from billing.views.reconciliation import month_told
from billing.views.words import number
from monitoring import wording
from monitoring.models import Workflow

HEADER = (
    *("entry", "kind", "day", "cost_usd", "billed", "currency", "rate_usd", "provider", "model", "workflow"),
    *("environment", "tags", "reason", "by", "at", "id"),
)
MOST_KEY = 60


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as the table shows it."""

    id: str
    entry: str
    day: date
    amount: str
    told: str
    about: str
    tags: str
    one: EnteredLine
    remove_href: str
    question: str


@team_page(Permission.MANAGE_COSTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_entry(request: TeamRequest, month: str) -> HttpResponseBase:
    """The form; a POST books the entry, or says by field what is wrong."""
    first, reasons = month_told(month), dict[str, str]()
    told = {name: request.POST.get(name, "").replace("\x00", "").strip() for name in TEXTS}
    # Tells this form from another one: sent twice, it books once.
    key = request.POST.get("key", "")[:MOST_KEY] or str(uuid4())
    if request.method == "POST":
        try:
            _in_month(told["day"], first)
            now = timezone.now()
            line = enter(team_id=request.team.id, told=told, key=f"page {key}", by=request.user, now=now)
        except Refused as refused:
            reasons = refused.reasons
        else:
            messages.success(
                request, f"Booked on {formats.long_day_of_year(line.booked_on)}: {wording.usd(line.cost_usd)}."
            )
            return _back(request, first)
    else:
        told["day"] = min(next_month(first) - timedelta(days=1), max(timezone.now().date(), first)).isoformat()
    context = {**_choices(request, first, told), "key": key, "told": told, "reasons": reasons}
    return TemplateResponse(request, "costs/new_entry.html", context, status=422 if reasons else 200)


@team_page(Permission.MANAGE_COSTS)
@require_POST
def take_entry_away(request: TeamRequest, month: str, entry: str) -> HttpResponseBase:
    """Removes an entry, while its month is open."""
    first = month_told(month)
    found = find_entry(request.team.id, int(entry)) if _is_id(entry) else None
    if found is None or found.row.booked_on.replace(day=1) != first:
        raise Http404("No such entry.")
    try:
        remove_entry(request.team.id, found.row.id, timezone.now(), request.user)
    except EntryRefused as refused:
        messages.error(request, f"Not removed: {'; '.join(refused.reasons.values())}.")
    else:
        messages.success(request, "Removed. The month counts without it.")
    return _back(request, first)


def _is_id(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdecimal() and len(text) <= 20


def _back(request: TeamRequest, month: date) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("cost_month", args=[request.team.slug, f"{month:%Y-%m}"]) + "#entries")


def _in_month(day: str, month: date) -> None:
    """Refuses a day of another month; what is no day is refused later."""
    try:
        told = date.fromisoformat(day)
    except ValueError:
        return
    if told.replace(day=1) != month:
        raise Refused({"day": f"must be in {formats.month_of_year(month)}"})


def _choices(request: TeamRequest, month: date, told: dict[str, str]) -> dict[str, Any]:
    team_id = request.team.id
    currency, end = reporting_currency(team_id), next_month(month)
    steps = read_exchange(team_id, [currency]).get(currency, [])
    held = [(max(day, month), usd) for day, usd in steps if day < end]
    before = [one for one in held if one[0] == month][-1:]
    open_month = read_months(team_id).first_open(month)
    workflows = Workflow.objects.filter(team_id=team_id).order_by("name", "id")
    return {
        "month": month,
        "is_closed": open_month != month,
        "open_month": open_month,
        "open_href": reverse("new_cost_entry", args=[request.team.slug, f"{open_month:%Y-%m}"]),
        "first_day": month,
        "last_day": end - timedelta(days=1),
        "entries": [(word, entry.label, told["entry"] == word) for word, entry in ENTRIES.items()],
        "kinds": [(word, kind.label, told["kind"] == word) for word, kind in KIND_WORDS.items()],
        "currencies": [(one, told["currency"] == one) for one in dict.fromkeys(("USD", currency))],
        "currency": currency,
        "rates": [(day, plain(usd)) for day, usd in (*before, *(one for one in held if one[0] > month))],
        "workflows": workflows.values_list("name", flat=True),
    }


def entry_row(one: EnteredLine, team: str, month: date) -> EntryRow:
    """An entry in words."""
    row = one.row
    billed = None if row.billed is None or row.currency == "USD" else row.billed
    rate = f" at {plain(one.rate)}" if one.rate else ""
    names = [one.provider, one.model, one.workflow and f"workflow {one.workflow}", one.environment]
    kind = CostKind(row.kind)
    return EntryRow(
        str(row.id),
        Entry(row.entry).label,
        row.booked_on,
        wording.usd(row.cost_usd),
        f"{plain(billed)} {row.currency}{rate}" if billed is not None else "",
        ", ".join([*([] if kind is CostKind.TOKENS else [kind.label]), *(name for name in names if name)]),
        ", ".join(f"{name}={value}" for name, value in one.tags.items()),
        one,
        reverse("remove_cost_entry", args=[team, f"{month:%Y-%m}", row.id]),
        f"{wording.usd(row.cost_usd)}: {row.reason}. The month counts without it; a note of it stays in the history."
        + (" The difference of its statement can be booked again." if one.statement_id else ""),
    )


def entry_cells(one: EnteredLine) -> Sequence[Any]:
    """The cells of an entry under `HEADER`."""
    row = one.row
    money = [number(value) for value in (row.cost_usd, row.billed, one.rate)]
    kinds = {kind: word for word, kind in KIND_WORDS.items()}
    names = (one.provider, one.model, one.workflow, one.environment)
    tags = " ".join(f"{name}={value}" for name, value in one.tags.items())
    head = (Entry(row.entry).name.lower(), kinds[CostKind(row.kind)], row.booked_on.isoformat())
    at = one.at.isoformat() if one.at else None
    return (*head, money[0], money[1], row.currency, money[2], *names, tags, row.reason, one.by, at, row.id)
