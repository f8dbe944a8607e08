"""The issue tracker of a team: where improvements are pushed to, what was sent, and trying it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from accounts.retrying import Verdict
from accounts.services.pushes import PushRefused
from accounts.services.pushes import change_secret as renew_secret
from accounts.tenancy import team_context
from accounts.views.pushes import try_push
from monitoring.models import DeliveryStatus, Tracker, TrackerEvent
from monitoring.reads import tracker as reads
from monitoring.services import tracker as services
from monitoring.services.tracker_sending import deliver
from monitoring.templatetags.components import Sign
from monitoring.views.csv import csv_response

HEAD = ("at", "event", "improvement", "status", "tries", "last_try_at", "answer", "error")
SIGNS = {
    DeliveryStatus.WAITING: Sign("clock", gettext_noop("Waiting"), "run"),
    DeliveryStatus.SENT: Sign("ok", gettext_noop("Sent"), "ok"),
    DeliveryStatus.FAILED: Sign("fail", gettext_noop("Given up"), "fail"),
}


@team_page(Permission.MANAGE_KEYS)
@require_http_methods(["GET", "HEAD", "POST"])
def tracker(request: TeamRequest) -> HttpResponseBase:
    """The settings with the deliveries, or with `format=csv` those."""
    one = reads.find(request.team.id)
    if request.GET.get("format") == "csv":
        return csv_response("tracker-deliveries.csv", HEAD, [_cells(row) for row in reads.deliveries(request.team.id)])
    if request.method != "POST":
        return _page(request, one)
    url, events = request.POST.get("url", "").strip(), request.POST.getlist("events")
    is_active = request.POST.get("is_active") == "on"
    try:
        saved, secret = services.save_tracker(
            team_id=request.team.id, url=url, events=events, is_active=is_active, now=timezone.now()
        )
    except PushRefused as refused:
        return _page(request, one, told={"url": url, "events": events, "is_active": is_active}, reasons=refused.reasons)
    if secret:
        return _page(request, saved, secret=secret)
    messages.success(request, _("Saved. What waits is tried again now."))
    return _back(request)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def change_secret(request: TeamRequest) -> HttpResponseBase:
    """A new secret, shown once."""
    one = _open(request)
    return _page(request, one, secret=renew_secret(one))


@team_page(Permission.MANAGE_KEYS)
@require_POST
def try_tracker(request: TeamRequest) -> HttpResponseBase:
    """Sends a test and says what the tracker answered."""
    one, now = _open(request), timezone.now()

    def send() -> tuple[bool, str]:
        with team_context(request.team.id):
            made = services.queue_test(one, now)
        sent = deliver(request.team.id, made.id, now)
        if sent is not None and sent.result.verdict is Verdict.TAKEN:
            return True, _(": it was answered with {status}").format(status=sent.status)
        return False, sent.result.reason if sent else ""

    try_push(request, send)
    return _back(request)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def send_again(request: TeamRequest, delivery: UUID) -> HttpResponseBase:
    """Sends a delivery once more, within seconds."""
    if not services.send_again(team_id=request.team.id, delivery_id=delivery, now=timezone.now()):
        raise Http404("No such delivery.")
    messages.success(request, _("It is sent again within seconds."))
    return _back(request)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def remove(request: TeamRequest) -> HttpResponseBase:
    """Removes the tracker with its deliveries."""
    services.remove_tracker(_open(request))
    messages.success(request, _("The issue tracker was removed. Links to its issues stay."))
    return _back(request)


def _open(request: TeamRequest) -> Tracker:
    one = reads.find(request.team.id)
    if one is None:
        raise Http404("No tracker.")
    return one


def _back(request: TeamRequest) -> HttpResponseBase:
    return HttpResponseRedirect(reverse("tracker", args=[request.team.slug]))


def _page(
    request: TeamRequest,
    one: Tracker | None,
    *,
    told: dict[str, Any] | None = None,
    reasons: dict[str, str] | None = None,
    secret: str = "",
) -> HttpResponseBase:
    kept = {"url": one.url if one else "", "events": one.events if one else TrackerEvent.values}
    told = told or {**kept, "is_active": one.is_active if one else True}
    context = {
        "one": one,
        "told": told,
        "reasons": reasons or {},
        "secret": secret,
        "events": [(value, label, value in told["events"]) for value, label in TrackerEvent.choices],
        "rows": [(row, SIGNS[DeliveryStatus(row.status)]) for row in reads.deliveries(request.team.id)],
        "waiting": reads.waiting(request.team.id),
    }
    return TemplateResponse(request, "tracker/tracker.html", context, status=422 if reasons else 200)


def _cells(row: Any) -> tuple[Any, ...]:
    return (
        *(row.created_at.isoformat(), row.kind, row.improvement.title if row.improvement else None, row.status),
        *(row.tries, row.tried_at.isoformat() if row.tried_at else None, row.answer_status, row.last_error),
    )
