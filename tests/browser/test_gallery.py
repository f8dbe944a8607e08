"""Every state of every component: accessible, inside its window in each look, and told apart without colour."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from tests.browser.accessibility import accessible, sideways
from tests.browser.gallery import GALLERY, OF_THE_FRAME

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
COMPONENTS = Path(settings.BASE_DIR) / "templates" / "components"
LOOKS = [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark"), (320, "light")]
_PAGE = """{% load components %}<!DOCTYPE html><html lang="en"><head><title>Gallery</title>
{% include "components/_head.html" %}
{% include "components/_scripts.html" %}{% include "components/_chart_scripts.html" %}
<link rel="stylesheet" href="{% static 'css/trends.css' %}"></head><body>{% include "components/_hatch.html" %}
<main class="page" id="main"><h1>Components</h1>{{ pieces }}</main></body></html>"""
# What stands in a table or in a list of rows, there.
_INSIDE = {
    "_sort_header": '<div class="tw"><table><thead><tr>{}</tr></thead></table></div>',
    "_timeline_row": '<div class="wf">{}</div>',
    "_timeline_head": '<div class="wf">{}</div>',
}
# Skeletons come after 300 ms. Dialogs are shown in their place, as if each had been asked for.
_SHOW = """document.querySelectorAll('dialog').forEach((one) => {
  one.setAttribute('open', '');
  one.style.position = 'static';
})"""


def show(page: Page, address: str) -> None:
    """Opens the gallery and waits until all of it is there."""
    page.goto(address)
    page.wait_for_timeout(400)
    page.evaluate(_SHOW)


@pytest.fixture
def gallery(live_server: LiveServer, team: Team, page: Page) -> str:
    """The address of the page of all states, under the policy and with the styles of every page."""
    request = RequestFactory().get("/gallery/?env=test")
    policy = Client().get("/sign-in/").headers["Content-Security-Policy"]
    told = {"team": team, "request": request}
    states = ((name, state, values) for name, found in GALLERY.items() for state, values in found.items())
    pieces = [
        (f"{name}, {state}", piece(name, {**told, **values}, number))
        for number, (name, state, values) in enumerate(states)
    ]
    titled = [(title, title, written) for title, written in pieces]
    written = format_html_join("", '<h2 class="sm mut">{}</h2><div data-piece="{}">{}</div>', titled)
    body = Template(_PAGE).render(Context({"pieces": written}))
    address = f"{live_server.url}/gallery/"
    headers = {"Content-Security-Policy": policy, "Content-Type": "text/html; charset=utf-8"}
    page.route(f"{address}**", lambda route: route.fulfill(body=body, headers=headers))
    return address


def piece(name: str, told: dict[str, Any], number: int) -> SafeString:
    """A component in one state, where it stands on pages; what is there once a page has a number here."""
    written = render_to_string(f"components/{name}.html", told, request=told["request"])
    numbered = re.sub(r'(id|for|labelledby|href)="(#?)(verdict|samples|search)"', rf'\1="\2\3-{number}"', written)
    return format_html(_INSIDE.get(name, "{}"), mark_safe(numbered))


def test_every_component_is_here() -> None:
    assert {*GALLERY, *OF_THE_FRAME} == {path.stem for path in COMPONENTS.glob("*.html")}


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_all_states_are_accessible_and_fit(
    page: Page, gallery: str, complaints: list[str], width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    show(page, gallery)
    accessible(page)
    assert complaints == []


def test_texts_twice_as_large_fit(page: Page, gallery: str) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    show(page, gallery)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert sideways(page) <= 0


@pytest.mark.parametrize("colours", ["none", "active"])
def test_states_are_told_apart_without_colour(page: Page, gallery: str, colours: str) -> None:
    """No two states of a component look the same in shades of grey, or in the few colours of a reader's own."""
    page.emulate_media(forced_colors="active" if colours == "active" else "none", reduced_motion="reduce")
    show(page, gallery)
    page.evaluate("document.documentElement.style.filter = 'grayscale(1)'")
    seen: dict[str, dict[bytes, str]] = {}
    alike = []
    for one in page.locator("[data-piece]").all():
        name, _, state = (one.get_attribute("data-piece") or "").partition(", ")
        picture = one.screenshot(animations="disabled")
        if other := seen.setdefault(name, {}).get(picture):
            alike.append(f"{name}: {state} looks like {other}")
        seen[name][picture] = state
    assert alike == []
