"""Takes the screenshots in `docs/screenshots` from a running Steadyrun: `make screenshots` after `make up`.

Reads address and login from `ready.json` in the data folder. Every page is taken in light and dark at 1440 pixels, and
in light at 390. Pages of alerts need something that fails and somebody who is told: two receivers on this machine, a
route, and made-up runs of a workflow `checkout` are set up once. Start Steadyrun with
`STEADYRUN_ALLOW_PRIVATE_DESTINATIONS=127.0.0.1`, so that the receivers may be called. Names as arguments: only those
pages.
"""

import json
import os
import shutil
import sys
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
    page.fill("input[name=login]", told["email"])
    page.fill("input[name=password]", told["password"])
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def addresses(page: Page, told: dict[str, Any]) -> dict[str, str]:
    """The pages of the flow, found by following it for two workflows of the sample."""
    base = f"{told['base_url']}/t/{told['team']}"
    found = {"workflows": f"{base}/workflows/?from=now-30d", "executions": f"{base}/executions/?from=now-30d"}
    found |= {plural: f"{base}/{plural}/?from=now-30d" for plural in ("systems", "models", "tools")}
    found |= {name: f"{base}/{name}/" for name in ("operations", "development", "executive")}
    found |= {"sources": f"{base}/sources/", "sources-add": f"{base}/sources/add/"}
    found |= {"findings": f"{base}/findings/", "groups": f"{base}/groups/?from=now-30d"}
    for ending, workflow in (("", "build-sample"), ("-agent", "airline-support-sample")):
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
    found |= {
        "group": urljoin(told["base_url"], group),
        "releases": f"{base}/workflows/build-sample/releases/?from=now-30d",
    }
    return found


def cost_addresses(page: Page, told: dict[str, Any]) -> dict[str, str]:
    """The pages of costs, with the usage of the sample and one budget."""
    base = f"{told['base_url']}/t/{told['team']}/cost"
    page.goto(f"{base}/budgets/")
    if not page.get_by_role("link", name="All models").count():
        page.goto(f"{base}/budgets/new/")
        page.fill("[name=name]", "All models")
        page.fill("[name=amount]", "600")
        page.locator("main form button.primary").click()
        page.goto(f"{base}/budgets/")
    budget = str(page.get_by_role("link", name="All models").first.get_attribute("href"))
    before = datetime.now(UTC).replace(day=1) - timedelta(days=1)
    return {
        "cost": f"{base}/",
        "cost-lines": f"{base}/lines/?basis=told&basis=priced",
        "cost-budget": urljoin(told["base_url"], budget),
        "cost-prices": f"{base}/prices/",
        "cost-reconciliation": f"{base}/reconciliation/",
        "cost-month": f"{base}/months/{before:%Y-%m}/",
        "cost-exports": f"{base}/exports/",
    }


class Receiver(BaseHTTPRequestHandler):
    """Takes webhooks; what goes to `/gone` is refused."""

    def do_POST(self) -> None:
        """Answers 200 or 410."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(410 if self.path == "/gone" else 200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def alert_addresses(page: Page, told: dict[str, Any], port: int) -> dict[str, str]:
    """The pages of alerts: an incident that was told to two channels, one of which refuses it."""
    base = f"{told['base_url']}/t/{told['team']}"
    page.goto(f"{base}/alerts/routes/")
    if not page.get_by_role("link", name="Everybody on call").count():
        for name, path in (("On call", "on-call"), ("Archive", "gone")):
            page.goto(f"{base}/alerts/channels/new/webhook/")
            page.fill("[name=name]", name)
            page.fill("[name=url]", f"http://127.0.0.1:{port}/{path}")
            page.locator("main form button.primary").click()
        page.goto(f"{base}/alerts/routes/new/")
        page.fill("[name=name]", "Everybody on call")
        for place, name in enumerate(("On call", "Archive"), 1):
            page.get_by_label(f"Channel {place}", exact=True).select_option(label=name)
        page.locator("main form button.primary").click()
    page.goto(f"{base}/incidents/?workflow=checkout")
    link = page.locator("main a[data-row][href*='/incidents/']")
    if not link.count():
        report_failures(told)
    while not link.count():
        page.wait_for_timeout(5_000)
        page.reload()
    incident = urljoin(told["base_url"], str(link.first.get_attribute("href")))
    page.wait_for_timeout(20_000)
    rule = "metric=error_rate&workflow=checkout&threshold=10&window_s=300&min_samples=20&rehearse=1"
    return {
        "incidents": f"{base}/incidents/",
        "incident": incident,
        "rule": f"{base}/alerts/rules/new/?{rule}",
        "routes": f"{base}/alerts/routes/",
        "deliveries": f"{base}/alerts/deliveries/",
    }


def report_failures(told: dict[str, Any]) -> None:
    """Runs of a day, and a vendor that fails more and more of them in the last minutes."""
    now, runs = datetime.now(UTC), []
    for number in range(420):
        minutes = number / 10 if number < 80 else number * 3
        start, vendor = now - timedelta(minutes=minutes, seconds=8), ("acme", "globex")[number % 2]
        is_failed = number < 60 and vendor == "acme" and number % 3 != 0
        end = start + timedelta(seconds=2 + number % 5)
        times = {"started_at": start.isoformat(), "finished_at": end.isoformat()}
        error = {"error": {"type": "HTTP 503", "message": "upstream unavailable"}} if is_failed else {}
        status = {"status": "failed" if is_failed else "succeeded", **error}
        step = {"id": "1", "node": "charge_card", "kind": "http", "provider": vendor, **times, **status}
        step["external_system"] = f"api.{vendor}.example"
        run = {"id": f"checkout-{now:%H%M%S}-{number}", "workflow": "checkout", "steps": [step]}
        runs.append({**run, **times, **status})
    headers = {"Authorization": f"Bearer {told['api_key']}", "Content-Type": "application/json"}
    address = f"{told['base_url']}/api/v1/executions"
    urllib.request.urlopen(urllib.request.Request(address, json.dumps(runs).encode(), headers)).read()  # noqa: S310


def take(
    browser: Browser, told: dict[str, Any], pages: dict[str, str] | None, theme: str, width: int, port: int
) -> dict[str, str]:
    """All pages in one theme and width, or those named. Returns the pages, found on the first call."""
    height = 900 if width > 600 else 844
    context = browser.new_context(locale="en-GB", viewport={"width": width, "height": height}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    if not sys.argv[1:]:
        page.goto(told["base_url"] + "/sign-in/")
        page.screenshot(path=TARGET / f"sign-in-{theme}-{width}.png", full_page=True)
    sign_in(page, told)
    pages = pages or cost_addresses(page, told) | addresses(page, told) | alert_addresses(page, told, port)
    for name, address in pages.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
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
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=flags)
        for theme, width in KINDS:
            pages = take(browser, told, pages, theme, width, receiver.server_port)
        browser.close()
    receiver.shutdown()


if __name__ == "__main__":
    main()
