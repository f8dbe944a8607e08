"""A month from the first report to its close, in a browser, and over HTTP where programs speak.

Runs of last month are reported with a real key; then finance prices, reconciles, books, closes, exports, and two people
open the month again. Folding and rating are called as the beat would.
"""

import hashlib
import json
import os
import re
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from billing.services.first_rating import rate_due
from billing.store.lines import fold_all as fold_lines
from monitoring.store.rollups import fold_all
from tests.billing.books import load
from tests.browser.accessibility import sideways
from tests.browser.conftest import SignIn
from tests.people import PASSWORD

# Machines that run tests are busy.
expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
# Where pictures are wanted, for eyes.
PICTURES = os.environ.get("MONTH_PICTURES", "")
SECOND = "finance@harbour.test"


class Month:
    """The month before this one, and the pages of its team."""

    def __init__(self, base: str, key: str) -> None:
        now = timezone.now()
        self.this = datetime(now.year, now.month, 1, tzinfo=UTC)
        self.first = (self.this - timedelta(days=1)).replace(day=1)
        self.name, self.told = f"{self.first:%B %Y}", f"{self.first:%Y-%m}"
        self.base, self.key = base, key
        self.cost = f"{base}/t/harbour/cost/"
        self.page = f"{self.cost}months/{self.told}/"

    def report(self, id: str, *, provider: str, model: str, tokens: int, day: int = 12) -> None:
        """Reports a run with one call of a model, as a program does."""
        at = self.first + timedelta(days=day - 1, hours=10)
        times = {"started_at": at.isoformat(), "finished_at": (at + timedelta(seconds=4)).isoformat()}
        step = {"id": "1", "node": "Answer", "kind": "llm", "provider": provider, "model": model, **times}
        step |= {"tokens": {"input": tokens, "output": 0}, "status": "succeeded"}
        run = {"id": id, "workflow": "Answer a customer", "status": "succeeded", "steps": [step], **times}
        request = urllib.request.Request(
            f"{self.base}/api/v1/executions",
            data=json.dumps(run).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["stored"] == 1
        self.fold()

    def fold(self) -> None:
        """Makes figures and cost lines, and rates what was asked for, as the beat does."""
        soon = timezone.now() + timedelta(minutes=2)
        fold_all(soon)
        rate_due(soon, seconds=20)
        fold_all(soon)
        fold_lines(soon)


@pytest.fixture
def month(live_server: LiveServer, team: Team, api_key: str) -> Month:
    """Last month with 2,000,000 tokens of `gpt-5`, $2.50 at the book's price, and 1,000,000 of a model without one."""
    load()
    second = User.objects.create_user(SECOND, PASSWORD)
    Membership.objects.create(team=team, user=second, role=Role.FINANCE)
    found = Month(live_server.url, api_key)
    found.report("a", provider="openai", model="gpt-5", tokens=2_000_000)
    found.report("b", provider="acme", model="house-1", tokens=1_000_000, day=13)
    return found


def look(page: Page, name: str, width: int, scheme: str) -> None:
    """Nothing is wider than the window."""
    assert sideways(page) <= 0, name
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}-{scheme}-{width}.png", full_page=True)


def region(page: Page, name: str) -> Locator:
    """A card of the page."""
    return page.get_by_role("region", name=name)


def price_house_model(page: Page, month: Month) -> None:
    """From the checklist to the price of what has none."""
    page.goto(month.page)
    expect(page.get_by_text("house-1 (acme): 1.0 M tokens")).to_be_visible()
    page.get_by_role("link", name="Price them").click()
    page.get_by_role("link", name="Price house-1").click()
    page.get_by_label("Input", exact=True).fill("0.5")
    page.get_by_role("button", name="Save the price").click()
    expect(page.get_by_text("Saved").first).to_be_visible()
    month.fold()


def reconcile(page: Page, month: Month, tmp_path: Path) -> None:
    """Uploads what OpenAI says: $2.60, ten cents more."""
    file = tmp_path / "invoice.csv"
    file.write_text(f"date,model,usd\n{month.told}-12,gpt-5,2.60\n")
    page.goto(month.page)
    page.get_by_role("link", name="Reconcile").click()
    page.get_by_label("Provider, as workflows report it").fill("openai")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_text("Columns of another file").click()
    for label, column in (("Day", "date"), ("Model", "model"), ("Amount", "usd")):
        page.get_by_label(label, exact=True).fill(column)
    page.get_by_role("button", name="Read the statement").click()
    expect(page.get_by_text("The statement says $2.60, here it is $2.50: +$0.10")).to_be_visible()


def book(page: Page, width: int, scheme: str) -> None:
    """Looks at the adjustment first, then books it."""
    look(page, "statement", width, scheme)
    page.get_by_role("link", name="Book the difference", exact=True).click()
    expect(region(page, "One adjustment is made")).to_contain_text("nothing is booked yet")
    look(page, "book", width, scheme)
    page.get_by_role("button", name="Book it").click()
    expect(page.get_by_text("Booked of it: +$0.10; left: $0.")).to_be_visible()


