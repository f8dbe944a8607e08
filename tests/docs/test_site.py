"""The docs site is built whole, asks no other host for anything, and is searched without a network."""

import fcntl
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, once for all processes of a run. A broken link or anchor fails it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "alone")
    folder = tmp_path_factory.getbasetemp() if run == "alone" else tmp_path_factory.getbasetemp().parent
    with (folder / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "site/index.html").exists():
            command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder / "site")]
            environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
            built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
            assert built.returncode == 0, built.stdout + built.stderr
    return folder / "site"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_nothing_is_asked_of_another_host(site: Path) -> None:
    loads = re.compile(r"<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=\"(?:https?:)?//[^\"]*\"")
    links = re.compile(r"<link\b[^>]*\bhref=\"(?:https?:)?//[^\"]*\"")
    styles = re.compile(r"(?:url\(|@import )[\"']?(?:https?:)?//[^)\s]*")
    found = [hit for path in site.rglob("*.html") for rule in (loads, links) for hit in rule.findall(path.read_text())]
    found += [hit for path in site.rglob("*.css") for hit in styles.findall(path.read_text())]
    assert found == []


def test_every_page_and_every_address_of_the_api_is_there(site: Path) -> None:
    sources = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    wanted = {str(path.with_suffix(".html")).replace("README", "index") for path in sources}
    assert {name for name in wanted if not (site / name).is_file()} == set()
    listed = (site / "reference/addresses.html").read_text()
    for one in ("POST /api/v1/executions", "GET /api/v1/costs/summary/", "PATCH /api/v1/alert-rules/{rule}/"):
        assert one in listed


def test_what_only_the_build_needs_is_not_published(site: Path) -> None:
    assert [path.name for path in site.rglob("*") if path.suffix in (".py", ".pyc")] == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_read_and_searched_without_another_host(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 844})  # type: ignore[arg-type]
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    for name in ("index", "concepts", "reference/executions", "security/asvs"):
        page.goto(f"{address}/{name}.html")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == {"light": "rgb(246, 247, 249)", "dark": "rgb(13, 16, 20)"}[scheme]
    search(page, "concentrated")
    assert {url for url in asked if not url.startswith((address, "data:"))} == set()
    assert said == []
    context.close()


def search(page: Page, words: str) -> None:
    """Finds a page by its words."""
    page.locator("label[for=__search]").first.click()
    page.get_by_role("textbox", name="Search").press_sequentially(words)
    expect(page.locator(".md-search-result__item").first).to_be_visible()


@pytest.mark.browser
def test_it_is_searched_in_a_folder(browser: Browser, site: Path) -> None:
    page, said = browser.new_page(viewport={"width": 390, "height": 844}), []
    page.on("console", lambda message: said.append(message.text))
    page.goto((site / "alerts/rules.html").as_uri())
    search(page, "concentrated")
    assert said == []
    page.close()
