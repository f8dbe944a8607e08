"""Routes as the plan of notices sees them, and as the page lists them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from alerts.analysis.quiet_times import QuietHours
from alerts.analysis.routing import Path, Step
from alerts.models import Channel, Route, RouteStep
from alerts.reads.incident_samples import as_uuid


@dataclass(frozen=True, slots=True)
class ListedRoute:
    """A route with its steps, those at once first."""

    route: Route
    steps: list[RouteStep]


def listing(team_id: UUID) -> list[ListedRoute]:
    """All routes of a team in their order, each with its steps and their channels. Two queries."""
    steps: defaultdict[UUID, list[RouteStep]] = defaultdict(list)
    told = RouteStep.objects.filter(team_id=team_id).select_related("channel")
    for step in told.order_by("after_s", "channel__name", "id"):
        steps[step.route_id].append(step)
    routes = Route.objects.filter(team_id=team_id).order_by("position", "id")
    return [ListedRoute(one, steps[one.id]) for one in routes]


def numbered_after(rows: Sequence[ListedRoute], after: str) -> list[tuple[int, ListedRoute]]:
    """Routes with their place in the order, 1 being the first: those after a cursor, or all."""
    place = read_cursor(after)
    numbered = enumerate(rows, start=1)
    return [(number, one) for number, one in numbered if place is None or (one.route.position, one.route.id) > place]


def write_cursor(one: ListedRoute) -> str:
    """The cursor for the routes below this one."""
    return f"{one.route.position}_{one.route.id}"


def read_cursor(text: str) -> tuple[int, UUID] | None:
    """Position and id that a cursor holds; None when it is empty or damaged."""
    position, _, id = text.partition("_")
    found = as_uuid(id)
    return (int(position), found) if found and position.isascii() and position.isdigit() else None


def paths_of(team_id: UUID) -> list[Path]:
    """The routes in force, in order: active ones with their active channels. Two queries."""
    return [path_of(one) for one in listing(team_id) if one.route.is_active]


def path_of(one: ListedRoute) -> Path:
    """A route as the plan sees it; channels that are switched off are left out."""
    route = one.route
    return Path(
        id=route.id,
        name=route.name,
        matchers=route.matchers,
        steps=[Step(step.channel_id, timedelta(seconds=step.after_s)) for step in one.steps if step.channel.is_active],
        quiet=QuietHours.from_document(route.quiet_hours) if route.quiet_hours else None,
        is_final=route.is_final,
    )


def channels_of(team_id: UUID) -> list[Channel]:
    """The channels that a route may name, by name."""
    return list(Channel.objects.filter(team_id=team_id).order_by("name", "id"))
