"""Routes: saved, ordered, removed, tried out; and the one that a team without any gets with its first incident."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.audit import record, remove_told
from accounts.mailing import can_send
from accounts.models import Membership
from accounts.permissions import Role
from alerts.analysis.conditions import Severity
from alerts.analysis.matchers import Facts, Matchers, faults, is_any_match
from alerts.analysis.quiet_times import QuietHours
from alerts.analysis.routing import Path, paths_for
from alerts.models import Channel, ChannelKind, Incident, Route, RouteStep
from alerts.reads.matchers import unknown_values
from alerts.reads.routes import listing, path_of
from alerts.reads.subjects import subjects_of
from monitoring.models import Workflow

MAX_ROUTES = 500
MAX_NAME = 120
MAX_STEPS = 20
LONGEST_AFTER = timedelta(days=7)
DEFAULT_NAME, DEFAULT_CHANNEL = "Everything", "E-mail to owners and admins"
TELLING_ROLES = (Role.OWNER, Role.ADMIN)


class RouteRefused(Exception):
    """A route that cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class WantedRoute:
    """A route as somebody wants it: `steps` are channels, and how long after the beginning each is told."""

    name: str
    steps: Sequence[tuple[UUID, timedelta]]
    matchers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    quiet_hours: Mapping[str, Any] | None = None
    is_final: bool = True
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Tried:
    """A route in a try-out: whether it matches, and whether an incident would take it."""

    path: Path
    is_match: bool
    is_taken: bool


@transaction.atomic
def save_route(*, team_id: UUID, wanted: WantedRoute, now: datetime, route_id: UUID | None = None) -> Route:
    """Makes a route, the last one in order, or changes one. Raises `RouteRefused` and `Route.DoesNotExist`."""
    if route_id is None:
        one = _new_route(team_id, now)
    else:
        one = Route.objects.select_for_update().get(team_id=team_id, id=route_id)
    if reasons := _faults(team_id, wanted, one.matchers):
        raise RouteRefused(reasons)
    one.name, one.is_final, one.is_active = wanted.name.strip(), wanted.is_final, wanted.is_active
    one.matchers = {name: list(values) for name, values in wanted.matchers.items() if values}
    one.quiet_hours = dict(wanted.quiet_hours) if wanted.quiet_hours else None
    one.save()
    _tell_steps(team_id, one, wanted)
    RouteStep.objects.filter(team_id=team_id, route_id=one.id).delete()
    steps = sorted({(int(after.total_seconds()), id) for id, after in wanted.steps})
    RouteStep.objects.bulk_create(
        RouteStep(team_id=team_id, route=one, channel_id=id, after_s=after) for after, id in steps
    )
    return one


def _tell_steps(team_id: UUID, one: Route, wanted: WantedRoute) -> None:
    """Where a route leads is kept in rows of their own; the log tells it as what it is, a setting of the route."""
    rows = RouteStep.objects.filter(team_id=team_id, route_id=one.id).order_by("after_s", "channel_id")
    before = [f"{channel} after {after} s" for channel, after in rows.values_list("channel__name", "after_s")]
    names = dict(Channel.objects.filter(team_id=team_id).values_list("id", "name"))
    steps = sorted((int(after.total_seconds()), id) for id, after in wanted.steps)
    after = [f"{names.get(id, id)} after {seconds} s" for seconds, id in steps]
    if before != after:
        record("route.steps_changed", one, before={"steps": before}, after={"steps": after})


def _new_route(team_id: UUID, now: datetime) -> Route:
    """One below all others, not saved. Raises `RouteRefused` when there are too many."""
    mine = Route.objects.filter(team_id=team_id)
    if mine.count() >= MAX_ROUTES:
        raise RouteRefused({"name": _("cannot be added: a team has at most {count} routes").format(count=MAX_ROUTES)})
    last = mine.aggregate(last=Max("position"))["last"]
    return Route(team_id=team_id, position=(last or 0) + 1, created_at=now)


@transaction.atomic
def remove_route(*, team_id: UUID, route_id: UUID) -> bool:
    """Removes a route; whether there was one."""
    RouteStep.objects.filter(team_id=team_id, route_id=route_id).delete()
    return bool(remove_told(Route.objects.filter(team_id=team_id, id=route_id)))


@transaction.atomic
def move_route(*, team_id: UUID, route_id: UUID, is_up: bool) -> bool:
    """Moves a route by one place; whether there is such a one."""
    routes = _in_order(team_id)
    place = next((number for number, one in enumerate(routes) if one.id == route_id), None)
    if place is None:
        return False
    other = place - 1 if is_up else place + 1
    if 0 <= other < len(routes):
        routes[place], routes[other] = routes[other], routes[place]
    _number(routes)
    return True


