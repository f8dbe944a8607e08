"""Where the audit log of a team is pushed to: the address, how far it has come, what waits, a test."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import TeamRequest, team_page
from accounts.models import AuditStream, StreamFormat
from accounts.outgoing_uses import Use, is_on
from accounts.permissions import Permission
from accounts.reads.audit_stream import backlog_of, find_stream
from accounts.retrying import Verdict
from accounts.services import audit_stream as services
from accounts.services.audit_sending import send_test
from accounts.services.pushes import PushRefused
from accounts.services.pushes import change_secret as renew_secret
from accounts.views.pushes import try_push


@team_page(Permission.VIEW_AUDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def audit_stream(request: TeamRequest) -> HttpResponseBase:
    """The settings; a POST saves them, and shows a new secret once."""
    one = find_stream(request.team.id)
    if request.method != "POST":
        return _page(request, one)
    url, is_active = request.POST.get("url", "").strip(), request.POST.get("is_active") == "on"
    told: dict[str, Any] = {
        "url": url,
        "is_active": is_active,
        "format": request.POST.get("format", StreamFormat.LINES),
    }
    from_start = request.POST.get("from_start") == "on"
    try:
        saved, secret = services.save_stream(team_id=request.team.id, from_start=from_start, now=timezone.now(), **told)
    except PushRefused as refused:
        return _page(request, one, told=told, reasons=refused.reasons)
    if secret:
        return _page(request, saved, secret=secret)
    messages.success(request, _("Saved. What waits is tried again within seconds."))
    return _back(request)


@team_page(Permission.VIEW_AUDIT)
@require_POST
def change_secret(request: TeamRequest) -> HttpResponseBase:
    """A new secret, shown once."""
    one = _open(request)
    return _page(request, one, secret=renew_secret(one))


@team_page(Permission.VIEW_AUDIT)
@require_POST
def try_stream(request: TeamRequest) -> HttpResponseBase:
    """Sends a test and says what the receiver answered."""
    one = _open(request)

    def send() -> tuple[bool, str]:
        result = send_test(one, timezone.now())
        return result.verdict is Verdict.TAKEN, "" if result.verdict is Verdict.TAKEN else result.reason

    try_push(request, send)
    return _back(request)


@team_page(Permission.VIEW_AUDIT)
@require_POST
def remove(request: TeamRequest) -> HttpResponseBase:
    """Removes the stream."""
    services.remove_stream(_open(request))
    messages.success(request, _("The audit log is pushed no more. It can still be followed by the API."))
    return _back(request)


def _open(request: TeamRequest) -> AuditStream:
    one = find_stream(request.team.id)
    if one is None:
        raise Http404("No stream.")
    return one


def _back(request: TeamRequest) -> HttpResponseBase:
    return HttpResponseRedirect(reverse("audit_stream", args=[request.team.slug]))


def _page(
    request: TeamRequest,
    one: AuditStream | None,
    *,
    told: dict[str, Any] | None = None,
    reasons: dict[str, str] | None = None,
    secret: str = "",
) -> HttpResponseBase:
    known = one or AuditStream(url="")
    told = told or {"url": known.url, "is_active": known.is_active, "format": known.format}
    context = {
        "one": one,
        "told": told,
        "formats": [(value, label, value == told["format"]) for value, label in StreamFormat.choices],
        "reasons": reasons or {},
        "secret": secret,
        "backlog": backlog_of(one) if one else None,
        "next_at": _next_at(one),
        "is_switched_off": not is_on(Use.AUDIT),
    }
    return TemplateResponse(request, "settings/audit_stream.html", context, status=422 if reasons else 200)


def _next_at(one: AuditStream | None) -> datetime | None:
    """When what failed is tried again."""
    return services.due_at(one.team_id) if one and one.tries else None
