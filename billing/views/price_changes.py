"""Price changes: what open months would cost at the prices as they are, applied, taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.analysis.price_changes import Effect
from billing.analysis.pricing import plain
from billing.models import ReRating
from billing.reads.prices import ListedPrice, find_many
from billing.services.price_changes import apply_changes, digest_of, preview_changes, take_back
from billing.services.refusals import Refused
from billing.views.price_words import days_text, tabs
from monitoring.views.csv import csv_response

HEADER = ("Month", "Provider", "Model", "Lines", "Now in USD", "Then in USD", "Difference in USD")
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Applied:
    """A change that was made, with the prices that it names (None: gone with their team)."""

    change: ReRating
    old: ListedPrice | None
    new: ListedPrice | None
    days: str


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def changes(request: TeamRequest) -> HttpResponseBase:
    """The effect of prices as they are, or with `format=csv` its rows; a POST applies it."""
    may_manage, reasons = request.membership.allows(Permission.MANAGE_COSTS), dict[str, str]()
    if request.method == "POST":
        if not may_manage:
            raise Http404("No such page.")
        told = {name: request.POST.get(name, "").replace("\x00", "") for name in ("seen", "reason")}
        try:
            apply_changes(team_id=request.team.id, **told, by=request.user, now=timezone.now())
        except Refused as refused:
            reasons = refused.reasons
        else:
            messages.success(request, _("Applied. Lines of the difference are made now; they can be taken back."))
            return HttpResponseRedirect(reverse("cost_price_changes", args=[request.team.slug]))
    effect = preview_changes(request.team.id, timezone.now())
    if request.GET.get("format") == "csv":
        return csv_response("price-changes.csv", HEADER, [_cells(one) for one in effect.effects])
    context = {
        "tabs": tabs(request.team.slug, "cost_price_changes"),
        "effect": effect,
        "seen": digest_of(effect.changes),
        "applied": _applied(request.team.id),
        "reasons": reasons,
        "may_manage": may_manage,
    }
    return TemplateResponse(request, "cost_prices/changes.html", context, status=422 if reasons else 200)


@team_page(Permission.MANAGE_COSTS)
@require_POST
def take_back_change(request: TeamRequest, change: UUID) -> HttpResponseBase:
    """Takes a change back."""
    if not take_back(team_id=request.team.id, re_rating_id=change, now=timezone.now(), by=request.user):
        raise Http404("No such change.")
    messages.success(request, _("Taken back. The lines of the difference are removed now."))
    return HttpResponseRedirect(reverse("cost_price_changes", args=[request.team.slug]))


def _applied(team_id: UUID) -> list[Applied]:
    rows = ReRating.objects.filter(team_id=team_id).select_related("created_by").order_by("-created_at", "id")
    found = list(rows[:MOST_SHOWN])
    prices = find_many(team_id, {id for one in found for id in (one.old_price_id, one.new_price_id)})
    return [
        Applied(one, prices.get(one.old_price_id), prices.get(one.new_price_id), days_text(one.starts_on, one.ends_on))
        for one in found
    ]


def _cells(one: Effect) -> Sequence[Any]:
    amounts = (plain(one.old_usd), plain(one.new_usd), plain(one.difference_usd))
    return (f"{one.month:%Y-%m}", *one.pair, one.lines, *amounts)
