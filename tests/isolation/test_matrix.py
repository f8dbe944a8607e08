"""Another team's id answers exactly like a random one: every address, method, place of an id, and role."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.isolation import registry
from tests.isolation.asking import Answer, Asker, Caller, Request, World, build
from tests.isolation.cases import (
    NOT_THERE,
    Case,
    Documents,
    Values,
    cases_in_document,
    cases_in_fields,
    cases_in_path,
    discover,
)
from tests.isolation.filling import at
from tests.isolation.walking import Route, routes

PARTS = 8
# Pages with more filters than these have the set that all lists share: it is asked one by one where it is used most,
# and all at once elsewhere.
FEW, OWN_FILTERS = 6, {"executions", "failures"}
RecordProperty = Callable[[str, object], None]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Two full teams, once for all tests of this process; gone at the end."""
    with django_db_blocker.unblock(), at(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


class Matrix:
    """Asks the cases of addresses and notes where the other team shows."""

    def __init__(self, world: World) -> None:
        self.world, self.values, self.asker = world, Values(world), Asker(world)
        self.leaks: list[str] = []
        self.dead: set[str] = set()
        self.count: Counter[str] = Counter()

    def ask(self, route: Route) -> None:
        """All cases of one address."""
        for method in route.methods:
            self._places(route, method)

    def _places(self, route: Route, method: str) -> None:
        document = None if route.is_report else Documents(route, method, self.values).required()
        told = Request(method, "", document=registry.BODIES.get(route.name) or document)
        if method == "POST" and not route.is_of_programs:
            told = Request(method, "", form=registry.form_of(route.name))
        first, *others = self._callers(route, "")
        for case in cases_in_path(route, method, self.values, told):
            own = self.asker.ask(first, case.own, case.about_own)
            if own.status == NOT_THERE:
                # Refused before anything is looked up: one caller is enough.
                self._check(case, [first])
            elif own == self._check(case, self._callers(route, case.name)):
                self.dead.add(case.place)
        if route.is_report:
            return
        read = discover(self.asker, first, route, method, self.values)
        alone = list(cases_in_fields(route, method, self.values, read, together=False))
        is_shared = len(alone) > FEW and route.name not in OWN_FILTERS
        for case in () if is_shared else alone:
            self._check(case, [first])
        for case in cases_in_fields(route, method, self.values, read, together=True):
            self._check(case, [first, *others] if is_shared else others)
        for case in cases_in_document(route, method, self.values):
            self._check(case, [first, *others])

    def _callers(self, route: Route, name: str) -> Sequence[Caller]:
        """Who asks. Below the address of a team that they are not in, members are as good as anybody."""
        world = self.world
        if route.is_of_programs:
            return world.programs
        is_inside = route.text.startswith("t/") and name != "team"
        return world.members if is_inside else (world.members[0], *world.outside)

    def _check(self, case: Case, callers: Sequence[Caller]) -> Answer | None:
        """Compares for each caller; what the first got for an id of nobody."""
        first = None
        for caller in callers:
            other = self.asker.ask(caller, case.other, case.about_other)
            nobody = self.asker.ask(caller, case.nobody, case.about_nobody)
            self.count[caller.name] += 1
            first = first or nobody
            if other != nobody:
                self.leaks.append(f"{case.place} as {caller.name}: {difference(other, nobody)}")
            if max(other.status, nobody.status) >= 500:
                self.leaks.append(f"{case.place} as {caller.name} answered {other.status} and {nobody.status}")
        return first


def difference(one: Answer, other: Answer) -> str:
    """The first thing in which two answers differ."""
    if one.status != other.status:
        return f"{one.status}, not {other.status}"
    if one.headers != other.headers:
        return f"headers {set(one.headers) ^ set(other.headers)}"
    if one.messages != other.messages:
        return f"messages {one.messages}, not {other.messages}"
    at = next((n for n, (a, b) in enumerate(zip(one.body, other.body, strict=False)) if a != b), 0)
    return f"body {one.body[max(0, at - 60) : at + 80]!r}, not {other.body[max(0, at - 60) : at + 80]!r}"


@pytest.mark.parametrize("part", range(PARTS))
def test_anothers_id_answers_like_a_random_one(world: World, part: int, record_property: RecordProperty) -> None:
    matrix = Matrix(world)
    for route in routes()[part::PARTS]:
        matrix.ask(route)
    record_property("isolation cases", sum(matrix.count.values()))
    assert not matrix.values.unknown, "\n".join(sorted(matrix.values.unknown))
    assert not matrix.leaks, "\n".join(matrix.leaks)
    assert not matrix.dead - set(registry.SAME), "\n".join(sorted(matrix.dead - set(registry.SAME)))
    assert matrix.count.total() > 200
