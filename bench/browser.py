"""How long a page takes in a real browser until it can be used: Chromium against a web process as `make up` runs it."""

import os
import shutil
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.stage import Stage, wait_for_web

REPEATS = 9
# Of the page itself; sizes of the window as a laptop has them.
WINDOW = {"width": 1440, "height": 900}


def usable(stage: Stage, cookie: tuple[str, str], path: str) -> dict[str, float]:
    """Milliseconds from asking for a page to its load event, and from a click on another row to the open panel.

    Medians after one visit that does not count (it fills the browser's cache). `cookie` is a session's name and value.
    """
    with _browser(stage) as (browser, address):
        context = _signed_in(browser, address, cookie)
        visits = [_visit(context.new_page(), address + path) for _ in range(REPEATS + 1)][1:]
    return {name: statistics.median(visit[name] for visit in visits) for name in visits[0]}


def weigh(stage: Stage, cookie: tuple[str, str], paths: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """What each page costs somebody who was never here: kilobytes as they are sent, requests, milliseconds to the
    largest paint and of scripts. Medians; each visit has an empty cache."""
    told: dict[str, dict[str, float]] = {}
    with _browser(stage) as (browser, address):
        for name, path in paths.items():
            visits = [_first_visit(browser, address, cookie, path) for _ in range(REPEATS + 1)][1:]
            told[name] = {key: statistics.median(visit[key] for visit in visits) for key in visits[0]}
    return told


@contextmanager
def _browser(stage: Stage) -> Iterator[tuple[Any, str]]:
    """Chromium, and the address of a web process that runs meanwhile."""
    from playwright.sync_api import sync_playwright

    web = stage.spawn("web")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    flags = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    try:
        wait_for_web(stage.port)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=program, args=flags)
            yield browser, f"http://127.0.0.1:{stage.port}"
            browser.close()
    finally:
        web.terminate()
        web.wait()


def _signed_in(browser: Any, address: str, cookie: tuple[str, str]) -> Any:
    context = browser.new_context(locale="en-GB", viewport=WINDOW)
    context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": address}])
    return context


_LARGEST = """() => new Promise((told) => new PerformanceObserver((list) => told(list.getEntries().at(-1).startTime))
  .observe({type: 'largest-contentful-paint', buffered: true}))"""


def _first_visit(browser: Any, address: str, cookie: tuple[str, str], path: str) -> dict[str, float]:
    context = _signed_in(browser, address, cookie)
    page = context.new_page()
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Performance.enable")
    sent: list[float] = []
    tools.on("Network.loadingFinished", lambda one: sent.append(one["encodedDataLength"]))
    page.goto(address + path, wait_until="networkidle")
    largest = page.evaluate(_LARGEST)
    metrics = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    context.close()
    told = {"kilobytes": sum(sent) / 1_000, "requests": float(len(sent))}
    return {**told, "largest_paint_ms": largest, "script_ms": metrics["ScriptDuration"] * 1_000}


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
