"""Prices: the team's own and the book, found by provider and model; one of them with what it was used for."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.analysis.pricing import Origin, plain
from billing.models import TeamPrice
from billing.reads.prices import MOST_ROWS, LineOfPrice, ListedPrice, find, find_many, lines_of, listing
from billing.services.price_changes import changes_in_force
from billing.services.refusals import Refused
from billing.services.team_prices import end_price, remove_price
from billing.views.price_words import (
    BUCKET_LABELS,
    SHOWN,
    bucket_words,
    days_text,
    price_row,
    rate_text,
    stands_for_text,
    tabs,
)
from monitoring.presentation import Link
from monitoring.views.csv import MAX_ROWS, csv_response

_NAMES = ("Provider", "Model", "Tier", "Region", "Tokens in over", "Tokens in up to", "From", "Before", "From minute")
HEADER = (*_NAMES, "To minute", "Currency", *BUCKET_LABELS.values(), "Source", "Note", "Price id")
LINE_HEADER = ("Hour", "Workflow", "Provider", "Model", "Calls", "Input", "Output", "Cost in USD")


@team_page(Permission.VIEW_FIGURES)
@require_safe
def prices(request: TeamRequest) -> HttpResponseBase:
    """The prices of models that are used, or with `show=all` the whole book; or with `format=csv` all that match."""
    search, is_all = request.GET.get("q", "")[:200].replace("\x00", ""), request.GET.get("show") == "all"
    is_used = not (is_all or search.strip())
    asked: dict[str, Any] = {"search": search, "is_used": is_used}
    if request.GET.get("format") == "csv":
        found = listing(request.team.id, timezone.now(), **asked, limit=MAX_ROWS)
        return csv_response("prices.csv", HEADER, [cells(one) for one in found])
    found = listing(request.team.id, timezone.now(), **asked, limit=MOST_ROWS)
    here = reverse("cost_prices", args=[request.team.slug])
    context = {
        "tabs": tabs(request.team.slug, "cost_prices"),
        "rows": [price_row(one) for one in found],
        "columns": [bucket_words(bucket) for bucket in SHOWN],
        "search": search,
        "is_used": is_used,
        "shows": [Link(_("Used by this team"), here, is_used), Link(_("Whole book"), f"{here}?show=all", is_all)],
        "shown": _shown_words(len(found)),
        "may_manage": request.membership.allows(Permission.MANAGE_COSTS),
    }
    return TemplateResponse(request, "cost_prices/prices.html", context)


def _shown_words(count: int) -> str:
    return _("first {count} shown: search for the rest").format(count=MOST_ROWS) if count == MOST_ROWS else ""


def cells(one: ListedPrice) -> Sequence[Any]:
    """A price as a row of the export: rates that it names itself, as exact texts of numbers."""
    price = one.price
    limits = (price.context_over or None, price.context_up_to, price.starts_on, price.ends_on)
    rates = [plain(price.rates[bucket]) if bucket in price.rates else None for bucket in BUCKET_LABELS]
    hours = (price.from_minute, price.to_minute)
    names = (one.provider, one.model, price.tier, price.region)
    return (*names, *limits, *hours, price.currency, *rates, one.source, one.note, str(price.id))


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def price(request: TeamRequest, price: str) -> HttpResponseBase:
    """One price with the lines that it made; a POST says when it ends."""
    listed, reasons = found_or_404(request, price), dict[str, str]()
    may_change = request.membership.allows(Permission.MANAGE_COSTS) and is_own(listed)
    if request.method == "POST":
        if not may_change:
            raise Http404("No such page.")
        try:
            made = _end(request, listed)
        except Refused as refused:
            reasons = refused.reasons
        else:
            messages.success(request, _("The price has an end now. Look at price changes for what was rated at it."))
            return HttpResponseRedirect(reverse("cost_price", args=[request.team.slug, made.id]))
    lines = lines_of(request.team.id, listed.price.id)
    if request.GET.get("format") == "csv":
        return csv_response("lines.csv", LINE_HEADER, [_line_cells(one) for one in lines])
    return TemplateResponse(
        request,
        "cost_prices/price.html",
        {**_context(request, listed), "lines": lines, "may_change": may_change, "reasons": reasons},
        status=422 if reasons else 200,
    )


def _context(request: TeamRequest, listed: ListedPrice) -> dict[str, Any]:
    one = listed.price
    changes = [c for c in changes_in_force(request.team.id) if one.id in (c.old_price_id, c.new_price_id)]
    others = {id for c in changes for id in (c.old_price_id, c.new_price_id)} - {one.id}
    others |= {one.list_price_id} if one.list_price_id else set()
    named = find_many(request.team.id, others)
    return {
        "row": price_row(listed),
        "rates": [
            (bucket_words(bucket), rate_text(listed.rate(bucket), one.currency), stands_for_text(one, bucket))
            for bucket in BUCKET_LABELS
            if listed.rate(bucket)
        ],
        "list_price": named.get(one.list_price_id or 0),
        "changes": [
            (c.old_price_id == one.id, named.get(c.new_price_id if c.old_price_id == one.id else c.old_price_id), days)
            for c in changes
            for days in [days_text(c.starts_on, c.ends_on)]
        ],
    }


def is_own(listed: ListedPrice) -> bool:
    """Whether members entered the price, and it is in force."""
    return listed.price.origin is Origin.ENTERED and not listed.is_removed


def found_or_404(request: TeamRequest, price: str) -> ListedPrice:
    """The price of an address. Raises `Http404`."""
    digits = price.removeprefix("-")
    listed = find(request.team.id, int(price)) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    if listed is None:
        raise Http404("No such price.")
    return listed


def _end(request: TeamRequest, listed: ListedPrice) -> TeamPrice:
    told = request.POST.get("ends_on", "")
    return end_price(
        team_id=request.team.id, price_id=listed.price.id, ends_on=told, by=request.user, now=timezone.now()
    )


def _line_cells(one: LineOfPrice) -> Sequence[Any]:
    line = one.line
    tokens = (line.calls, line.input_tokens, line.output_tokens)
    cost = None if line.cost_usd is None else plain(line.cost_usd)
    return (line.hour.isoformat(), one.workflow, one.provider, one.model, *tokens, cost)


@team_page(Permission.MANAGE_COSTS)
@require_POST
def remove(request: TeamRequest, price: str) -> HttpResponseBase:
    """Takes an entered price away."""
    listed = found_or_404(request, price)
    if not remove_price(team_id=request.team.id, price_id=listed.price.id, now=timezone.now(), by=request.user):
        raise Http404("No such price.")
    messages.success(request, _("Removed. What was rated at it stays so until you apply price changes."))
    return HttpResponseRedirect(reverse("cost_prices", args=[request.team.slug]))
