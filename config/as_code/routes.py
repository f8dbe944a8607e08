"""Routes of notices, by name, in their order."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from rest_framework import serializers as s

from alerts.api.route_documents import RouteFieldsSerializer
from alerts.models import Channel, Route
from alerts.reads.routes import ListedRoute, listing
from alerts.services.routes import RouteRefused, WantedRoute, place_route, remove_route, save_route
from config.as_code.changes import Applying, Document, items
from config.as_code.reading import labelled, read_fields, valued


class _Step(s.Serializer[Any]):
    channel = s.CharField()
    after_s = s.IntegerField(required=False)


class _Fields(RouteFieldsSerializer):
    """With channels by name; the order is that of the file."""

    steps = _Step(many=True)  # type: ignore[assignment]
    position = None  # type: ignore[assignment]


class Routes:
    """A list of routes in their order. Routes that the file does not name come after those that it does."""

    name = "routes"

    def export(self, team_id: UUID) -> list[Document]:
        """All routes."""
        return [_document(one) for one in listing(team_id)]

    def apply(self, told: Any, at: Applying) -> None:
        """Makes or changes each route, then puts them into the file's order."""
        rows = listing(at.team_id)
        kept, order = {one.route.name: one for one in rows}, [one.route.name for one in rows]
        wanted = items(told, self.name, at)
        names = [item["name"] for _, item in wanted]
        if twice := sorted({name for name in names if order.count(name) > 1}):
            at.refuse(self.name, {"name": f"{twice[0]}: several routes of the team are called so: rename all but one"})
            return
        channels = dict(Channel.objects.filter(team_id=at.team_id).values_list("name", "id"))
        befores = {name: _document(one) for name, one in kept.items() if name in names}
        for place, item in wanted:
            self._save(item, kept.get(item["name"]), channels, place, at)
        afters = {one.route.name: _document(one) for one in listing(at.team_id)}
        for name in names:
            if name in afters:
                at.note(self.name, name, befores.get(name), afters[name])
        if at.is_pruning:
            for one in (one for one in rows if one.route.name not in names):
                before = _document(one)
                remove_route(team_id=at.team_id, route_id=one.route.id)
                at.note(self.name, one.route.name, before, None)
        if not at.faults:
            self._order(names, at)

    def _save(
        self, item: Document, kept: ListedRoute | None, channels: dict[str, UUID], place: str, at: Applying
    ) -> None:
        fields = read_fields(_Fields, item, place, at)
        if fields is None:
            return
        if unknown := [one["channel"] for one in fields["steps"] if one["channel"] not in channels]:
            at.refuse(place, {"steps": f"there is no channel {unknown[0]}: make it first, secrets are in no file"})
            return
        wanted = WantedRoute(
            name=fields["name"],
            steps=[(channels[one["channel"]], timedelta(seconds=one.get("after_s", 0))) for one in fields["steps"]],
            matchers=valued(at.team_id, fields.get("matchers", {}), place, at),
            quiet_hours=fields.get("quiet_hours"),
            is_final=fields.get("is_final", True),
            is_active=fields.get("is_active", True),
        )
        try:
            save_route(team_id=at.team_id, wanted=wanted, now=at.now, route_id=kept.route.id if kept else None)
        except RouteRefused as refused:
            at.refuse(place, refused.reasons)

    def _order(self, names: list[str], at: Applying) -> None:
        before = [one.route.name for one in listing(at.team_id)]
        wanted = [*names, *(name for name in before if name not in names)]
        if before == wanted:
            return
        ids = dict(Route.objects.filter(team_id=at.team_id, name__in=names).values_list("name", "id"))
        for number, name in enumerate(names, 1):
            place_route(team_id=at.team_id, route_id=ids[name], position=number)
        at.note(self.name, "order", {"order": before}, {"order": wanted})


def _document(one: ListedRoute) -> Document:
    route = one.route
    matchers = labelled(route.team_id, route.matchers)
    told = {
        **({"matchers": matchers} if matchers else {}),
        **({"quiet_hours": route.quiet_hours} if route.quiet_hours else {}),
        **({} if route.is_final else {"is_final": False}),
        **({} if route.is_active else {"is_active": False}),
    }
    steps = [
        {"channel": step.channel.name, **({"after_s": step.after_s} if step.after_s else {})} for step in one.steps
    ]
    return {
        "name": route.name,
        "steps": steps,
        **{name: value for name, value in told.items() if value not in ({}, None)},
    }
