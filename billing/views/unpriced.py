"""Models whose tokens have no price, with the way to price them, and how far their first rating is."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.reads.unpriced import UnpricedModel, unpriced_models
from billing.services.first_rating import request_rating
from billing.views.price_words import tabs
from monitoring.views.csv import csv_response

HEADER = ("Provider", "Model", "Tokens", "Calls", "First month", "Last month", "Rated", "Left")


@team_page(Permission.VIEW_FIGURES)
@require_safe
def unpriced(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` its rows."""
    rows = unpriced_models(request.team.id)
    if request.GET.get("format") == "csv":
        return csv_response("unpriced.csv", HEADER, [_cells(one) for one in rows])
    form = reverse("cost_new_price", args=[request.team.slug])
    context = {
        "tabs": tabs(request.team.slug, "cost_unpriced"),
        "rows": [(one, f"{form}?{urlencode({'provider': one.provider, 'model': one.model})}") for one in rows],
        "token_count": sum(one.tokens for one in rows),
        "may_manage": request.membership.allows(Permission.MANAGE_COSTS),
    }
    return TemplateResponse(request, "cost_prices/unpriced.html", context)


@team_page(Permission.MANAGE_COSTS)
@require_POST
def rate_now(request: TeamRequest) -> HttpResponseBase:
    """Has a model rated at the prices that are there by now."""
    told = (request.POST.get("provider", ""), request.POST.get("model", ""))
    found = next((one for one in unpriced_models(request.team.id) if one.names == told and one.is_known), None)
    if found is None:
        raise Http404("No such model without a price.")
    request_rating(request.team.id, (found.provider_id, found.model_id), timezone.now(), request.user)
    messages.success(request, _("It is rated now, hour by hour. Records that were deleted stay without a price."))
    return HttpResponseRedirect(reverse("cost_unpriced", args=[request.team.slug]))


def _cells(one: UnpricedModel) -> Sequence[Any]:
    done = (one.rating.rated_count, one.rating.left_count) if one.rating else (None, None)
    return (*one.names, one.tokens, one.calls, f"{one.first_month:%Y-%m}", f"{one.last_month:%Y-%m}", *done)
