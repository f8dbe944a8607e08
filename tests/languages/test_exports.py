"""An export is the same in every language: programs read it."""

import pytest

from tests.isolation.asking import Asker, Request, World
from tests.isolation.cases import Values
from tests.isolation.walking import Route, routes
from tests.languages.pseudo import START, spoken

TABLES = {
    "compare_executions": [""],
    "development": ["failing", "slow", "groups", "releases", "traces"],
    "executions": [""],
    "failure_group": ["releases", "samples"],
    "failure_groups": [""],
    "failures": ["samples", "common", "groups"],
    "finding": ["history"],
    "findings": [""],
    "improvement": [""],
    "improvements": [""],
}


def exports() -> list[tuple[Route, str]]:
    """Addresses with the tables that each gives out."""
    named = {one.name: one for one in routes() if one.name in TABLES and "GET" in one.methods}
    return [(named[name], table) for name, tables in TABLES.items() for table in tables]


@pytest.mark.parametrize(("route", "table"), exports(), ids=lambda one: one if isinstance(one, str) else one.name)
def test_an_export_is_in_english(world: World, route: Route, table: str) -> None:
    path = Values(world).path(route, set(), {})
    query = (("format", "csv"), ("table", table))
    with spoken():
        answer = Asker(world).ask(world.members[0], Request("GET", path, query))
    assert dict(answer.headers)["Content-Type"].startswith("text/csv")
    assert START not in answer.body
