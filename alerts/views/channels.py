"""The channels of a team: where notices go, and whether they arrive."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from alerts.channels import CHANNELS
from alerts.reads.channels import ChannelRow, State, listing
from alerts.services.channels import ChannelRefused, save_channel
from alerts.views.channel_form import form_fields, told_reasons, wanted_of
from alerts.views.channel_signs import CHANNEL_SIGNS
from monitoring.views.csv import csv_response

HEAD = (
    *("channel", "kind", "place", "state", "last_success_at", "waiting", "given_up", "last_error", "last_error_at"),
    "id",
)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def channels(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` its rows."""
    rows = listing(request.team.id)
    if request.GET.get("format") == "csv":
        return csv_response("channels.csv", HEAD, [_cells(row) for row in rows])
    context = {
        "rows": [(row, CHANNEL_SIGNS[row.state], place_words(row)) for row in rows],
        "failing": sum(row.state == State.FAILING for row in rows),
        "may_manage": request.membership.allows(Permission.MANAGE_ALERTS),
    }
    return TemplateResponse(request, "alerts/channels/channels.html", context)


@team_page(Permission.MANAGE_ALERTS)
@require_safe
def choose_channel(request: TeamRequest) -> HttpResponseBase:
    """What notices can be sent by."""
    return TemplateResponse(request, "alerts/channels/choose.html", {"kinds": CHANNELS.values()})


@team_page(Permission.MANAGE_ALERTS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_channel(request: TeamRequest, kind: str) -> HttpResponseBase:
    """The form of a new channel. A signing secret that was made is shown once, on its page."""
    chosen = CHANNELS.get(kind)
    if chosen is None:
        raise Http404("No such kind of channel.")
    settings: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    name = chosen.label
    if request.method == "POST":
        wanted = wanted_of(chosen, request.POST)
        try:
            made, secret = save_channel(request.team.id, wanted, timezone.now())
        except ChannelRefused as refused:
            settings, reasons, name = dict(wanted.settings), refused.reasons, wanted.name
        else:
            page = reverse("channel", args=[request.team.slug, made.id])
            if secret:
                context = {"one": made, "secret": secret, "page": page, "kind": chosen}
                return TemplateResponse(request, "alerts/channels/secret.html", context)
            messages.success(request, _("Added. Send a test to see whether it arrives."))
            return HttpResponseRedirect(page)
    context = {
        "kind": chosen,
        "fields": form_fields(request.team.id, chosen, settings, reasons),
        "name": name,
        "is_active": True,
        "reasons": reasons,
        "errors": told_reasons(chosen, reasons),
    }
    return TemplateResponse(request, "alerts/channels/add.html", context, status=422 if reasons else 200)


def place_of(row: ChannelRow) -> str:
    """Where it leads, as far as that is no secret."""
    return CHANNELS[row.channel.kind].place(row.channel.settings, {})


def place_words(row: ChannelRow) -> str:
    """The kind with where it leads: `Webhook, hooks.example`; a place that names the kind itself says enough."""
    kind, place = CHANNELS[row.channel.kind], place_of(row)
    return place if place.startswith(kind.english) else ", ".join(filter(None, (kind.label, place)))


def _cells(row: ChannelRow) -> tuple[Any, ...]:
    one = row.channel
    times = [at.isoformat() if at else None for at in (one.last_success_at, one.last_error_at)]
    return (
        *(one.name, one.kind, place_of(row), row.state, times[0], row.waiting, row.given_up),
        *(one.last_error, times[1], one.id),
    )
