"""How long a page takes in a real browser until it can be used: Chromium against a web process as `make up` runs it."""

import os
import shutil
import statistics
from typing import Any

from bench.stage import Stage, wait_for_web

REPEATS = 9
# Of the page itself; sizes of the window as a laptop has them.
WINDOW = {"width": 1440, "height": 900}


def usable(stage: Stage, cookie: tuple[str, str], path: str) -> dict[str, float]:
    """Milliseconds from asking for a page to its load event, and from a click on another row to the open panel.

    Medians after one visit that does not count (it fills the browser's cache). `cookie` is a session's name and value.
    """
    from playwright.sync_api import sync_playwright

    web = stage.spawn("web")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    flags = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    try:
        wait_for_web(stage.port)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=program, args=flags)
            context = browser.new_context(viewport=WINDOW)  # type: ignore[arg-type]
            address = f"http://127.0.0.1:{stage.port}"
            context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": address}])
            visits = [_visit(context.new_page(), address + path) for _ in range(REPEATS + 1)][1:]
            browser.close()
    finally:
        web.terminate()
        web.wait()
    return {name: statistics.median(visit[name] for visit in visits) for name in visits[0]}


def _visit(page: Any, address: str) -> dict[str, float]:
    page.goto(address)
    told: dict[str, float] = page.evaluate(
        "() => { const [t] = performance.getEntriesByType('navigation');"
        " return {first_byte_ms: t.responseStart, interactive_ms: t.domInteractive, loaded_ms: t.loadEventEnd}; }"
    )
    row = page.locator("a[data-row]:not([aria-current])").nth(5)
    name = row.locator(".name .mono").inner_text()
    began = page.evaluate("() => performance.now()")
    row.click()
    page.locator("#step-name").get_by_text(name, exact=True).wait_for()
    told["panel_ms"] = page.evaluate("() => performance.now()") - began
    page.close()
    return told
