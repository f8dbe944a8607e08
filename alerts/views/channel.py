"""One channel: how it is doing, its settings, a test, what was sent to it."""

from collections.abc import Mapping
from threading import BoundedSemaphore
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
from accounts.retrying import Verdict
from alerts.channels import CHANNELS
from alerts.reads import deliveries
from alerts.reads.channels import ChannelRow, find
from alerts.services import channels as services
from alerts.views.channel_form import form_fields, told_reasons, wanted_of
from alerts.views.channel_signs import CHANNEL_SIGNS, delivery_sign, headline_of
from alerts.views.channels import place_of

SHOWN = 10
# A try waits for somebody else's server: it may not take all threads of this one.
_trying = BoundedSemaphore(2)


@team_page(Permission.MANAGE_ALERTS)
@require_http_methods(["GET", "HEAD", "POST"])
def channel(request: TeamRequest, channel: UUID) -> HttpResponseBase:
    """The page, or what its form asks for."""
    row = _open(request, channel)
    if request.method != "POST":
        return _page(request, row)
    wanted = wanted_of(CHANNELS[row.channel.kind], request.POST)
    try:
        saved, secret = services.save_channel(request.team.id, wanted, timezone.now(), row.channel)
    except services.ChannelRefused as refused:
        told = {"settings": wanted.settings, "name": wanted.name, "is_active": wanted.is_active}
        return _page(request, _open(request, channel), told=told, reasons=refused.reasons)
    if secret:
        return _secret(request, row, secret)
    messages.success(request, _("Saved. What waits is tried again now."))
    return _to(request, saved.id)


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def test_channel(request: TeamRequest, channel: UUID) -> HttpResponseBase:
    """Sends a test and says what the receiver answered."""
    one = _open(request, channel).channel
    if not _trying.acquire(blocking=False):
        messages.error(request, _("Other tests are under way. Try again in some seconds."))
        return _to(request, one.id)
    try:
        outcome = services.try_channel(one, timezone.now())
    finally:
        _trying.release()
    if outcome.result.verdict is Verdict.TAKEN:
        arrived = _("The test arrived. Look for it there.")
        answered = _("The test arrived: it was answered with {status}. Look for it there.")
        messages.success(request, answered.format(status=outcome.status) if outcome.status else arrived)
    else:
        messages.error(request, _("The test did not arrive. {reason}").format(reason=outcome.result.reason))
    return _to(request, one.id)


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def switch_channel(request: TeamRequest, channel: UUID) -> HttpResponseBase:
    """Switches a channel off, or on again."""
    one = _open(request, channel).channel
    services.switch_channel(one, timezone.now(), is_active=not one.is_active)
    off = _("Switched off: it is told of nothing new.")
    messages.success(request, _("Switched on. What waits is sent now.") if one.is_active else off)
    return _to(request, one.id)


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def change_channel_secret(request: TeamRequest, channel: UUID) -> HttpResponseBase:
    """A new signing secret of a webhook, shown once."""
    row = _open(request, channel)
    if row.channel.kind != "webhook":
        raise Http404("Only webhooks are signed.")
    return _secret(request, row, services.change_secret(row.channel))


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def remove_channel(request: TeamRequest, channel: UUID) -> HttpResponseBase:
    """Removes a channel with its deliveries and what waits for it."""
    one = _open(request, channel).channel
    services.remove_channel(one)
    messages.success(request, _("{name} was removed.").format(name=one.name))
    return HttpResponseRedirect(reverse("channels", args=[request.team.slug]))


def _open(request: TeamRequest, channel_id: UUID) -> ChannelRow:
    row = find(request.team.id, channel_id)
    if row is None:
        raise Http404("No such channel.")
    return row


def _to(request: TeamRequest, channel_id: UUID) -> HttpResponseBase:
    return HttpResponseRedirect(reverse("channel", args=[request.team.slug, channel_id]))


def _secret(request: TeamRequest, row: ChannelRow, secret: str) -> HttpResponseBase:
    one = row.channel
    page = reverse("channel", args=[request.team.slug, one.id])
    context = {"one": one, "secret": secret, "page": page, "kind": CHANNELS[one.kind]}
    return TemplateResponse(request, "alerts/channels/secret.html", context)


def _page(
    request: TeamRequest,
    row: ChannelRow,
    *,
    told: Mapping[str, Any] | None = None,
    reasons: Mapping[str, str] | None = None,
) -> HttpResponseBase:
    one, kind = row.channel, CHANNELS[row.channel.kind]
    told = told or {"settings": one.settings, "name": one.name, "is_active": one.is_active}
    found = deliveries.page(request.team.id, deliveries.Chosen(channel=str(one.id)), limit=SHOWN)
    context = {
        "row": row,
        "one": one,
        "kind": kind,
        "sign": CHANNEL_SIGNS[row.state],
        "place": place_of(row),
        "fields": form_fields(request.team.id, kind, told["settings"], reasons or {}, services.kept_names(one)),
        "name": told["name"],
        "is_active": told["is_active"],
        "reasons": reasons or {},
        "errors": told_reasons(kind, reasons or {}),
        "rows": [(each, delivery_sign(each), headline_of(each)) for each in found.rows],
        "deliveries_href": f"{reverse('alert_deliveries', args=[request.team.slug])}?channel={one.id}",
        "hides_channel": True,
        "may_manage": True,
    }
    return TemplateResponse(request, "alerts/channels/channel.html", context, status=422 if reasons else 200)
