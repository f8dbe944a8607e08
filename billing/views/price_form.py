"""Entering a price: filled in from the book or by hand, its effect looked at, then saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.analysis.pricing import plain
from billing.reads.prices import find, nearest
from billing.services.price_changes import preview_changes
from billing.services.pricing_models import price_model
from billing.services.refusals import Refused
from billing.services.team_prices import RATE_FIELD, check_price, read_price
from billing.views.price_words import BUCKET_LABELS, SHOWN, bucket_words, price_row, tabs

TEXTS = ("provider", "model", "tier", "region", "context_over", "context_up_to", "starts_on", "ends_on", "currency")
FIELDS = (*TEXTS, "note", "list_price_id", *(RATE_FIELD + bucket for bucket in BUCKET_LABELS))


@dataclass(frozen=True, slots=True)
class RateField:
    """A field for the rate of a bucket."""

    name: str
    label: str
    value: str
    reason: str


@team_page(Permission.MANAGE_COSTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_price(request: TeamRequest) -> HttpResponseBase:
    """The form; a POST saves, or with `preview` shows what open months would cost."""
    told = _told(request.POST) if request.method == "POST" else _prefilled(request)
    reasons, effect = dict[str, str](), None
    if request.method == "POST":
        try:
            wanted = read_price(told)
            if "preview" in request.POST:
                check_price(request.team.id, wanted)
                effect = preview_changes(request.team.id, timezone.now(), wanted=wanted)
            else:
                made, count = price_model(team_id=request.team.id, wanted=wanted, by=request.user, now=timezone.now())
                messages.success(request, _saved(count))
                return HttpResponseRedirect(reverse("cost_price", args=[request.team.slug, made.id]))
        except Refused as refused:
            reasons = refused.reasons
    context = {**_context(request, told, reasons), "effect": effect}
    return TemplateResponse(request, "cost_prices/new.html", context, status=422 if reasons else 200)


def _saved(count: int) -> str:
    if count:
        return _("Saved: from now on usage is rated at it. What had no price is rated at it now, hour by hour.")
    return _("Saved: from now on usage is rated at it. Price changes show what it changes.")


def _told(query: QueryDict) -> dict[str, str]:
    return {name: query.get(name, "").replace("\x00", "").strip() for name in FIELDS}


def _prefilled(request: TeamRequest) -> dict[str, str]:
    """Names from the address; with `like` the rates of that price, too."""
    told = {**_told(request.GET), "currency": request.GET.get("currency", "USD")}
    like = request.GET.get("like", "")
    digits = like.removeprefix("-")
    listed = find(request.team.id, int(like)) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    if listed is None:
        return told
    told["provider"], told["model"] = told["provider"] or listed.provider, told["model"] or listed.model
    told["tier"], told["currency"] = told["tier"] or listed.price.tier, listed.price.currency
    told |= {RATE_FIELD + bucket: plain(rate) for bucket, rate in listed.price.rates.items()}
    return told


def _context(request: TeamRequest, told: Mapping[str, str], reasons: Mapping[str, str]) -> dict[str, Any]:
    rates = [
        RateField(name, bucket_words(bucket), told.get(name, ""), reasons.get(name, ""))
        for bucket in BUCKET_LABELS
        for name in [RATE_FIELD + bucket]
    ]
    usual = {RATE_FIELD + bucket for bucket in SHOWN}
    near = nearest(request.team.id, told["provider"], told["model"], timezone.now().date()) if told["model"] else []
    return {
        "tabs": tabs(request.team.slug, "cost_prices"),
        "told": told,
        "reasons": reasons,
        "rates": [one for one in rates if one.name in usual],
        "more_rates": [one for one in rates if one.name not in usual],
        "has_more": any(one.value or one.reason for one in rates if one.name not in usual),
        "near": [(one, price_row(one.price) if one.price else None) for one in near],
    }
