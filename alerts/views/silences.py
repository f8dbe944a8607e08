"""Silences and maintenance windows: in force, to come, and past; added with a reason and an end, ended early."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from alerts.analysis.quiet_times import SilenceState
from alerts.models import Silence, SilenceKind
from alerts.reads.matchers import Options, matcher_words, options_of
from alerts.reads.silences import state_of
from alerts.services.silences import SilenceRefused, WantedSilence, add_silence, end_silence
from alerts.views.matcher_form import FIELDS, fields_of, told_by
from alerts.views.routes import tabs
from monitoring import wording
from monitoring.analysis.schedule import zone_fault
from monitoring.templatetags.components import Sign
from monitoring.views.csv import csv_response

HEADER = ("Kind", "Status", "Matches", "Reason", "From", "Until", "Comes again", "By")
MAX_SHOWN = 500
SIGNS = {
    SilenceState.ACTIVE: Sign("moon", gettext_noop("In force"), "run"),
    SilenceState.WAITING: Sign("clock", gettext_noop("Between two times"), "idle"),
    SilenceState.COMING: Sign("cal", gettext_noop("To come"), "acc"),
    SilenceState.PAST: Sign("skip", gettext_noop("Over"), "idle"),
}
# What can be refused, as a sentence names it; matchers by their own names.
_FIELDS = {
    "kind": gettext_noop("kind"),
    "reason": gettext_noop("reason"),
    "start": gettext_noop("start"),
    "end": gettext_noop("end"),
    "duration": gettext_noop("duration"),
    "cron": gettext_noop("cron expression"),
    "zone": gettext_noop("time zone"),
    **FIELDS,
}
SAID = {
    SilenceKind.SILENCE.value: gettext_noop(
        "Saved. While it is in force, incidents that match open and send no notice."
    ),
    SilenceKind.MAINTENANCE.value: gettext_noop("Saved. While it is in force, no incident that matches opens."),
}
TEXTS = ("kind", "reason", "starts", "ends", "zone", "cron", "minutes")


@dataclass(frozen=True, slots=True)
class Row:
    """A silence as the table shows it."""

    silence: Silence
    sign: Sign
    is_over: bool
    matches: str
    again: str
    by: str


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def silences(request: TeamRequest) -> HttpResponseBase:
    """The list with the form, or with `format=csv` its rows; a POST adds one."""
    may_manage = request.membership.allows(Permission.MANAGE_ALERTS)
    told, reasons, now = _empty(), dict[str, str](), timezone.now()
    if request.method == "POST":
        if not may_manage:
            raise Http404("No such page.")
        told = {name: request.POST.get(name, "").replace("\x00", "").strip() for name in TEXTS}
        try:
            wanted = wanted_of(request.POST, told, now)
            add_silence(team_id=request.team.id, wanted=wanted, by=request.user, now=now)
        except SilenceRefused as refused:
            reasons = {_(_FIELDS.get(name, name)): reason for name, reason in refused.reasons.items()}
        else:
            messages.success(request, _(SAID[wanted.kind]))
            return HttpResponseRedirect(reverse("silences", args=[request.team.slug]))
    options = options_of(request.team.id)
    rows = rows_of(request.team.id, options, now)
    if request.GET.get("format") == "csv":
        return csv_response("silences.csv", HEADER, [_cells(row) for row in rows])
    context = {
        "rows": rows,
        "tabs": tabs(request.team.slug, "silences"),
        "may_manage": may_manage,
        "told": told,
        "reasons": reasons,
        "kinds": SilenceKind.choices,
        "fields": fields_of(options, told_by(request.POST)),
        "shown": _("first {count} shown").format(count=MAX_SHOWN) if len(rows) == MAX_SHOWN else "",
    }
    return TemplateResponse(request, "silences/silences.html", context, status=422 if reasons else 200)


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def end(request: TeamRequest, silence: UUID) -> HttpResponseBase:
    """Ends one now."""
    if not end_silence(team_id=request.team.id, silence_id=silence, now=timezone.now()):
        raise Http404("No such silence.")
    messages.success(request, _("Ended. What still stands is told now."))
    return HttpResponseRedirect(reverse("silences", args=[request.team.slug]))


def _empty() -> dict[str, str]:
    now = timezone.localtime()
    times = {"starts": f"{now:%Y-%m-%dT%H:%M}", "ends": f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M}"}
    zone = timezone.get_current_timezone_name()
    return {**dict.fromkeys(TEXTS, ""), **times, "kind": SilenceKind.SILENCE.value, "zone": zone}


def wanted_of(post: QueryDict, told: Mapping[str, str], now: datetime) -> WantedSilence:
    """What the form asks for. Raises `SilenceRefused` for what cannot be read."""
    zone = _zone(told["zone"] or "UTC")
    starts = _instant("start", told["starts"], zone) if told["starts"] else now
    minutes = told["minutes"]
    if minutes and (not minutes.isascii() or not minutes.isdigit() or len(minutes) > 6):
        raise SilenceRefused({"duration": _("must be whole minutes")})
    return WantedSilence(
        reason=told["reason"],
        starts_at=starts,
        ends_at=_instant("end", told["ends"], zone),
        kind=told["kind"] or SilenceKind.SILENCE.value,
        matchers=told_by(post),
        cron=told["cron"],
        zone=zone.key,
        duration=timedelta(minutes=int(minutes)) if minutes else None,
    )


def _zone(name: str) -> ZoneInfo:
    if fault := zone_fault(name):
        raise SilenceRefused({"zone": fault})
    return ZoneInfo(name)


def _instant(field: str, text: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SilenceRefused({field: _("must be a date and a time")}) from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def rows_of(team_id: UUID, options: Options, now: datetime) -> list[Row]:
    """Silences in force first, then those to come, then past ones, the latest end first."""
    found = Silence.objects.filter(team_id=team_id).select_related("created_by").order_by("-ends_at", "id")[:MAX_SHOWN]
    rows = [_row(one, options, now) for one in found]
    order = list(SIGNS.values())
    return sorted(rows, key=lambda row: order.index(row.sign))


def _row(one: Silence, options: Options, now: datetime) -> Row:
    state, again = state_of(one, now), ""
    if one.cron:
        length = wording.plain_duration_ms((one.duration_s or 0) * 1000)
        again = _("{schedule}, for {length}").format(schedule=f"{one.cron} ({one.zone})", length=length)
    by = one.created_by.email if one.created_by else _("an API key")
    return Row(one, SIGNS[state], state is SilenceState.PAST, matcher_words(one.matchers, options), again, by)


def _cells(row: Row) -> list[Any]:
    one = row.silence
    times = (one.starts_at.isoformat(), one.ends_at.isoformat())
    return [one.kind, row.sign.word, row.matches, one.reason, *times, row.again, row.by]
