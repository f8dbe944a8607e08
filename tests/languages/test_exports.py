"""A file that a page gives out is the same in every language: programs read it."""

import pytest

from tests.isolation.asking import Asker, Request, World
from tests.isolation.cases import Values
from tests.isolation.walking import Route
from tests.languages.pseudo import START, spoken
from tests.languages.test_pages import pages

# Pages that give out more than one table.
TABLES = {
    "budget": ["", "thresholds", "history"],
    "cost": ["", "days", "workflows", "providers", "models", "lines"],
    "development": ["failing", "slow", "groups", "releases", "traces"],
    "failure_group": ["releases", "samples"],
    "failures": ["samples", "common", "groups"],
    "finding": ["history"],
    "model": ["dependents", "errors", "moments"],
    "replay": ["divergence", "evidence", "after", "visits", "log", "related"],
    "source": ["", "hours", "sampling"],
    "system": ["dependents", "errors", "moments"],
    "tool": ["dependents", "errors", "moments"],
    "trends": ["steps", "outcomes", "tail"],
}
# So many pages and tables give out a file: a page that ceases to do so is noticed.
AT_LEAST = 60


def asked(world: World, route: Route, form: str, table: str) -> tuple[str, str]:
    """The kind and the text of an answer, as somebody gets it who reads the pseudo-language."""
    path = Values(world).path(route, set(), {})
    # A file is written row by row, when its request is over.
    with spoken(outside=False):
        answer = Asker(world).ask(world.members[0], Request("GET", path, (("format", form), ("table", table))))
    return dict(answer.headers).get("Content-Type", "").partition(";")[0], answer.body


@pytest.mark.parametrize(("form", "kind"), [("csv", "text/csv"), ("json", "application/json")])
def test_files_are_english_whoever_asks(world: World, form: str, kind: str) -> None:
    files = {
        f"{route.text} {table}": text
        for route in pages()
        for table in TABLES.get(route.name, [""])
        if (found := asked(world, route, form, table))[0] == kind and (text := found[1]) is not None
    }
    assert len(files) >= (AT_LEAST if form == "csv" else 1)
    assert [name for name, text in files.items() if START in text] == []
