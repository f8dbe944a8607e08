"""Takes the screenshots in `docs/screenshots` from a running Steadyrun: `make screenshots` after `make up`.

Reads address and login from `ready.json` in the data folder. Every page is taken in light and dark at 1440 pixels, and
in light at 390.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent
TARGET = Path(__file__).parent / "screenshots"
KINDS = (("light", 1440), ("dark", 1440), ("light", 390))
FLAGS = ["--disable-gpu", "--hide-scrollbars", "--disable-background-networking", "--disable-component-update"]


def login() -> dict[str, Any]:
    """What `make up` wrote for scripts."""
    home = Path(os.environ.get("STEADYRUN_HOME") or ROOT / ".steadyrun")
    return dict(json.loads((home / "ready.json").read_text()))


def sign_in(page: Page, told: dict[str, Any]) -> None:
    """Signs in as the first owner."""
    page.goto(told["base_url"] + "/sign-in/")
    page.fill("input[name=username]", told["email"])
    page.fill("input[name=password]", told["password"])
    page.click("button[type=submit]")
    page.wait_for_url("**/workflows/**")


def addresses(page: Page, told: dict[str, Any]) -> dict[str, str]:
    """The pages of the flow, found by following it for two workflows of the sample."""
    base = f"{told['base_url']}/t/{told['team']}"
    found = {"workflows": f"{base}/workflows/?from=now-30d", "executions": f"{base}/executions/?from=now-30d"}
    found |= {plural: f"{base}/{plural}/?from=now-30d" for plural in ("systems", "models", "tools")}
    found |= {"sources": f"{base}/sources/", "sources-add": f"{base}/sources/add/"}
    found |= {"findings": f"{base}/findings/", "groups": f"{base}/groups/?from=now-30d"}
    for ending, workflow in (("", "build"), ("-agent", "airline-support")):
        trends = f"{base}/workflows/{workflow}/"
        page.goto(f"{trends}failures/?from=now-7d")
        sample = str(page.locator("a[data-row][href*='/executions/']").first.get_attribute("href"))
        found |= {
            f"trends{ending}": f"{trends}?from=now-7d",
            f"failures{ending}": f"{trends}failures/?from=now-7d",
            f"replay{ending}": urljoin(told["base_url"], sample),
        }
    page.goto(found["groups"])
    group = str(page.locator("main a[href*='/groups/']").first.get_attribute("href"))
    found |= {"group": urljoin(told["base_url"], group), "releases": f"{base}/workflows/build/releases/?from=now-30d"}
    return found


def take(
    browser: Browser, told: dict[str, Any], pages: dict[str, str] | None, theme: str, width: int
) -> dict[str, str]:
    """All pages in one theme and width. Returns the pages, found on the first call."""
    height = 900 if width > 600 else 844
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(told["base_url"] + "/sign-in/")
    page.screenshot(path=TARGET / f"sign-in-{theme}-{width}.png", full_page=True)
    sign_in(page, told)
    pages = pages or addresses(page, told)
    for name, address in pages.items():
        page.goto(address)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=TARGET / f"{name}-{theme}-{width}.png", full_page=True)
        sys.stdout.write(f"{name} {theme} {width}\n")
    context.close()
    return pages


def main() -> None:
    """Takes all of them."""
    TARGET.mkdir(exist_ok=True)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    told, pages = login(), None
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=flags)
        for theme, width in KINDS:
            pages = take(browser, told, pages, theme, width)
        browser.close()


if __name__ == "__main__":
    main()
