"""No page shows a text that was not marked for translation."""

import re

import pytest

from tests.isolation.asking import OTHER, OWN, Asker, Request, World
from tests.isolation.cases import Values
from tests.isolation.registry import form_of
from tests.isolation.walking import Route, routes
from tests.languages.pseudo import spoken
from tests.languages.words import untranslated

# What somebody called something in these teams; production is an environment.
_CALLED = rf"[\w.@-]*(?:{OWN}|{OTHER})[\w.@-]*(?: (?:finding|improvement|refused)\b)?|\b(?-i:production)\b"
_NAMED = (
    r"(?-i:>\s*(?:Error rate|Has steps|work|customer|lines\.csv)\b"
    r"|\b(?:Agreed|First key)\b|\bError rate\b(?=, | ·))"
)
# Why a delivery was refused is kept as it was told to its sender.
_KEPT = r"is not understood yet: this source has no mapping|https://otlp\.test"
NAMES = re.compile(f"{_CALLED}|{_NAMED}|{_KEPT}", re.IGNORECASE)
BROKEN = 500


def pages() -> list[Route]:
    """All addresses that people open."""
    return [one for one in routes() if "GET" in one.methods and not one.is_of_programs]


def answered() -> list[Route]:
    """All addresses that take a form."""
    return [one for one in routes() if "POST" in one.methods and not one.is_of_programs]


@pytest.mark.parametrize("route", pages(), ids=lambda one: one.text)
def test_every_word_of_a_page_is_translated(world: World, route: Route) -> None:
    path = Values(world).path(route, set(), {})
    with spoken():
        answer = Asker(world).ask(world.members[0], Request("GET", path))
    assert answer.status < BROKEN
    if dict(answer.headers).get("Content-Type", "").startswith("text/html"):
        assert untranslated(answer.body, NAMES) == []


@pytest.mark.parametrize("route", answered(), ids=lambda one: one.text)
def test_every_word_that_answers_a_form_is_translated(world: World, route: Route) -> None:
    path = Values(world).path(route, set(), {})
    with spoken():
        answer = Asker(world).ask(world.members[0], Request("POST", path, form=form_of(route.name)))
    assert answer.status < BROKEN
    told = [one for message in answer.messages for one in untranslated(message, NAMES)]
    if dict(answer.headers).get("Content-Type", "").startswith("text/html"):
        told += untranslated(answer.body, NAMES)
    assert told == []
