"""The cases of the matrix: for each address, method and place of an id what is asked for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from tests.isolation import registry
from tests.isolation.asking import Asker, Caller, Read, Request, World
from tests.isolation.registry import PLAIN_PATHS, PUBLIC, kind_in_path, nobodys, wrapped
from tests.isolation.walking import Route

# A method that an address does not have is refused before anything is read.
NOT_THERE = 405
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One place of an id: the request with an own one, the other team's, and nobody's, and what each is about."""

    place: str
    name: str
    own: Request
    other: Request
    nobody: Request
    about_own: tuple[str, ...]
    about_other: tuple[str, ...]
    about_nobody: tuple[str, ...]


class Values:
    """What names objects in the three requests of a case."""

    def __init__(self, world: World) -> None:
        self.own, self.others = world.own, world.others
        self.unknown: set[str] = set()
        self.nobody = {kind: nobodys(kind, text) for kind, text in world.others.items()}

    def path(self, route: Route, names: set[str], ids: dict[str, str]) -> str:
        """The address with `ids` for these names and own objects for the others."""
        told = {}
        for name in route.names:
            kind = kind_in_path(route.text, name)
            told[name] = (ids if name in names else self.own)[kind] if kind else self.plain(route, name)
        return route.path(told)

    def plain(self, route: Route, name: str) -> str:
        """A value that is one for a name that names nothing of a team."""
        if name in PLAIN_PATHS:
            return PLAIN_PATHS[name]
        if name in PUBLIC:
            return self.own["provider id"]
        return {"token": self.own["invitation token"], "address": self.own["address"]}.get(name, "x-key")


def places_in_path(route: Route, values: Values) -> Iterator[tuple[str, set[str]]]:
    """Each name that names an object by itself, and all but the team together."""
    named = [name for name in route.names if kind_in_path(route.text, name)]
    inner = [name for name in named if name != "team"]
    for name in named:
        # What belongs to the other team is asked for below its own address.
        yield name, set(named) if name == "team" else {name}
    if len(inner) > 1:
        yield "all", set(inner)


def cases_in_path(route: Route, method: str, values: Values, told: Request) -> Iterator[Case]:
    """The cases of an address; `told` has the rest of the request."""
    for place, names in places_in_path(route, values):
        kinds = [kind for name in names if (kind := kind_in_path(route.text, name))]
        yield Case(
            f"{method} {route.text} <{place}>",
            place,
            replace(told, path=values.path(route, set(), {})),
            replace(told, path=values.path(route, names, values.others)),
            replace(told, path=values.path(route, names, values.nobody)),
            tuple(values.own[kind] for kind in kinds),
            tuple(values.others[kind] for kind in kinds),
            tuple(values.nobody[kind] for kind in kinds),
        )


class Fields:
    """What a view takes beside its address: values for the names that it asks for, and the cases of each."""

    def __init__(self, route: Route, values: Values) -> None:
        self.route, self.values = route, values

    def kind(self, name: str) -> str | None:
        """The kind of object that a field names; a name that nobody wrote down is noted."""
        try:
            return registry.kind_in_field(self.route.name, name)
        except registry.UnknownName as error:
            self.values.unknown.add(str(error))
            return None

    def value(self, name: str, ids: dict[str, str]) -> str:
        """A value for it, with an object of `ids` where it names one."""
        kind = self.kind(name)
        return wrapped(kind, ids) if kind else registry.plain(self.route.name, name)

    def pairs(self, names: set[str], swapped: set[str], ids: dict[str, str]) -> Pairs:
        """Names and values, those of `swapped` with objects of `ids`."""
        return tuple((name, self.value(name, ids if name in swapped else self.values.own)) for name in sorted(names))

    def objects(self, names: set[str]) -> list[str]:
        """Those of the names that name objects."""
        return [name for name in sorted(names) if self.kind(name)]

    def about(self, names: set[str], ids: dict[str, str]) -> tuple[str, ...]:
        """What is taken out of the answers: the values, and what they wrap."""
        kinds = [kind for name in names if (kind := self.kind(name))]
        inner = [ids[part] for kind in kinds for part in registry.parts(kind)]
        return (*(self.value(name, ids) for name in names), *inner)


def discover(asker: Asker, caller: Caller, route: Route, method: str, values: Values) -> Read:
    """The names of query and form that a view asks for, also once it has got those that it asked for first."""
    declared = {one["name"] for one in operation(route, method).get("parameters", ()) if one["in"] == "query"}
    fields, known = Fields(route, values), Read(query=declared)
    # Some ask nothing of what is empty.
    some = (("other", "1"),)
    wanted = Request(method, values.path(route, set(), {}), query=some, form=some if method == "POST" else None)
    for _ in range(3):
        before = len(known.query) + len(known.form)
        answer = asker.ask(caller, wanted, read=known)
        if answer.status == NOT_THERE:
            break
        if len(known.query) + len(known.form) == before:
            break
        form = (*some, *fields.pairs(known.form, set(), {})) if method == "POST" else None
        wanted = replace(wanted, form=form)
    return known


