"""What the Web Content Accessibility Guidelines 2.2, level AA, forbid on a page, as axe finds it."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}


def violations(page: Page) -> list[dict[str, Any]]:
    """Each rule that the page breaks, with the elements (`nodes`) that do."""
    found: list[dict[str, Any]] = Axe().run(page, options=_RULES).response["violations"]
    return found


def sideways(page: Page) -> int:
    """Pixels by which the page is wider than what its window shows, once it is there.

    A click on a link returns before the page that it leads to has its first element.
    """
    page.wait_for_load_state("domcontentloaded")
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def accessible(page: Page) -> None:
    """Nothing that is forbidden, and no sideways scrolling."""
    told = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in violations(page)]
    assert told == []
    assert sideways(page) <= 0