def add_credit(page: Page, month: Month, width: int, scheme: str) -> None:
    """A credit is refused with its reason, then booked."""
    page.goto(month.page)
    page.get_by_role("link", name="Add one").click()
    look(page, "entry", width, scheme)
    page.get_by_label("Entry", exact=True).select_option("credit")
    page.get_by_label("Amount, less than 0 for a credit").fill("1,5")
    page.get_by_label("Reason").fill("Outage on the 3rd")
    page.get_by_role("button", name="Book it").click()
    expect(page.get_by_text("amount must be written with a point and without separators of thousands")).to_be_visible()
    page.get_by_label("Amount, less than 0 for a credit").fill("-0.50")
    page.get_by_role("button", name="Book it").click()
    expect(region(page, "Adjustments, credits and commitments")).to_contain_text("Outage on the 3rd")
    expect(region(page, "Totals")).to_contain_text("$2.60")


def close(page: Page, month: Month, width: int, scheme: str) -> str:
    """Accepts that one provider has no statement, and closes; the digest."""
    page.goto(month.page)
    expect(page.get_by_text("acme has no statement")).to_be_visible()
    look(page, "checklist", width, scheme)
    page.get_by_label("Accept as it is, because").fill("acme is our own machine")
    page.get_by_role("button", name=f"Close {month.name}").click()
    expect(page.get_by_text(f"{month.name} is closed. What arrives for it later counts")).to_be_visible()
    expect(region(page, "Checklist")).to_contain_text("Accepted: acme is our own machine")
    look(page, "closed", width, scheme)
    digest = re.search(r"\b[0-9a-f]{64}\b", region(page, "Totals").inner_text())
    assert digest
    return digest[0]


def export(page: Page, month: Month, tmp_path: Path) -> bytes:
    """The machine export of the month."""
    query = f"?from={month.told}-01&to={month.this:%Y-%m-%d}&table=lines&format=csv-machine"
    page.goto(f"{month.cost}exports/{query}")
    with page.expect_download() as told:
        page.get_by_role("button", name="Export", exact=True).click()
    path = tmp_path / "export"
    told.value.save_as(path)
    return path.read_bytes()


def reopen(page: Page, browser: Browser, month: Month, sign_in: SignIn, width: int) -> None:
    """The one who asks cannot agree; a second person does."""
    page.goto(month.page)
    page.get_by_label("Reason").fill("the invoice was wrong")
    page.get_by_role("button", name="Ask to open it again").click()
    expect(page.get_by_text("Asked. A second person who manages costs has to agree.")).to_be_visible()
    expect(page.get_by_role("button", name="Agree and open it")).to_have_count(0)
    context = browser.new_context(locale="en-GB", viewport={"width": width, "height": 900})
    other = context.new_page()
    other.goto(month.page)
    other.get_by_label("E-mail").fill(SECOND)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in", exact=True).click()
    other.get_by_role("button", name="Agree and open it").click()
    expect(other.get_by_text(f"{month.name} is open again: its lines follow its records.")).to_be_visible()
    history = region(other, "History")
    expect(history).to_contain_text("the invoice was wrong")
    expect(history).to_contain_text(f"by {SECOND}")
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_a_month_from_its_reports_to_its_close(
    page: Page,
    browser: Browser,
    month: Month,
    complaints: list[str],
    tmp_path: Path,
    open_signed_in: SignIn,
    width: int,
    scheme: Any,
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    open_signed_in(page, f"{month.cost}?period=month&at={month.told}")
    expect(page.get_by_text("$2.50").first).to_be_visible()
    look(page, "cost", width, scheme)
    price_house_model(page, month)
    reconcile(page, month, tmp_path)
    book(page, width, scheme)
    # $2.50 and $0.50 of usage, $0.10 of the statement, less the credit of $0.50.
    add_credit(page, month, width, scheme)
    digest = close(page, month, width, scheme)
    first = export(page, month, tmp_path)
    assert hashlib.sha256(first).hexdigest() == digest
    month.report("late", provider="openai", model="gpt-5", tokens=80_000)
    assert export(page, month, tmp_path) == first
    page.goto(f"{month.cost}lines/?period=month&at={month.this:%Y-%m}")
    late = region(page, "Lines").get_by_role("row").filter(has_text="correction").first
    expect(late).to_contain_text(f"counts on {month.this:%-d %b %Y}")
    expect(late).to_contain_text("$0.10")
    look(page, "correction", width, scheme)
    reopen(page, browser, month, open_signed_in, width)
    # Chromium says of a refused form that its answer was 422.
    assert [text for text in complaints if "422" not in text] == []