def cases_in_fields(route: Route, method: str, values: Values, read: Read, *, together: bool) -> Iterator[Case]:
    """The cases of a query, each with nothing else in it, and of a form, each in a whole one; or all ids `together`."""
    fields, path = Fields(route, values), values.path(route, set(), {})
    for part, names in (("query", read.query), ("form", read.form if method == "POST" else set())):
        objects = fields.objects(names)
        for chosen in [set(objects)] if together and objects else [{one} for one in objects]:
            told = names if part == "form" else chosen

            def request(
                ids: dict[str, str], told: set[str] = told, chosen: set[str] = chosen, part: str = part
            ) -> Request:
                pairs = fields.pairs(told, chosen, ids)
                form = pairs if part == "form" else () if method == "POST" else None
                return Request(method, path, query=pairs if part == "query" else (), form=form)

            yield Case(
                f"{method} {route.text} {part}: {', '.join(sorted(chosen))}",
                part,
                *(request(ids) for ids in (values.own, values.others, values.nobody)),
                *(fields.about(chosen, ids) for ids in (values.own, values.others, values.nobody)),
            )


@cache
def schema() -> dict[str, Any]:
    """The OpenAPI document."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


def operation(route: Route, method: str) -> dict[str, Any]:
    """The operation of an address in the document, or nothing."""
    path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.text)
    found: dict[str, Any] = schema()["paths"].get(path, {}).get(method.lower(), {})
    return found


class Documents:
    """JSON bodies of an operation: what is required, and a field that names an object."""

    def __init__(self, route: Route, method: str, values: Values) -> None:
        content = operation(route, method).get("requestBody", {}).get("content", {})
        self.schema = _resolved(content.get("application/json", {}).get("schema", {}))
        self.fields, self.values = Fields(route, values), values

    def required(self) -> Any:
        """A body with what must be told."""
        return self._made(self.schema, None, {}) if self.schema else None

    def places(self) -> list[tuple[str, ...]]:
        """Where in a body objects are named."""
        return list(self._walk(self.schema, ()))

    def with_one(self, place: tuple[str, ...], ids: dict[str, str]) -> Any:
        """A body that names an object of `ids` at that place."""
        return self._made(self.schema, place, ids)

    def _walk(self, schema: dict[str, Any], at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, raw in _told(schema):
            one = _resolved(raw)
            inner = _resolved(one.get("items", {})) if one.get("type") == "array" else one
            if inner.get("properties"):
                yield from self._walk(inner, (*at, name))
            elif _may_name(inner) and self.fields.kind(name):
                yield (*at, name)

    def _made(self, schema: dict[str, Any], place: tuple[str, ...] | None, ids: dict[str, str]) -> dict[str, Any]:
        wanted = {*schema.get("required", ()), *(place or ())[:1]}
        made = dict(registry.BESIDE.get((self.fields.route.name, place[0]), {})) if place else {}
        for name, raw in _told(schema):
            if name in wanted and name not in made:
                inner = place[1:] if place and place[0] == name else None
                made[name] = self._value(name, _resolved(raw), inner, ids)
        return made

    def _value(self, name: str, schema: dict[str, Any], place: tuple[str, ...] | None, ids: dict[str, str]) -> Any:
        kind = schema.get("type")
        if kind == "array":
            return [self._value(name, _resolved(schema.get("items", {})), place, ids)]
        if schema.get("properties"):
            return self._made(schema, place or None, ids)
        if "enum" in schema:
            usual = registry.CHOSEN.get(name)
            return usual if usual in schema["enum"] else schema["enum"][0]
        plain = {"boolean": True, "object": {}, "number": 1.5, "integer": schema.get("minimum", 1)}
        if kind in plain:
            return plain[kind]
        formats = {"date": "2026-08-05", "date-time": "2026-08-12T14:00:00Z"}
        return formats.get(schema.get("format", "")) or self.fields.value(
            name, ids if place is not None else self.values.own
        )


def _told(part: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The properties that a request may tell."""
    return [(name, one) for name, one in part.get("properties", {}).items() if not one.get("readOnly")]


def _may_name(part: dict[str, Any]) -> bool:
    """Whether a value of this schema may name an object: a text or a whole number, not one of a few or a time."""
    is_text = part.get("type", "string") in ("string", "integer")
    return is_text and "enum" not in part and part.get("format") not in ("date", "date-time")


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    """The schema that a reference, or the first of several, leads to."""
    for many in ("allOf", "oneOf", "anyOf"):
        if many in part:
            return _resolved(part[many][0])
    if "$ref" in part:
        return _resolved(schema()["components"]["schemas"][part["$ref"].rpartition("/")[2]])
    return part


def cases_in_document(route: Route, method: str, values: Values) -> Iterator[Case]:
    """The cases of a JSON body: each place of an id, beside what is required."""
    documents, path = Documents(route, method, values), values.path(route, set(), {})
    for place in documents.places():
        told = [values.own, values.others, values.nobody]
        yield Case(
            f"{method} {route.text} body: {'.'.join(place)}",
            "body",
            *(Request(method, path, document=documents.with_one(place, ids)) for ids in told),
            *(documents.fields.about({place[-1]}, ids) for ids in told),
        )
