"""Adjustments, credits and commitments on the page of a month: entered, refused by field, listed, exported, removed."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostEvent, CostLine, CostMonth, CostSettings, ExchangeRate, MonthState
from tests.billing.lines import add_line

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 9, 3, 12, 0, tzinfo=UTC)
TOLD = {"entry": "credit", "amount": "-12.50", "currency": "USD", "day": "2026-08-31", "reason": "Outage of 3 August"}


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def page(client: Client, path: str = "", expect: int = 200) -> str:
    """The page of August, or one below it."""
    answer = client.get(f"/t/harbour/cost/months/2026-08/{path}")
    assert answer.status_code == expect
    if answer.streaming:
        return b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]
    return " ".join(answer.content.decode().split())


def enter(client: Client, expect: int = 200, **told: str) -> str:
    """What follows when the form is sent."""
    answer = client.post("/t/harbour/cost/months/2026-08/entries/new/", {**TOLD, **told}, follow=True)
    assert answer.status_code == expect
    return " ".join(answer.content.decode().split())


def test_an_entry_is_listed_with_who_when_and_why(team: Team, owner_client: Client) -> None:
    """With what it is for; its CSV has the same; the same form sent twice books once."""
    add_line(team)
    told = {"key": "one", "provider": "openai", "workflow": "nightly", "tags": "customer=acme\ncentre=42"}
    text = enter(owner_client, **told)
    assert "Booked on 31 August 2026: −$12.50." in text
    assert "openai, workflow nightly" in text
    assert "centre=42, customer=acme" in text
    assert "Outage of 3 August" in text
    assert "owner@harbour.test" in text
    enter(owner_client, **told)
    head, row, *more = page(owner_client, "?format=csv").splitlines()
    assert more == []
    assert head.startswith("entry,kind,day,cost_usd,billed,currency,rate_usd,provider,model,workflow,environment,tags")
    # A leading minus is a number, not a formula.
    assert row.startswith("credit,tokens,2026-08-31,-12.50,-12.50,USD,,openai,,nightly,,centre=42 customer=acme,")
    assert "owner@harbour.test,2026-09-03T12:00:00+00:00" in row


def test_an_amount_in_the_reporting_currency_shows_its_rate(team: Team, owner_client: Client) -> None:
    """The form shows the rates of the month, the table the one that was used."""
    with team_context(team.id):
        CostSettings.objects.create(reporting_currency="EUR")
        ExchangeRate.objects.create(currency="EUR", starts_on=date(2026, 7, 1), usd=Decimal("1.10"))
        ExchangeRate.objects.create(currency="EUR", starts_on=date(2026, 8, 20), usd=Decimal("1.2"))
    form = page(owner_client, "entries/new/")
    assert "From 1 August on one EUR is $1.1; From 20 August on one EUR is $1.2." in form
    text = enter(owner_client, entry="commitment", amount="100", currency="EUR")
    assert '$120.00 <span class="t2">100 EUR at 1.2</span>' in text


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"amount": "0"}, "amount must not be 0"),
        ({"amount": "5"}, "amount a credit is less than 0"),
        ({"amount": "-1,5"}, "amount must be written with a point and without separators of thousands, as 1234.5"),
        ({"amount": "-1234567890123"}, "amount must have at most 12 digits before the point, and 12 after it"),
        ({"amount": ""}, "amount must be told"),
        ({"currency": "EUR"}, "currency must be USD"),
        ({"currency": "dollars"}, "currency must be a code of ISO 4217, as EUR"),
        ({"reason": " "}, "reason must be told"),
        ({"reason": "x" * 501}, "reason must be at most 500 characters"),
        ({"day": "2026-09-01"}, "day must be in August 2026"),
        ({"day": "31.8.2026"}, "day must be a day, as 2026-08-31"),
        ({"entry": "gift"}, "entry must be one of adjustment, credit, commitment"),
        ({"workflow": "none"}, "workflow is not known: give its name or slug"),
        ({"tags": "customer"}, "tags must be written as name=value, one a line"),
    ],
)
def test_what_is_wrong_is_said_by_field(team: Team, owner_client: Client, told: dict[str, str], reason: str) -> None:
    """And nothing is booked."""
    assert reason in enter(owner_client, expect=422, **told)
    with team_context(team.id):
        assert not CostLine.objects.exists()


def test_a_closed_month_takes_no_entry_and_keeps_those_it_has(team: Team, owner_client: Client) -> None:
    """The form says so before anything is typed; removing is refused, too."""
    enter(owner_client)
    with team_context(team.id):
        CostMonth.objects.create(month=date(2026, 8, 1), state=MonthState.CLOSED, closed_at=NOW)
        line = CostLine.objects.get()
    closed = page(owner_client, "entries/new/")
    assert "is closed and takes no entries" in closed
    assert "/cost/months/2026-09/entries/new/" in closed
    assert "Book it" not in closed
    assert "day August 2026 is closed" in enter(owner_client, expect=422)
    answer = owner_client.post(f"/t/harbour/cost/months/2026-08/entries/{line.id}/remove/", follow=True)
    assert "Not removed: August 2026 is closed." in answer.content.decode()
    with team_context(team.id):
        assert CostLine.objects.count() == 1


def test_an_entry_is_removed_after_a_question(team: Team, owner_client: Client) -> None:
    """The history keeps who added and who removed it."""
    assert "Remove this entry?" in enter(owner_client)
    with team_context(team.id):
        line = CostLine.objects.get()
    address = f"/t/harbour/cost/months/2026-08/entries/{line.id}/remove/"
    assert "Removed. The month counts without it." in owner_client.post(address, follow=True).content.decode()
    assert owner_client.post(address).status_code == 404
    assert owner_client.post(address.replace(str(line.id), "x")).status_code == 404
    with team_context(team.id):
        events = CostEvent.objects.order_by("what").values_list("subject", "what", "by__email", "detail__usd")
        assert list(events) == [
            ("entry", "added", "owner@harbour.test", "-12.50"),
            ("entry", "removed", "owner@harbour.test", "-12.50"),
        ]


def test_who_may_not_manage_costs_only_reads(team: Team, member_client: Client, owner_client: Client) -> None:
    """A developer sees the table and no way to change it."""
    enter(owner_client)
    text = page(member_client)
    assert "Outage of 3 August" in text
    assert "Add one" not in text
    assert "Remove this entry?" not in text
    page(member_client, "entries/new/", expect=404)


def test_queries_do_not_grow_with_entries(team: Team, owner_client: Client) -> None:
    """One entry or twenty."""
    counts: list[Any] = []
    for number in (1, 19):
        for each in range(number):
            enter(owner_client, provider=f"p{number}-{each}")
        with CaptureQueriesContext(connection) as counted:
            page(owner_client)
        counts.append(len(counted))
    assert counts[0] == counts[1]
