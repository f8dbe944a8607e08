"""Exchange rates of a team, uploaded or entered, and the currency that it reports in."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import formats
from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.analysis.pricing import plain
from billing.analysis.rate_files import COLUMNS, MOST_BYTES, FileRefused
from billing.models import CostSettings, ExchangeRate
from billing.services.exchange_rates import enter_rate, set_reporting_currency, upload_rates
from billing.services.refusals import Refused
from billing.views.price_words import tabs
from monitoring.views.csv import MAX_ROWS, csv_response

HEADER = (*COLUMNS, "source")
MOST_SHOWN = 200


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def rates(request: TeamRequest) -> HttpResponseBase:
    """The rates, or with `format=csv` a file that can be uploaded again; a POST adds some, or says the currency."""
    may_manage = request.membership.allows(Permission.MANAGE_COSTS)
    faults: list[str] = []
    if request.method == "POST":
        if not may_manage:
            raise Http404("No such page.")
        faults = _change(request)
        if not faults:
            return HttpResponseRedirect(reverse("cost_rates", args=[request.team.slug]))
    rows = ExchangeRate.objects.filter(team_id=request.team.id).order_by("currency", "-starts_on")
    if request.GET.get("format") == "csv":
        told = rows.values_list("currency", "starts_on", "usd", "source")[:MAX_ROWS]
        return csv_response(
            "exchange-rates.csv", HEADER, [(c, day, plain(usd), source) for c, day, usd, source in told]
        )
    shown = list(rows.select_related("created_by")[:MOST_SHOWN])
    context = {
        "tabs": tabs(request.team.slug, "cost_rates"),
        "rows": [(one, plain(one.usd)) for one in shown],
        "shown": _("first {count} shown").format(count=MOST_SHOWN) if len(shown) == MOST_SHOWN else "",
        "currencies": _currencies(request),
        "faults": faults,
        "told": {name: request.POST.get(name, "") for name in COLUMNS},
        "may_manage": may_manage,
    }
    return TemplateResponse(request, "cost_prices/rates.html", context, status=422 if faults else 200)


def _currencies(request: TeamRequest) -> list[tuple[str, bool]]:
    """What the team can report in, and which it does."""
    told = CostSettings.objects.filter(team_id=request.team.id).values_list("reporting_currency", flat=True).first()
    known = ExchangeRate.objects.filter(team_id=request.team.id).order_by("currency")
    return [(one, one == (told or "USD")) for one in ["USD", *known.values_list("currency", flat=True).distinct()]]


def _change(request: TeamRequest) -> list[str]:
    """Does what the form asks for; what is wrong with it."""
    team_id, now = request.team.id, timezone.now()
    common: dict[str, Any] = {"team_id": team_id, "by": request.user, "now": now}
    try:
        if (currency := request.POST.get("reporting_currency")) is not None:
            set_reporting_currency(currency=currency, **common)
            messages.success(request, _("Saved: pages and exports show amounts in that currency, too."))
        elif (file := request.FILES.get("file")) is not None:
            # A byte more than is taken says that there is more.
            count = upload_rates(content=file.read(MOST_BYTES + 1), source=file.name or "file", **common)
            words = _("Saved {count} rates of {file}.")
            messages.success(request, words.format(count=formats.count(count), file=file.name))
        else:
            enter_rate(told={name: request.POST.get(name, "") for name in COLUMNS}, **common)
            messages.success(request, _("Saved the rate."))
    except Refused as refused:
        fields = {
            "currency": _("the currency {reason}"),
            "date": _("the date {reason}"),
            "usd": _("the usd {reason}"),
            "reporting_currency": _("the reporting currency {reason}"),
        }
        return [fields[field].format(reason=reason) for field, reason in refused.reasons.items()]
    except FileRefused as refused:
        return [str(fault) for fault in refused.faults]
    return []
