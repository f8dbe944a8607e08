"""The difference to a statement is looked at, booked once, and goes with its statement."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostLine, CostMonth, Entry, MonthState, ProviderStatement, StatementBooking
from billing.reads.reconciliation import unreconciled
from tests.billing.lines import add_line

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 9, 3, 12, 0, tzinfo=UTC)
URL = "/t/harbour/cost/reconciliation/"
BOOK = f"{URL}2026-08/openai/book/"
HEAD = "day,model,amount,currency,tokens\n"
# 0.10 more for the one model, and one model that nothing reported.
ROWS = "2026-08-12,gpt-5,0.35,USD,1100\n2026-08-13,gpt-6,0.40,USD,10\n"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def upload(client: Client, rows: str = ROWS, expect: int = 200) -> str:
    """Uploads a statement of August."""
    names = {name: name for name in ("day", "model", "amount", "currency", "tokens")}
    data = {"provider": "openai", "month": "2026-08", "file": SimpleUploadedFile("a.csv", (HEAD + rows).encode())}
    answer = client.post(URL, {**data, **names}, follow=True)
    assert answer.status_code == expect
    return words(answer.content)


def words(content: bytes) -> str:
    """The text of a page with its space in one."""
    return " ".join(content.decode().split())


def book(client: Client, query: str = "", expect: int = 200) -> str:
    """Looks at what would be booked, and books it."""
    seen = client.get(BOOK + query)
    assert seen.status_code == 200, seen.content
    told = dict(re.findall(r'name="(day|model|seen)"\s+value="([^"]*)"', seen.content.decode()))
    answer = client.post(BOOK, told, follow=True)
    assert answer.status_code == expect
    return words(answer.content)


def adjustments(team: Team) -> list[tuple[date, Decimal | None]]:
    """Days and amounts of adjustments."""
    with team_context(team.id):
        rows = CostLine.objects.filter(entry=Entry.ADJUSTMENT).order_by("booked_on", "id")
        return list(rows.values_list("booked_on", "cost_usd"))


@pytest.fixture
def uploaded(team: Team, owner_client: Client) -> Client:
    """A month of $0.25 whose statement says $0.75."""
    add_line(team)
    upload(owner_client)
    return owner_client


def test_the_whole_month_is_booked_once(team: Team, uploaded: Client) -> None:
    """After a look at it; then both sides agree, and there is nothing to book."""
    text = words(uploaded.get(BOOK).content)
    assert "nothing is booked yet" in text
    assert '<dt>To be booked</dt> <dd class="r"> $0.50 </dd>' in text
    assert "Statement a.csv of openai, August 2026: difference of the whole month" in text
    assert adjustments(team) == []
    text = book(uploaded)
    assert "Booked as an adjustment on 31 August 2026." in text
    assert "Booked of it: <b>+$0.50</b>; left: <b>$0</b>" in text
    assert "Book the difference" not in text
    assert "with the month" in text
    assert adjustments(team) == [(date(2026, 8, 31), Decimal("0.50"))]
    again = uploaded.post(BOOK, {"seen": "0.50 2026-08-31"})
    assert (again.status_code, "is booked already, with the whole month" in words(again.content)) == (422, True)
    assert len(adjustments(team)) == 1
    with team_context(team.id):
        assert unreconciled(team.id, date(2026, 8, 1)) == []


def test_days_and_models_are_booked_apart_and_the_whole_takes_the_rest(team: Team, uploaded: Client) -> None:
    """Nothing counts twice."""
    text = book(uploaded, "?day=2026-08-12&model=5+gpt")
    assert "Booked as an adjustment on 12 August 2026." in text
    refused = uploaded.get(f"{BOOK}?day=2026-08-12&model=5+gpt")
    assert (refused.status_code, "is booked already, of this day" in words(refused.content)) == (422, True)
    book(uploaded)
    assert adjustments(team) == [(date(2026, 8, 12), Decimal("0.10")), (date(2026, 8, 31), Decimal("0.40"))]
    assert uploaded.get(f"{BOOK}?day=2026-08-14&model=5+gpt").status_code == 404
    assert uploaded.get(f"{BOOK}?day=August&model=5+gpt").status_code == 404


def test_what_was_seen_is_what_is_booked(team: Team, uploaded: Client) -> None:
    """A line that came meanwhile changes the difference: it must be looked at again."""
    add_line(team)
    refused = uploaded.post(BOOK, {"seen": "0.50 2026-08-31"})
    assert "is not the difference as it is now: look at it again" in words(refused.content)
    assert adjustments(team) == []


def test_it_goes_with_its_statement(team: Team, uploaded: Client) -> None:
    """Which asks first; a newer statement takes it away, too."""
    text = book(uploaded)
    assert "The adjustments that were booked of it are removed, too." in text
    upload(uploaded, "2026-08-12,gpt-5,0.30,USD,1100\n")
    assert adjustments(team) == []
    book(uploaded)
    assert adjustments(team) == [(date(2026, 8, 31), Decimal("0.05"))]
    with team_context(team.id):
        one = ProviderStatement.objects.get(removed_at__isnull=True)
    uploaded.post(f"{URL}statements/{one.id}/remove/")
    assert adjustments(team) == []
    with team_context(team.id):
        assert not StatementBooking.objects.exists()


def test_an_entry_that_is_removed_can_be_booked_again(team: Team, uploaded: Client) -> None:
    """From the page of its month."""
    book(uploaded)
    with team_context(team.id):
        line = CostLine.objects.get(entry=Entry.ADJUSTMENT)
    uploaded.post(f"/t/harbour/cost/months/2026-08/entries/{line.id}/remove/")
    book(uploaded)
    assert adjustments(team) == [(date(2026, 8, 31), Decimal("0.50"))]


def test_a_closed_month_is_adjusted_in_the_open_one(team: Team, uploaded: Client) -> None:
    """And once that is closed, neither the statement goes nor another one comes."""
    with team_context(team.id):
        CostMonth.objects.create(month=date(2026, 8, 1), state=MonthState.CLOSED, closed_at=NOW)
    assert "August 2026 is closed, so the adjustment counts in the month that is open" in words(
        uploaded.get(BOOK).content
    )
    book(uploaded)
    assert adjustments(team) == [(date(2026, 9, 1), Decimal("0.50"))]
    with team_context(team.id):
        CostMonth.objects.create(month=date(2026, 9, 1), state=MonthState.CLOSED, closed_at=NOW)
        one = ProviderStatement.objects.get()
    text = words(uploaded.post(f"{URL}statements/{one.id}/remove/", follow=True).content)
    assert "Not removed: the statement a.csv stays" in text
    assert "stays: its difference is booked in a month that is closed" in upload(uploaded, expect=422)
    assert len(adjustments(team)) == 1


def test_tokens_alone_are_no_amount(team: Team, owner_client: Client) -> None:
    """A statement without money has nothing to book."""
    add_line(team)
    names = {"day": "day", "model": "model", "tokens": "tokens"}
    file = SimpleUploadedFile("a.csv", b"day,model,tokens\n2026-08-12,gpt-5,5\n")
    owner_client.post(URL, {"provider": "openai", "month": "2026-08", "file": file, **names})
    assert "Book the difference" not in owner_client.get(f"{URL}2026-08/openai/").content.decode()
    assert "there is no amount to book" in words(owner_client.get(BOOK).content)


def test_who_may_not_manage_costs_books_nothing(team: Team, uploaded: Client, member_client: Client) -> None:
    """There is no such page for a developer."""
    assert "Book" not in member_client.get(f"{URL}2026-08/openai/").content.decode().replace("Booked", "")
    assert member_client.get(BOOK).status_code == 404
