"""Files that pages of monitoring give out stay English, whatever language their reader has."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.isolation.asking import Asker, Request, World, build
from tests.isolation.cases import Values
from tests.isolation.filling import at
from tests.isolation.walking import Route, routes
from tests.languages.pseudo import START, spoken

FILES = [
    *(("releases", ""), ("saved_views", ""), ("systems", ""), ("models", ""), ("tools", ""), ("workflows", "")),
    *(("retention", ""), ("live_tail", ""), ("selected_executions", "")),
    *((page, table) for page in ("system", "model", "tool") for table in ("dependents", "errors", "moments")),
    *(("trends", table) for table in ("steps", "outcomes", "tail")),
    *(("replay", table) for table in ("divergence", "evidence", "after", "visits", "log", "related")),
    ("tail_split", ""),
]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), at(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


def route_of(name: str) -> Route:
    return next(one for one in routes() if one.name == name)


@pytest.mark.parametrize(("name", "table"), FILES)
def test_a_file_is_english_whoever_asks(world: World, name: str, table: str) -> None:
    path = Values(world).path(route_of(name), set(), {})
    with spoken():
        query = (("format", "csv"), ("table", table))
        answer = Asker(world).ask(world.members[0], Request("GET", path, query))
    if dict(answer.headers).get("Content-Type", "").startswith("text/csv"):
        assert START not in answer.body
    else:
        assert answer.status == 404


def test_the_figures_of_trends_as_json_are_english(world: World) -> None:
    path = Values(world).path(route_of("trends"), set(), {})
    with spoken():
        answer = Asker(world).ask(world.members[0], Request("GET", path, (("format", "json"), ("env", "*"))))
    assert '"environment": "all environments"' in answer.body
