"""Every change of costs is written down in one place: who, when, what."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import ApiKey, Team, User
from accounts.tenancy import team_context
from billing.exports.files import Format, Table
from billing.models import CostEvent, Entry
from billing.reads.cost_lines import Chosen
from billing.services import cost_mail, export_jobs
from billing.services.budgets import remove_budget, save_budget
from billing.services.discounts import add_discount, read_discount, remove_discount
from billing.services.entries import Wanted, add_entry, remove_entry
from billing.services.exchange_rates import enter_rate, set_reporting_currency, upload_rates
from billing.services.first_rating import request_rating
from billing.services.history import By, Subject, record
from billing.services.resources import add_rate, end_rate, read_rate, remove_rate
from billing.services.tags import set_tag_keys
from billing.services.team_prices import add_price, end_price, read_price, remove_price
from tests.billing.books import load
from tests.factories import NOW

pytestmark = pytest.mark.django_db
Act = Callable[[Any, dict[str, Any]], None]


def _entry(team_id: Any, by: dict[str, Any]) -> None:
    wanted = Wanted("k", Entry.CREDIT, date(2026, 8, 31), Decimal(-1), "Goodwill")
    line = add_entry(team_id, wanted, NOW, by["by"])
    remove_entry(team_id, line.id, NOW, by["by"])


def _price(team_id: Any, by: dict[str, Any]) -> None:
    told = {"provider": "acme", "model": "house", "rate_input": "1", "rate_output": "2"}
    made = add_price(team_id=team_id, wanted=read_price(told), now=NOW, **by)
    ended = end_price(team_id=team_id, price_id=made.id, ends_on="2026-09-01", now=NOW, **by)
    remove_price(team_id=team_id, price_id=ended.id, now=NOW, **by)


def _discount(team_id: Any, by: dict[str, Any]) -> None:
    load()
    wanted = read_discount({"provider": "openai", "percent": "10"})
    made = add_discount(team_id=team_id, wanted=wanted, now=NOW, **by)
    remove_discount(team_id=team_id, discount_id=made.id, now=NOW, **by)


def _exchange(team_id: Any, by: dict[str, Any]) -> None:
    enter_rate(team_id=team_id, told={"currency": "EUR", "date": "2026-08-01", "usd": "1.1"}, now=NOW, **by)
    upload_rates(team_id=team_id, content=b"currency,date,usd\nEUR,2026-08-02,1.2\n", source="a.csv", now=NOW, **by)
    set_reporting_currency(team_id=team_id, currency="EUR", now=NOW, **by)


def _resource(team_id: Any, by: dict[str, Any]) -> None:
    told = {"name": "CI", "kind": "compute", "unit": "minute", "amount": "0.01", "starts_on": "2026-08-01"}
    made = add_rate(team_id=team_id, wanted=read_rate(told), now=NOW, **by)
    end_rate(team_id=team_id, rate_id=made.id, ends_on=date(2026, 9, 1), now=NOW, **by)
    remove_rate(team_id=team_id, rate_id=made.id, now=NOW, **by)


def _budget(team_id: Any, by: dict[str, Any]) -> None:
    made = save_budget(team_id=team_id, fields={"name": "All", "amount": "100"}, now=NOW, **by)
    save_budget(team_id=team_id, fields={"amount": "200"}, budget_id=made.id, now=NOW, **by)
    remove_budget(team_id=team_id, budget_id=made.id, now=NOW, **by)


def _rest(team_id: Any, by: dict[str, Any]) -> None:
    set_tag_keys(team_id, ["customer"], NOW, **by)
    request_rating(team_id, (1, 2), NOW, **by)
    about: dict[str, Any] = {"table": Table.LINES, "format": Format.MACHINE}
    job = export_jobs.create(team_id, chosen=Chosen(), now=NOW, **about, **by)
    export_jobs.remove(team_id, job, now=NOW, **by)
    cost_mail.choose(team_id, User.objects.get(email="owner@harbour.test").id, day=3, now=NOW, **about, **by)


@pytest.mark.parametrize(
    ("act", "written"),
    [
        (_entry, ["entry added", "entry removed"]),
        (_price, ["price added", "price ended", "price removed"]),
        (_discount, ["discount added", "discount removed"]),
        (_exchange, ["exchange rate set", "exchange rate set", "reporting currency chosen"]),
        (_resource, ["resource rate added", "resource rate ended", "resource rate removed"]),
        (_budget, ["budget changed", "budget made", "budget removed"]),
        (_rest, ["cost mail chosen", "cost tags chosen", "export asked", "export removed", "first rating asked"]),
    ],
)
def test_a_change_leaves_who_when_and_what(team: Team, owner: User, act: Act, written: list[str]) -> None:
    """Months and statements are tested with their pages."""
    with team_context(team.id):
        act(team.id, {"by": owner})
        events = list(CostEvent.objects.order_by("subject", "what"))
    assert [f"{one.subject} {one.what}" for one in events] == written
    assert {(one.by_id, one.key_name, one.at) for one in events} == {(owner.id, "", NOW)}


@pytest.mark.parametrize("has_maker", [True, False])
def test_a_key_is_named_with_its_maker(team: Team, owner: User, has_maker: bool) -> None:
    """Amounts and days are kept as text, without what was not told."""
    by: By = ApiKey(name="Ledger", created_by=owner if has_maker else None)
    with team_context(team.id):
        one = record(
            team.id, Subject.ENTRY, 7, "added", by=by, now=NOW, usd=Decimal("1E-10"), day=date(2026, 8, 1), note=""
        )
    assert (one.by, one.key_name, one.subject_id) == (owner if has_maker else None, "Ledger", "7")
    assert one.detail == {"usd": "0.0000000001", "day": "2026-08-01"}
