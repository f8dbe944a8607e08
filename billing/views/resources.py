"""Rates of compute, storage, calls, backup and subscriptions: the list, entering one, one with what it costs."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.analysis.amounts import read_day
from billing.models import AllocationKey, RateUnit
from billing.reads.resources import ListedRate, find_rate, list_rates, rate_id_of, rate_shares
from billing.services.refusals import Refused
from billing.services.resources import KINDS, TEXTS, add_rate, end_rate, read_rate, remove_rate
from billing.views.resource_words import CSV_HEADER, csv_cells, rate_words
from billing.views.words import kind_words
from monitoring.models import Workflow
from monitoring.views.csv import csv_response

# Why a field is refused.
_REASONS = {
    "name": gettext_noop("name {reason}"),
    "kind": gettext_noop("kind {reason}"),
    "unit": gettext_noop("unit {reason}"),
    "amount": gettext_noop("amount {reason}"),
    "currency": gettext_noop("currency {reason}"),
    "workflow": gettext_noop("workflow {reason}"),
    "environment": gettext_noop("environment {reason}"),
    "system": gettext_noop("system {reason}"),
    "provider": gettext_noop("provider {reason}"),
    "key": gettext_noop("key {reason}"),
    "starts_on": gettext_noop("first day {reason}"),
    "ends_on": gettext_noop("ends on {reason}"),
    "note": gettext_noop("note {reason}"),
}


@team_page(Permission.VIEW_FIGURES)
@require_safe
def resources(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` its rows."""
    found = list_rates(request.team.id, timezone.now())
    if request.GET.get("format") == "csv":
        return csv_response("resource-rates.csv", CSV_HEADER, [csv_cells(one) for one in found])
    context = {
        "rows": [(one, rate_words(one)) for one in found],
        "may_manage": request.membership.allows(Permission.MANAGE_COSTS),
    }
    return TemplateResponse(request, "cost_resources/resources.html", context)


@team_page(Permission.MANAGE_COSTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_resource(request: TeamRequest) -> HttpResponseBase:
    """The form; a POST saves the rate, or says what is wrong with it."""
    reasons: dict[str, str] = {}
    told = {name: request.POST.get(name, "").replace("\x00", "").strip() for name in TEXTS}
    if request.method == "POST":
        try:
            made = add_rate(team_id=request.team.id, wanted=read_rate(told), by=request.user, now=timezone.now())
        except Refused as refused:
            reasons = refused.reasons
        else:
            messages.success(request, _("Saved: costs of open months are made again with it within a minute."))
            return HttpResponseRedirect(reverse("cost_resource", args=[request.team.slug, made.id]))
    workflows = Workflow.objects.filter(team_id=request.team.id).order_by("name", "id")
    context = {
        "told": told,
        "reasons": _shown(reasons),
        "kinds": [(word, kind_words(kind), told["kind"] == word) for word, kind in KINDS.items()],
        "units": [(value, _(str(label)), told["unit"] == value) for value, label in RateUnit.choices],
        "keys": [(value, _(str(label)), told["key"] == value) for value, label in AllocationKey.choices],
        "workflows": workflows.values_list("name", flat=True),
    }
    return TemplateResponse(request, "cost_resources/new.html", context, status=422 if reasons else 200)


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def resource(request: TeamRequest, rate: str) -> HttpResponseBase:
    """One rate with what it costs in this month; a POST has it end before a day."""
    found, reasons = _find(request, rate), dict[str, str]()
    may_manage = request.membership.allows(Permission.MANAGE_COSTS)
    if request.method == "POST":
        if not may_manage or found.row.removed_at is not None:
            raise Http404("No such page.")
        reasons = _end(request, found)
        if not reasons:
            messages.success(request, _("Saved: it holds to before that day."))
            return HttpResponseRedirect(reverse("cost_resource", args=[request.team.slug, found.row.id]))
    shares = rate_shares(request.team.id, found.row.id, timezone.now())
    if request.GET.get("format") == "csv":
        rows: Sequence[Sequence[Any]] = [(one.name, one.quantity, one.usd) for one in shares]
        return csv_response("resource-rate.csv", ("Workflow", "Quantity", "USD"), rows)
    context = {
        "one": found,
        "words": rate_words(found),
        "shares": shares,
        "reasons": _shown(reasons),
        "may_manage": may_manage and found.row.removed_at is None,
    }
    return TemplateResponse(request, "cost_resources/resource.html", context, status=422 if reasons else 200)


@team_page(Permission.MANAGE_COSTS)
@require_POST
def remove_resource(request: TeamRequest, rate: str) -> HttpResponseBase:
    """Takes a rate out of open months."""
    found = _find(request, rate)
    if not remove_rate(team_id=request.team.id, rate_id=found.row.id, now=timezone.now(), by=request.user):
        raise Http404("No such rate.")
    messages.success(request, _("Removed: open months are made again without it. Closed months keep what it cost."))
    return HttpResponseRedirect(reverse("cost_resources", args=[request.team.slug]))


def _find(request: TeamRequest, rate: str) -> ListedRate:
    id = rate_id_of(rate)
    found = None if id is None else find_rate(request.team.id, id, timezone.now())
    if found is None:
        raise Http404("No such rate.")
    return found


def _end(request: TeamRequest, found: ListedRate) -> dict[str, str]:
    """Has the rate end before the day of the form; what is wrong with it."""
    try:
        day = read_day(request.POST.get("ends_on", ""))
        end_rate(team_id=request.team.id, rate_id=found.row.id, ends_on=day, now=timezone.now(), by=request.user)
    except ValueError as error:
        return {"ends_on": str(error)}
    except Refused as refused:
        return refused.reasons
    return {}


def _shown(reasons: dict[str, str]) -> list[str]:
    """Reasons as sentences; the field is named as the form does."""
    return [_(_REASONS[field]).format(reason=why) for field, why in reasons.items()]
