"""Routes: which channels are told of which incidents, in order; saved, moved, removed and tried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.mailing import can_send
from accounts.permissions import Permission
from alerts.analysis.conditions import severity_in_text, severity_word
from alerts.models import Route, RouteStep
from alerts.reads import routes as reads
from alerts.reads.incident_samples import as_uuid
from alerts.reads.matchers import matcher_words, options_of
from alerts.services.routes import RouteRefused, WantedRoute, move_route, remove_route, save_route, tried_facts, try_out
from alerts.views.matcher_form import FIELDS, fields_of, told_by
from alerts.wording import both
from monitoring.presentation import Link
from monitoring.reads.workflows import find
from monitoring.views.csv import csv_response

HEADER = ("Order", "Route", "Matches", "Channels", "Quiet hours", "Ends the search", "Active")
DAYS = (
    *(gettext_noop("Mon"), gettext_noop("Tue"), gettext_noop("Wed"), gettext_noop("Thu")),
    *(gettext_noop("Fri"), gettext_noop("Sat"), gettext_noop("Sun")),
)
# What can be refused, as a sentence names it; matchers by their own names.
_FIELDS = {
    "name": gettext_noop("name"),
    "channels": gettext_noop("channels"),
    "escalation": gettext_noop("escalation"),
    "quiet hours": gettext_noop("quiet hours"),
    **FIELDS,
}
STEP_ROWS = 6
# What the try-out asks for.
TRIED = ("workflow", "environment", "severity", "metric", "rule")


@dataclass(frozen=True, slots=True)
class Row:
    """A route as the list shows it; `ends_at` is the earlier one at which the search always ends."""

    listed: reads.ListedRoute
    matches: str
    steps: str
    quiet: str
    tried: str
    ends_at: str


def tabs(team: str, current: str) -> list[Link]:
    """The pages about who is told."""
    pages = (
        *(("incidents", _("Incidents")), ("routes", _("Routes"))),
        ("silences", _("Silences and maintenance")),
    )
    return [Link(label, reverse(name, args=[team]), name == current) for name, label in pages]


@team_page(Permission.VIEW_FIGURES)
@require_safe
def routes(request: TeamRequest) -> HttpResponseBase:
    """The ordered list with the try-out, or with `format=csv` its rows."""
    options, listed = options_of(request.team.id), reads.listing(request.team.id)
    tried = _tried(request)
    rows = [row_of(one, options, tried, last) for one, last in zip(listed, ends_before(listed), strict=True)]
    if request.GET.get("format") == "csv":
        return csv_response("routes.csv", HEADER, [_cells(number, row) for number, row in enumerate(rows, start=1)])
    may_manage = request.membership.allows(Permission.MANAGE_ALERTS)
    context = {
        "rows": rows,
        "tabs": tabs(request.team.slug, "routes"),
        "may_manage": may_manage,
        "is_tried": bool(tried),
        "is_lost": bool(tried) and "taken" not in tried.values(),
        "try_fields": fields_of({name: options[name] for name in TRIED}, {n: request.GET.getlist(n) for n in TRIED}),
        "has_channel": bool(reads.channels_of(request.team.id)),
        "can_send": can_send(),
    }
    return TemplateResponse(request, "routes/routes.html", context)


@team_page(Permission.MANAGE_ALERTS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_route(request: TeamRequest) -> HttpResponseBase:
    """The form of a new route."""
    return _form(request, None)


@team_page(Permission.MANAGE_ALERTS)
@require_http_methods(["GET", "HEAD", "POST"])
def route(request: TeamRequest, route: UUID) -> HttpResponseBase:
    """The form of a route."""
    found = next((one for one in reads.listing(request.team.id) if one.route.id == route), None)
    if found is None:
        raise Http404("No such route.")
    return _form(request, found)


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def move(request: TeamRequest, route: UUID) -> HttpResponseBase:
    """Moves a route up or down (`to`)."""
    if not move_route(team_id=request.team.id, route_id=route, is_up=request.POST.get("to") == "up"):
        raise Http404("No such route.")
    return HttpResponseRedirect(reverse("routes", args=[request.team.slug]))


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def remove(request: TeamRequest, route: UUID) -> HttpResponseBase:
    """Removes a route."""
    if not remove_route(team_id=request.team.id, route_id=route):
        raise Http404("No such route.")
    messages.success(request, _("Route removed."))
    return HttpResponseRedirect(reverse("routes", args=[request.team.slug]))


def _form(request: TeamRequest, found: reads.ListedRoute | None) -> HttpResponseBase:
    reasons: dict[str, str] = {}
    route_id = found.route.id if found else None
    told = _kept(found)
    if request.method == "POST":
        told = _told(request.POST)
        try:
            save_route(team_id=request.team.id, wanted=_wanted(told), now=timezone.now(), route_id=route_id)
        except Route.DoesNotExist:
            raise Http404("No such route.") from None
        except RouteRefused as refused:
            reasons = {_(_FIELDS.get(name, name)): reason for name, reason in refused.reasons.items()}
        else:
            messages.success(request, _("Route saved."))
            return HttpResponseRedirect(reverse("routes", args=[request.team.slug]))
    quiet = told["quiet"]
    context = {
        "editing": found.route if found else None,
        "told": told,
        "reasons": reasons,
        "fields": fields_of(options_of(request.team.id), told["matchers"]),
        "channels": [(str(one.id), one.name) for one in reads.channels_of(request.team.id)],
        "step_rows": [*told["steps"], *[("", "")] * (max(STEP_ROWS - len(told["steps"]), 1))],
        "days": [(str(number), _(name), str(number) in quiet["days"]) for number, name in enumerate(DAYS)],
        "severities": [
            (name, severity_word(name), name in quiet["severities"]) for name in ("info", "warning", "critical")
        ],
        "tabs": tabs(request.team.slug, "routes"),
    }
    return TemplateResponse(request, "routes/form.html", context, status=422 if reasons else 200)


def _kept(found: reads.ListedRoute | None) -> dict[str, Any]:
    quiet: Mapping[str, Any] = (found.route.quiet_hours or {}) if found else {}
    return {
        "name": found.route.name if found else "",
        "matchers": found.route.matchers if found else {},
        "steps": [(str(one.channel_id), f"{one.after_s // 60}") for one in found.steps] if found else [],
        "is_final": found.route.is_final if found else True,
        "is_active": found.route.is_active if found else True,
        "quiet": {
            "zone": quiet.get("zone", timezone.get_current_timezone_name()),
            "from": quiet.get("from", ""),
            "to": quiet.get("to", ""),
            "days": [str(day) for day in quiet.get("days", range(7))],
            "severities": list(quiet.get("severities", ("info", "warning"))),
        },
    }


def _told(post: QueryDict) -> dict[str, Any]:
    pairs = zip(post.getlist("channel")[:30], post.getlist("after")[:30], strict=False)
    return {
        "name": post.get("name", "").replace("\x00", "").strip(),
        "matchers": told_by(post),
        "steps": [(channel, after.strip()) for channel, after in pairs if channel],
        "is_final": post.get("is_final") == "on",
        "is_active": post.get("is_active") == "on",
        "quiet": {
            **{name: post.get(f"quiet_{name}", "").strip() for name in ("zone", "from", "to")},
            "days": post.getlist("quiet_days"),
            "severities": post.getlist("quiet_severities"),
        },
    }


def _wanted(told: Mapping[str, Any]) -> WantedRoute:
    """What the form asks for. Raises `RouteRefused` for what cannot be read."""
    steps = []
    for channel, after in told["steps"]:
        id, minutes = as_uuid(channel), after or "0"
        if id is None:
            raise RouteRefused({"channels": _("must be channels of the team")})
        if not minutes.isascii() or not minutes.isdigit() or len(minutes) > 6:
            raise RouteRefused({"escalation": _("must be whole minutes, such as 15")})
        steps.append((id, timedelta(minutes=int(minutes))))
    quiet = told["quiet"]
    hours: dict[str, Any] | None = None
    if quiet["from"] or quiet["to"]:
        days = [int(day) for day in quiet["days"] if day.isascii() and day.isdigit()]
        hours = {**quiet, "days": days}
        if not hours["from"] or not hours["to"]:
            raise RouteRefused({"quiet hours": _("must have a beginning and an end, such as 22:00")})
    return WantedRoute(told["name"], steps, told["matchers"], hours, told["is_final"], told["is_active"])


def _tried(request: TeamRequest) -> dict[UUID, str]:
    """What the try-out found, by route: `taken`, `matches` or nothing; empty without one."""
    told = {name: request.GET.get(name, "").replace("\x00", "") for name in TRIED}
    if not any(told.values()):
        return {}
    workflow = find(request.team.id, told["workflow"]) if told["workflow"] else None
    found = try_out(request.team.id, tried_facts(request.team.id, told, workflow))
    return {one.path.id: "taken" if one.is_taken else "matches" if one.is_match else "" for one in found}


def ends_before(listed: Sequence[reads.ListedRoute]) -> list[str]:
    """For each route the name of an earlier one that takes everything and ends the search; empty: it is reached."""
    found, last = [], ""
    for one in listed:
        found.append(last)
        if not last and one.route.is_active and one.route.is_final and not any(one.route.matchers.values()):
            last = one.route.name
    return found


def row_of(
    one: reads.ListedRoute, options: Mapping[str, list[tuple[str, str]]], tried: Mapping[UUID, str], ends_at: str
) -> Row:
    """A route in words; `ends_at`: the earlier route at which the search always ends."""
    then = _("{first}, then {last}")
    steps = [_step(step) for step in one.steps]
    told = reduce(lambda first, last: then.format(first=first, last=last), steps) if steps else ""
    matches = matcher_words(one.route.matchers, options)
    quiet = quiet_words(one.route.quiet_hours)
    return Row(one, matches, told, quiet, tried.get(one.route.id, ""), ends_at)


def _step(step: RouteStep) -> str:
    words = step.channel.name
    if step.after_s:
        words = _("{channel} after {minutes} min").format(channel=words, minutes=step.after_s // 60)
    return words if step.channel.is_active else _("{step} (switched off)").format(step=words)


def quiet_words(told: Mapping[str, Any] | None) -> str:
    """Quiet hours as a phrase: `22:00 to 07:00 Europe/Berlin, for info and warning`; empty without any."""
    if not told:
        return ""
    days = sorted(told.get("days") or range(7))
    words = _("{start} to {end} {zone}").format(start=told.get("from"), end=told.get("to"), zone=told.get("zone"))
    if len(days) < 7:
        words = _("{hours} on {days}").format(hours=words, days=", ".join(_(DAYS[day]) for day in days))
    if told.get("severities"):
        whose = both([severity_in_text(one) for one in told["severities"]])
        words = _("{hours}, for {severities}").format(hours=words, severities=whose)
    return words


def _cells(number: int, row: Row) -> list[Any]:
    one = row.listed.route
    return [number, one.name, row.matches, row.steps, row.quiet, one.is_final, one.is_active]