@transaction.atomic
def place_route(*, team_id: UUID, route_id: UUID, position: int) -> None:
    """Moves a route to a place in the order, 1 being the first. Raises `RouteRefused` and `Route.DoesNotExist`."""
    routes = _in_order(team_id)
    one = next((one for one in routes if one.id == route_id), None)
    if one is None:
        raise Route.DoesNotExist
    if not 1 <= position <= len(routes):
        raise RouteRefused({"position": _("must be 1 to {most}").format(most=len(routes))})
    routes.remove(one)
    routes.insert(position - 1, one)
    _number(routes)


def _in_order(team_id: UUID) -> list[Route]:
    """All routes of a team, locked."""
    return list(Route.objects.select_for_update().filter(team_id=team_id).order_by("position", "id"))


def _number(routes: Sequence[Route]) -> None:
    for number, one in enumerate(routes, start=1):
        one.position = number
    Route.objects.bulk_update(routes, ["position"])
    record("route.order_changed", ("route", "", "Order of routes"), after={"order": [one.name for one in routes]})


def tried_facts(team_id: UUID, told: Mapping[str, str], workflow: Workflow | None) -> Facts:
    """The facts of an incident that a try-out makes up: values by name (empty: unknown), and its workflow's."""
    facts = {name: frozenset([value] if value else []) for name, value in told.items()}
    if workflow is None:
        return facts
    subject = subjects_of(team_id, [workflow.id])[workflow.id]
    owner, group = subject.owner_id, subject.group_id
    facts["owner"] = frozenset([str(owner)] if owner else [])
    facts["group"] = frozenset([str(group)] if group else [])
    facts["tag"] = frozenset(subject.tags)
    return facts


def try_out(team_id: UUID, facts: Facts) -> list[Tried]:
    """Which routes an incident with these facts would take, all routes in their order."""
    routes = listing(team_id)
    paths = [path_of(one) for one in routes]
    active = [path for path, one in zip(paths, routes, strict=True) if one.route.is_active]
    taken = {path.id for path in paths_for(active, [facts])}
    return [Tried(path, is_any_match(path.matchers, [facts]), path.id in taken) for path in paths]


def ensure_default(team_id: UUID, now: datetime) -> None:
    """Gives a team its first route before its first incident: e-mail to its owners and admins.

    Only where nobody has made a channel or a route, and the installation has a mail server. Taken away it stays away.
    """
    models = (Route, Channel, Incident)
    if not can_send() or any(model.objects.filter(team_id=team_id).exists() for model in models):
        return
    people = Membership.objects.filter(team_id=team_id, role__in=TELLING_ROLES).order_by("created_at", "id")
    members = [str(id) for id in people.values_list("user_id", flat=True)]
    settings = {"members": members, "groups": [], "addresses": []}
    channel = Channel.objects.create(
        team_id=team_id, kind=ChannelKind.EMAIL, name=DEFAULT_CHANNEL, settings=settings, created_at=now
    )
    save_route(team_id=team_id, wanted=WantedRoute(DEFAULT_NAME, [(channel.id, timedelta(0))]), now=now)


def _faults(team_id: UUID, wanted: WantedRoute, kept: Matchers) -> dict[str, str]:
    found: dict[str, str] = faults(wanted.matchers) or unknown_values(team_id, wanted.matchers, kept)
    if not wanted.name.strip() or len(wanted.name) > MAX_NAME:
        found["name"] = _("must be told, with at most {count} characters").format(count=MAX_NAME)
    ids = {id for id, _after in wanted.steps}
    if not ids or len(wanted.steps) > MAX_STEPS:
        found["channels"] = _("must be 1 to {most}").format(most=MAX_STEPS)
    elif Channel.objects.filter(team_id=team_id, id__in=ids).count() != len(ids):
        found["channels"] = _("must be channels of the team")
    if any(not timedelta(0) <= after <= LONGEST_AFTER for _id, after in wanted.steps):
        found["escalation"] = _("must be told after 0 minutes to {days} days").format(days=LONGEST_AFTER.days)
    elif any(after % timedelta(minutes=1) for _id, after in wanted.steps):
        found["escalation"] = _("must be whole minutes, such as 15")
    return found | (_quiet_faults(wanted.quiet_hours) if wanted.quiet_hours else {})


def _quiet_faults(told: Mapping[str, Any]) -> dict[str, str]:
    try:
        hours = QuietHours.from_document(told)
    except (KeyError, TypeError):
        return {"quiet hours": _("must have a beginning and an end, such as 22:00")}
    except ValueError as error:
        return {"quiet hours": _("cannot be read: {why}").format(why=error)}
    if hours.is_always:
        return {"quiet hours": _("must end at some time")}
    if not hours.severities <= {one.value for one in Severity}:
        return {"quiet hours": _("must be of severities out of: {words}").format(words=", ".join(Severity))}
    return {}
