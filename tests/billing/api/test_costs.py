"""`/api/v1/costs/`: the numbers of the page, in text without a lost digit; what cannot be meant is refused."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team
from accounts.services.teams import NewTeam
from tests.billing.spending import NOW, TODAY, november, spend

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return


def get(client: Client, key: str, path: str, status: int = 200) -> Any:
    response = client.get(f"/api/v1/costs/{path}", headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == status, response.content
    return response.json()


def test_summary_daily_and_rows_are_the_same_money(
    client: Client, member_client: Client, team: Team, api_key: str
) -> None:
    november(team)
    summary = get(client, api_key, "summary/")
    page = member_client.get(f"/t/{team.slug}/cost/?format=json").json()
    assert {**summary, "as_of": ""} == {**page, "as_of": ""}
    assert summary["now"]["cost_usd"] == "303.50"
    assert (summary["now"]["runs"], summary["now"]["per_success_usd"]) == (10, "37.9375")
    assert sum(Decimal(one["usd"]) for one in summary["effects"]) == Decimal(summary["change_usd"])
    days = get(client, api_key, "daily/")["results"]
    assert len(days) == 22
    assert sum(Decimal(day["cost_usd"]) for day in days) == Decimal("303.50")
    for dimension in ("workflow", "provider", "model", "kind", "environment", "entry", "outcome", "release", "node"):
        rows = get(client, api_key, f"by/{dimension}/")["results"]
        assert sum(Decimal(row["now"]["cost_usd"] or 0) for row in rows) == Decimal("303.50"), dimension


def test_filters_and_periods(client: Client, team: Team, api_key: str) -> None:
    november(team)
    assert get(client, api_key, "summary/?workflow=Leads")["now"]["cost_usd"] == "232.0"
    assert get(client, api_key, "summary/?at=2026-10")["now"]["cost_usd"] == "333.25"
    assert get(client, api_key, "summary/?at=2026-10")["forecast"] is None
    year = get(client, api_key, "daily/?period=year")["results"]
    assert [day["cost_usd"] for day in year[-2:]] == ["333.25", "303.50"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("summary/?at=2026-13", 400, "Not a month"),
        ("summary/?at=2031-01", 400, "Not a month"),
        ("summary/?period=week", 400, "Allowed: month, quarter, year"),
        ("summary/?kind=gold", 400, "Allowed: tokens, compute"),
        ("summary/?node=a&tag=b%3Dc", 400, "Cannot be combined"),
        ("by/node/?release=v1", 400, "Cannot be combined"),
        ("by/nonsense/", 404, "There are: workflow, provider"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    client: Client, team: Team, api_key: str, path: str, status: int, words: str
) -> None:
    assert words in str(get(client, api_key, path, status))


def test_keys_see_their_own_team_alone(client: Client, team: Team, other_team: NewTeam) -> None:
    spend(team, TODAY, "5")
    assert get(client, other_team.api_key, "summary/")["now"]["cost_usd"] is None
    assert client.get("/api/v1/costs/summary/").status_code == 401
