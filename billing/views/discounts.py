"""Negotiated discounts of a team: the list with the form, and taking one away."""

from collections.abc import Sequence
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
from billing.analysis.pricing import plain
from billing.models import Discount
from billing.services.discounts import add_discount, read_discount, remove_discount
from billing.services.refusals import Refused
from billing.views.price_words import days_text, tabs
from monitoring.views.csv import csv_response

HEADER = ("Provider", "Model", "Percent", "From", "Before", "Note", "By", "Removed")
TEXTS = ("provider", "model", "percent", "starts_on", "ends_on", "note")


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def discounts(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` its rows; a POST adds one."""
    may_manage, reasons = request.membership.allows(Permission.MANAGE_COSTS), dict[str, str]()
    told = {name: request.POST.get(name, "").replace("\x00", "").strip() for name in TEXTS}
    if request.method == "POST":
        if not may_manage:
            raise Http404("No such page.")
        try:
            add_discount(team_id=request.team.id, wanted=read_discount(told), by=request.user, now=timezone.now())
        except Refused as refused:
            reasons = refused.reasons
        else:
            messages.success(request, _("Saved: from now on usage is rated at it. Price changes show what it changes."))
            return HttpResponseRedirect(reverse("cost_discounts", args=[request.team.slug]))
    rows = list(
        Discount.objects.filter(team_id=request.team.id)
        .select_related("created_by")
        .order_by("removed_at", "provider", "model", "starts_on", "id")
    )
    if request.GET.get("format") == "csv":
        return csv_response("discounts.csv", HEADER, [_cells(one) for one in rows])
    context = {
        "tabs": tabs(request.team.slug, "cost_discounts"),
        "rows": [(one, plain(one.percent), days_text(one.starts_on, one.ends_on)) for one in rows],
        "told": told,
        "reasons": reasons,
        "may_manage": may_manage,
    }
    return TemplateResponse(request, "cost_prices/discounts.html", context, status=422 if reasons else 200)


@team_page(Permission.MANAGE_COSTS)
@require_POST
def remove(request: TeamRequest, discount: UUID) -> HttpResponseBase:
    """Takes a discount away."""
    if not remove_discount(team_id=request.team.id, discount_id=discount, now=timezone.now(), by=request.user):
        raise Http404("No such discount.")
    messages.success(request, _("Removed. What was rated at it stays so until you apply price changes."))
    return HttpResponseRedirect(reverse("cost_discounts", args=[request.team.slug]))


def _cells(one: Discount) -> Sequence[Any]:
    by = one.created_by.email if one.created_by else ""
    return (one.provider, one.model, plain(one.percent), one.starts_on, one.ends_on, one.note, by, one.removed_at)
