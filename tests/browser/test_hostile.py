"""Every page of a team, and every file that it hands out, with hostile names and texts in everything."""

import csv
import io
import json
import socket
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openpyxl
import pyarrow.parquet
import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team, User
from billing.services.export_runs import run_due
from tests.browser.conftest import SignIn
from tests.browser.hostile_pages import Looker
from tests.fuzz.counting import IS_WHOLE, count
from tests.fuzz.forms import ORIGIN, Visitor
from tests.fuzz.texts import STORABLE
from tests.fuzz.world import World, fill, fill_forms, settle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = (1440, 390)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@pytest.fixture
def world(team: Team, owner: User, member: User, settings: Any, tmp_path: Path, monkeypatch: Any) -> World:
    """The filled team, its exports written."""
    settings.EXPORTS_FOLDER, settings.UPLOADS_FOLDER = tmp_path / "exports", tmp_path / "uploads"
    find = socket.getaddrinfo

    def local(host: Any, *rest: Any, **more: Any) -> Any:
        if host in ("127.0.0.1", "localhost"):
            return find(host, *rest, **more)
        raise socket.gaierror(socket.EAI_NONAME, "no such name in tests")

    monkeypatch.setattr(socket, "getaddrinfo", local)
    world = fill(team, owner, STORABLE if IS_WHOLE else STORABLE[::6])
    fill_forms(world)
    settle()
    run_due()
    return world


def test_hostile_texts_stay_texts(
    world: World, live_server: LiveServer, page: Page, open_signed_in: SignIn, tmp_path: Path
) -> None:
    visitor = Visitor(world.client, world.team.slug, most=2 if IS_WHOLE else 1)
    wrong: list[str] = []

    def see(address: str, answer: Any) -> None:
        if answer.status_code >= 400:
            wrong.append(f"{address}: {answer.status_code}")

    visitor.visit_all([visitor.start, "/account/", "/account/sessions/", "/teams/new/"], see)
    looker = Looker(page)
    open_signed_in(page, f"{live_server.url}/account/")
    for number, address in enumerate(pages(visitor)):
        widths = WIDTHS if IS_WHOLE else WIDTHS[number % 2 :][:1]
        count("pages in the browser, by width", len(widths))
        count("pages examined for accessibility", int(IS_WHOLE))
        looker.look(address.replace(ORIGIN, live_server.url), widths, is_examined=IS_WHOLE)
    seen = {key.split()[0] for key in visitor.found if key.strip()}
    for address, (content_type, body) in visitor.files.items():
        count("files read back")
        wrong += [f"{address}: {what}" for what in wrong_with_file(content_type, body)]
    assert len(seen) > 60
    assert (wrong, looker.wrong) == ([], [])


def pages(visitor: Visitor) -> list[str]:
    """The addresses that were found, without those of files, and of parts that stand in no frame."""
    found = [address for key, many in sorted(visitor.found.items()) if not key.endswith(" file") for address in many]
    left_out = {*visitor.files, *visitor.parts}
    return [one for one in found if one not in left_out and not urlsplit(one).path.startswith("/static/")]


BAD = """<html lang="en"><title>Bad</title><body><img src="x" onerror="alert(1)"><p style="width: 3000px">wide</p>
<p>told by <u>\u05e9\u05dc\u05d5\u05dd</u> 4 times</p><p>a\u202eb</p></body>"""


def test_what_a_text_must_not_do_is_seen(page: Page) -> None:
    """The other test would pass, too, if it saw nothing."""
    looker = Looker(page)
    page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body=BAD, content_type="text/html; charset=utf-8"))
    looker.look("http://127.0.0.1:9/", WIDTHS, is_examined=True)
    told = "\n".join(looker.wrong)
    for part in (
        "alert was called",
        "injected <img",
        "wider than 390",
        "turning: beside",
        "turning: control",
        "axe image-alt",
    ):
        assert part in told


def wrong_with_file(content_type: str, body: bytes) -> list[str]:
    """What is wrong with a file: it cannot be read back, or a cell of it is a formula."""
    kind = content_type.partition(";")[0]
    if kind == "text/csv":
        if not body.partition(b"\n")[0].endswith(b"\r"):
            # The profile for programs: nothing is changed there, and its lines end otherwise.
            return []
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
        return [f"formula {cell[:40]!r}" for row in rows for cell in row if is_formula(cell)]
    if kind == "application/json":
        return [] if json.loads(body) is not None else ["empty"]
    if kind == "application/zip":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return [f"broken {archive.testzip()}"] if archive.testzip() else []
    if kind.endswith("spreadsheetml.sheet"):
        sheets = openpyxl.load_workbook(io.BytesIO(body)).worksheets
        cells = [cell for sheet in sheets for row in sheet.iter_rows() for cell in row]
        return [f"formula {cell.value!r}" for cell in cells if cell.data_type == "f"]
    if "parquet" in kind:
        return [] if pyarrow.parquet.read_table(io.BytesIO(body)).num_columns else ["no columns"]
    return [] if body else ["empty"]


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would compute a cell; a plain number with a sign is one."""
    try:
        float(cell)
    except ValueError:
        return cell.startswith(FORMULA_STARTS)
    return False
