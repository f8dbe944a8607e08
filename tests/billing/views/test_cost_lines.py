"""The lines behind a figure: filters, the price of each, and how its money was made."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostBasis, CostOutcome, TeamPrice
from tests.billing.lines import add_line
from tests.billing.spending import NOW, TODAY, at, folded_once, spend

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return


def text_of(client: Client, team: Team, query: str = "") -> str:
    response = client.get(f"/t/{team.slug}/cost/lines/{query}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_a_line_shows_how_its_money_was_made(member_client: Client, team: Team) -> None:
    """1,000 tokens at 2 and 100 at 9 a million: 0.002 + 0.0009."""
    with team_context(team.id):
        rates = {"input": "2", "output": "9"}
        TeamPrice.objects.create(
            team=team, id=77, provider="openai", model="gpt-5", rates=rates, starts_on=date(2026, 1, 1)
        )
    spend(team, TODAY, "0.0029", price_id=77, told_usd=Decimal("0.003"), workflow="Leads")
    text = text_of(member_client, team)
    assert "Price of openai: gpt-5, the team's own, from 1 Jan 2026" in text.replace("&#x27;", "'")
    assert 'href="/t/harbour/cost/prices/77/">See this price' in text
    cells = text.replace("> ", ">").replace(" <", "<")
    assert '<td>input</td><td class="r">1,000</td><td class="r">2</td><td class="r">0.002</td>' in cells
    assert '<td>output</td><td class="r">100</td><td class="r">9</td><td class="r">0.0009</td>' in cells
    assert '<span class="t2">+$0.0001</span>' in text
    assert f"/t/{team.slug}/executions/?from=2026-11-22T10%3A00Z&amp;to=2026-11-22T11%3A00Z" in text
    assert "workflow=leads" in text.lower()


def test_lines_are_found_by_day_outcome_and_basis(member_client: Client, team: Team) -> None:
    with folded_once(team):
        spend(team, TODAY, "1", workflow="Good", outcome=CostOutcome.GOOD)
        spend(team, date(2026, 11, 3), "2", workflow="Bad", outcome=CostOutcome.FAILED)
        add_line(team, workflow="Dark", hour=at(TODAY), basis=CostBasis.UNPRICED, cost_usd=None, unpriced_tokens=1100)
    for query, names in (
        ("", {"Good", "Bad", "Dark"}),
        ("?day=2026-11-03", {"Bad"}),
        ("?outcome=failed&outcome=good", {"Good", "Bad"}),
        ("?basis=unpriced", {"Dark"}),
        ("?basis=nonsense", set()),
        ("?workflow=Good", {"Good"}),
        ("?at=2026-10", set()),
    ):
        text = text_of(member_client, team, query)
        assert {name for name in ("Good", "Bad", "Dark") if f"<td>{name}<" in text} == names, query
    assert "unknown" in text_of(member_client, team, "?basis=unpriced")


def test_tags_find_their_lines(member_client: Client, team: Team) -> None:
    with folded_once(team):
        spend(team, TODAY, "1", workflow="Tagged", tags={"customer": "a"})
        spend(team, TODAY, "1", workflow="Plain")
    text = text_of(member_client, team, "?tag=customer%3Da")
    assert "<td>Tagged<" in text
    assert "<td>Plain<" not in text
    assert "customer=a" in text


def test_all_lines_are_reached_page_by_page_and_in_csv(member_client: Client, team: Team) -> None:
    with folded_once(team):
        for number in range(60):
            spend(team, date(2026, 11, 1 + number % 20), "0.5", workflow=f"W{number}")
    first = member_client.get(f"/t/{team.slug}/cost/lines/")
    more = first.context["next_href"]
    second = member_client.get(f"/t/{team.slug}/cost/lines/{more}")
    seen = [row.workflow for page in (first, second) for row in page.context["rows"]]
    assert len(seen) == len(set(seen)) == 60
    assert second.context["next_href"] == ""
    response = member_client.get(f"/t/{team.slug}/cost/lines/?format=csv")
    lines = b"".join(response).decode().splitlines()  # type: ignore[arg-type]
    assert len(lines) == 61
    assert lines[0].startswith("id,booked_on,hour,entry,kind,basis,outcome,workflow,environment")
    assert text_of(member_client, team, "?after=nonsense")
