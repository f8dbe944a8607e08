"""Where a team's records are sent on to: does everything arrive?"""

from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.encryption import Unreadable
from accounts.permissions import Permission
from accounts.retrying import KEPT, Verdict
from ingestion.forwarding.presets import PRESETS
from ingestion.models import Destination, DestinationKind
from ingestion.reads.destinations import DestinationRow, State, find, listing
from ingestion.services import destinations as services
from ingestion.views.destination_forms import DestinationForm, initial_of, initial_of_preset, is_otlp
from ingestion.views.source_forms import errors_of
from monitoring.templatetags.components import Sign
from monitoring.views.csv import csv_response

HEAD = (
    *("destination", "kind", "host", "state", "last_success_at", "waiting_requests", "waiting_bytes", "oldest_at"),
    *("sent_requests", "dropped_requests", "last_error", "last_error_at"),
)
SIGNS = {
    State.FAILING: Sign("fail", gettext_noop("Failing"), "fail"),
    State.NEW: Sign("clock", gettext_noop("Nothing sent yet"), "idle"),
    State.SENDING: Sign("ok", gettext_noop("Sending"), "ok"),
    State.OFF: Sign("stop", gettext_noop("Switched off"), "idle"),
}
# A try waits for somebody else's server: it may not take all threads of this one.
_trying = BoundedSemaphore(2)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def destinations(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` its rows."""
    rows = listing(request.team.id)
    if request.GET.get("format") == "csv":
        return csv_response("destinations.csv", HEAD, [_cells(row) for row in rows])
    context = {
        "rows": [(row, SIGNS[row.state], DestinationKind(row.destination.kind).label) for row in rows],
        "failing": sum(row.state == State.FAILING for row in rows),
        "may_manage": request.membership.allows(Permission.MANAGE_KEYS),
    }
    return TemplateResponse(request, "destinations/destinations.html", context)


@team_page(Permission.MANAGE_KEYS)
@require_safe
def choose(request: TeamRequest) -> HttpResponseBase:
    """What records can be sent on to."""
    return TemplateResponse(
        request, "destinations/choose.html", {"presets": [one.spoken() for one in PRESETS.values()]}
    )


@team_page(Permission.MANAGE_KEYS)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: TeamRequest, preset: str) -> HttpResponseBase:
    """The form of a new destination."""
    chosen = PRESETS.get(preset)
    if chosen is None:
        raise Http404("No such preset.")
    form = DestinationForm(request.POST or None, kind=chosen.kind, initial=initial_of_preset(chosen))
    is_post = request.method == "POST"
    errors = []
    if is_post and form.is_valid():
        try:
            made = services.add_destination(request.team.id, form.wanted(chosen.slug), timezone.now())
        except services.TooMany as error:
            errors.append(str(error))
        else:
            messages.success(request, _("Added. Send a test to see whether it arrives."))
            return _to(request, made.id)
    context = {"form": form, "preset": chosen.spoken(), "errors": errors_of(form) + errors if is_post else []}
    status = 422 if is_post else 200
    return TemplateResponse(request, "destinations/add.html", {**context, **_about(chosen.kind)}, status=status)


@team_page(Permission.MANAGE_KEYS)
@require_http_methods(["GET", "HEAD", "POST"])
def destination(request: TeamRequest, destination: UUID) -> HttpResponseBase:
    """One destination: how it is doing, and its form."""
    row = _open(request, destination)
    one = row.destination
    form = DestinationForm(request.POST or None, kind=one.kind, kept=one, initial=initial_of(one))
    is_post = request.method == "POST"
    if is_post and form.is_valid():
        services.change_destination(one, form.wanted(one.preset), timezone.now())
        messages.success(request, _("Saved. What waits is tried again now."))
        return _to(request, one.id)
    preset = PRESETS.get(one.preset)
    context = {
        "row": row,
        "one": one,
        "sign": SIGNS[row.state],
        "kind": str(DestinationKind(one.kind).label),
        "preset": preset.spoken() if preset else None,
        "form": form,
        "errors": errors_of(form) if is_post else [],
        "kept_hours": int(KEPT.total_seconds() // 3600),
        **_about(one.kind),
    }
    return TemplateResponse(request, "destinations/destination.html", context, status=422 if is_post else 200)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def try_it(request: TeamRequest, destination: UUID) -> HttpResponseBase:
    """Sends one made-up execution and says what the receiver answered."""
    one = _open(request, destination).destination
    if not _trying.acquire(blocking=False):
        messages.error(request, _("Other tests are under way. Try again in some seconds."))
        return _to(request, one.id)
    try:
        result = services.try_destination(one, timezone.now())
    except Unreadable as error:
        messages.error(request, _("Not sent: {reason}. Enter the headers again.").format(reason=_(str(error))))
    else:
        if result.verdict is Verdict.TAKEN:
            messages.success(request, _("The test arrived: look for the workflow 'Steadyrun test' there."))
        else:
            messages.error(request, _("The test did not arrive. {reason}").format(reason=result.reason))
    finally:
        _trying.release()
    return _to(request, one.id)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def switch(request: TeamRequest, destination: UUID) -> HttpResponseBase:
    """Switches a destination off, or on again."""
    one = _open(request, destination).destination
    services.switch_destination(one, timezone.now(), is_active=not one.is_active)
    if one.is_active:
        messages.success(request, _("Switched on."))
    else:
        messages.success(request, _("Switched off: nothing more is put into its outbox within seconds."))
    return _to(request, one.id)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def delete(request: TeamRequest, destination: UUID) -> HttpResponseBase:
    """Removes a destination and what waits for it."""
    one = _open(request, destination).destination
    services.delete_destination(one)
    messages.success(request, _("{name} was removed.").format(name=one.name))
    return HttpResponseRedirect(reverse("destinations", args=[request.team.slug]))


def _open(request: TeamRequest, destination_id: UUID) -> DestinationRow:
    row = find(request.team.id, destination_id)
    if row is None:
        raise Http404("No such destination.")
    return row


def _to(request: TeamRequest, destination_id: UUID) -> HttpResponseBase:
    return HttpResponseRedirect(reverse("destination", args=[request.team.slug, destination_id]))


def _about(kind: str) -> dict[str, Any]:
    return {"is_otlp": is_otlp(kind), "has_index": kind in (DestinationKind.ELASTIC, DestinationKind.HEC)}


def _cells(row: DestinationRow) -> tuple[Any, ...]:
    one: Destination = row.destination
    times = [at.isoformat() if at else None for at in (one.last_success_at, row.waiting.oldest_at, one.last_error_at)]
    return (
        *(one.name, one.kind, row.host, row.state, times[0]),
        *(row.waiting.requests, row.waiting.bytes, times[1]),
        *(one.sent_count, one.dropped_count, one.last_error, times[2]),
    )
