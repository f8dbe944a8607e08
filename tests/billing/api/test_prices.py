"""Prices by API: the same as on pages, exact, and only with the scope of costs."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Scope
from accounts.tenancy import team_context
from billing.models import CostBasis
from billing.store.price_book import prices_of
from tests.billing.books import load
from tests.billing.lines import add_line
from tests.factories import ApiKeyFactory

pytestmark = pytest.mark.django_db
NEW = {"provider": "openai", "model": "gpt-5", "rates": {"input": "1.000000000001", "output": "10"}}


class Api:
    """A client with a key of the team."""

    def __init__(self, key: str) -> None:
        self.client, self.headers = Client(), {"authorization": f"Bearer {key}"}

    def __getattr__(self, method: str):
        def call(address: str, told: object = None):
            more = {"data": told, "content_type": "application/json"} if told is not None else {}
            return getattr(self.client, method)(f"/api/v1/costs/{address}", headers=self.headers, **more)

        return call


@pytest.fixture
def api(api_key) -> Api:
    return Api(api_key)


def reasons(response) -> dict[str, str]:
    """Why something was refused, by field."""
    return {one["field"]: one["reason"] for one in response.json()["errors"]}


def test_prices_are_added_read_and_removed(team, api) -> None:
    load()
    made = api.post("prices/", NEW)
    assert made.status_code == 201, made.content
    told = made.json()
    assert told["rates"] == NEW["rates"]
    assert (told["origin"], told["starts_on"], told["is_removed"]) == ("entered", None, False)
    assert api.get(f"prices/{told['id']}/").json() == told
    listed = api.get("prices/?q=gpt-5").json()["results"]
    assert [one["origin"] for one in listed] == ["entered", "book"]
    assert api.delete(f"prices/{told['id']}/").status_code == 204
    assert api.delete(f"prices/{told['id']}/").status_code == 404
    assert api.get(f"prices/{told['id']}/").json()["is_removed"] is True
    # The book is nobody's to remove.
    assert api.delete(f"prices/{listed[1]['id']}/").status_code == 404


def test_refusals_name_the_field(api) -> None:
    answer = api.post("prices/", {**NEW, "rates": {"input": "1,5"}})
    assert answer.status_code == 400
    assert reasons(answer)["rate_input"].startswith("must be written with a point")
    assert api.post("prices/", {**NEW, "rates": {"tea": "1"}}).status_code == 400
    assert api.post("prices/", {"model": "x"}).status_code == 400
    assert reasons(api.post("discounts/", {"provider": "acme", "percent": "5"})) == {
        "provider": "is none of the price book; enter the prices themselves"
    }


def test_price_changes_are_seen_applied_and_taken_back(team, api) -> None:
    load()
    with team_context(team.id):
        old = prices_of(team.id, [("openai", "gpt-5")])["openai", "gpt-5"][0].id
    add_line(team, price_id=old, **dict.fromkeys(("cost_usd", "priced_usd"), Decimal("0.00225")))
    api.post("prices/", NEW)
    seen = api.get("price-changes/").json()
    # 1,000 in at 1.000000000001 instead of 1.25.
    assert seen["difference_usd"] == "-0.000249999999999"
    assert seen["effects"][0]["old_usd"] == "0.00225"
    assert api.post("price-changes/", {"seen": "other", "reason": "contract"}).status_code == 400
    assert api.post("price-changes/", {"seen": seen["seen"], "reason": "contract"}).status_code == 200
    assert api.get("price-changes/").json()["effects"] == []
    assert api.delete(f"price-changes/{uuid4()}/").status_code == 404


def test_discounts_rates_and_what_has_no_price(team, api) -> None:
    load()
    made = api.post("discounts/", {"provider": "openai", "percent": "12.50"}).json()
    assert made["percent"] == "12.5"
    assert api.get("discounts/").json()["results"] == [made]
    assert api.delete(f"discounts/{made['id']}/").status_code == 204
    rate = {"currency": "EUR", "date": "2026-08-01", "usd": "1.0834"}
    assert api.post("exchange-rates/", rate).status_code == 201
    assert api.get("exchange-rates/").json()["results"] == [rate]
    assert api.post("exchange-rates/", {**rate, "usd": "-1"}).status_code == 400
    add_line(team, basis=CostBasis.UNPRICED, provider="acme", model="house-1", unpriced_tokens=1100, cost_usd=None)
    (one,) = api.get("unpriced/").json()["results"]
    assert (one["model"], one["tokens"], one["is_known"]) == ("house-1", 1100, False)


def test_reading_is_not_changing(team) -> None:
    load()
    api = Api(ApiKeyFactory(team=team, scopes=[Scope.READ]).text)
    for address in ("prices/", "price-changes/", "discounts/", "exchange-rates/", "unpriced/"):
        assert api.get(address).status_code == 200
    assert api.post("prices/", NEW).status_code == 403
    assert api.post("discounts/", {"provider": "openai", "percent": "1"}).status_code == 403
    assert Client().get("/api/v1/costs/prices/").status_code == 401


def test_another_team_sees_nothing_of_it(team, api, other_team) -> None:
    told = api.post("prices/", NEW).json()
    other = Api(other_team.api_key)
    assert other.get(f"prices/{told['id']}/").status_code == 404
    assert other.get("prices/?q=gpt-5").json()["results"] == []
