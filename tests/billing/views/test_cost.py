"""The cost page: what a reader sees, what links lead to, and who may see it."""

import csv
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import Budget, CostBasis, CostMonth, CostOutcome, CostSettings, ExchangeRate, MonthState
from tests.billing.lines import add_line
from tests.billing.spending import NO_MONEY, NOW, TODAY, at, folded_once, november, run, spend

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return


def text_of(client: Client, team: Team, query: str = "", page: str = "cost") -> str:
    response = client.get(f"/t/{team.slug}/{page}/{query}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def csv_of(client: Client, team: Team, query: str) -> list[list[str]]:
    response = client.get(f"/t/{team.slug}/cost/?format=csv&{query}")
    assert response.status_code == 200
    body = b"".join(response).decode()  # type: ignore[arg-type]
    return list(csv.reader(body.splitlines()))


def amounts(cells: list[str]) -> list[Decimal | None]:
    return [Decimal(cell) if cell else None for cell in cells]


def kpi(text: str, label: str) -> str:
    match = re.search(
        rf'<dt[^>]*>{re.escape(label)}<button.*?</dt> <dd class="kpi-v">(.*?)</dd>.*?<dd class="kpi-d">(.*?)</dd>', text
    )
    assert match, label
    return " ".join(re.sub("<[^>]+>", "", " ".join(match.groups())).split())


def test_the_answer_comes_first_with_its_evidence(member_client: Client, team: Team) -> None:
    november(team)
    text = text_of(member_client, team)
    assert "What did it cost, and where is it going?" in text
    assert re.search(r"\$303\.50 so far, about \$\d+\.\d\d by 30 Nov\.", text)
    assert (
        "1–22 Nov: <b>+$67.00</b> (+28%) on 1–22 Oct, most of it retries and failed runs +$66.00, compute +$2.00."
        in text
    )
    assert "<b>$88.00</b> of it (29%) paid for failed runs and retries, <b>$88.00</b> of that in <b>Leads</b>" in text
    assert "Without what it wastes the total would be <b>$215.50</b>" in text
    assert "<b>1,100 tokens</b> have no price and are in no figure." in text
    assert "Open Leads" in text


def test_the_kpis_say_what_they_are_beside_october(member_client: Client, team: Team) -> None:
    """303.50 over 10 runs and 8 successes; October to the 22nd: 236.50 over 10 runs, all of them successes."""
    november(team)
    text = text_of(member_client, team)
    assert kpi(text, "Total, 1–22 Nov") == "$303.50 +28% at least: 1,100 tokens unpriced; on 1–22 Oct"
    assert kpi(text, "Forecast for November 2026").endswith("4 in 5 times")
    assert kpi(text, "Cost per run") == "$30.35 +28% on 1–22 Oct, 10 runs"
    assert kpi(text, "Cost per successful run") == "$37.94 +60% on 1–22 Oct, 8 successful runs"
    assert kpi(text, "Spent on failed runs") == "$88.00 29% of total, 9% on 1–22 Oct"


def test_the_tables_have_their_rows_in_csv(member_client: Client, team: Team) -> None:
    november(team)
    rows = csv_of(member_client, team, "table=workflows")
    assert (rows[1][0], amounts(rows[1][1:7])) == ("Leads", [10, 8, 232, Decimal("23.2"), 29, 88])
    assert (rows[2][0], amounts(rows[2][1:7])) == ("Triage", [0, 0, Decimal("71.5"), None, None, 0])
    providers = csv_of(member_client, team, "table=providers")
    assert [row[0] for row in providers[1:]] == ["openai", "anthropic", "Compute", "Other"]
    assert amounts([row[3] for row in providers[1:]]) == [231, Decimal("71.5"), 2, -1]
    models = csv_of(member_client, team, "table=models")
    assert [row[:2] for row in models[1:]] == [["gpt-5", "openai"], ["claude", "anthropic"], ["new", "openai"]]
    assert amounts([row[4] for row in models[1:]]) == [231, Decimal("71.5"), None]
    days = csv_of(member_client, team, "table=days")
    assert len(days) == 23
    assert days[5][:3] == ["2026-11-05", "13.75", "4"]
    assert sum(Decimal(row[1]) for row in days[1:]) == Decimal("303.50")
    changes = csv_of(member_client, team, "table=changes")
    assert sum(Decimal(row[1]) for row in changes[1:]) == Decimal(67)
    assert sum(Decimal(row[3]) for row in providers[1:]) == Decimal("303.50")
    budget = csv_of(member_client, team, "table=budget")
    assert budget[21][:2] == ["2026-11-21", "289.75"]
    assert budget[22][0] == "2026-11-22"
    assert csv_of(member_client, team, "table=nonsense") == rows


def test_json_has_the_same_numbers(member_client: Client, team: Team) -> None:
    november(team)
    found = member_client.get(f"/t/{team.slug}/cost/?format=json").json()
    assert (found["now"]["cost_usd"], found["before"]["cost_usd"], found["change_usd"]) == ("303.50", "236.50", "67.00")
    assert sum(Decimal(one["usd"]) for one in found["effects"]) == Decimal(67)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?workflow=Leads&sort=name", "$232.00 so far"),
        ("?workflow=Leads", "$232.00 so far"),
        ("?workflow=-Leads", "$71.50 so far"),
        ("?provider=anthropic", "$71.50 so far"),
        ("?model=-claude", "$232.00 so far"),
        ("?kind=compute", "$2.00 so far"),
        ("?step=work", "$303.50 so far"),
        ("?env=production", "$303.50 so far"),
        ("?at=2026-10", "$333.25 in October 2026."),
        ("?period=quarter", "$636.75 so far"),
        ("?period=year", "$636.75 so far"),
        ("?period=year&by=kind&at=nonsense", "$636.75 so far"),
        ("?by=workflow&sort=-waste", "$303.50 so far"),
    ],
)
def test_all_state_is_in_the_address(member_client: Client, team: Team, query: str, words: str) -> None:
    november(team)
    assert words in text_of(member_client, team, query)


@pytest.mark.parametrize(
    ("amount", "answer"),
    [
        ("300", "No: $303.50 of $300.00 is spent."),
        ("350", "Not at this rate: $"),
        ("900", "Yes: $"),
    ],
)
def test_a_budget_is_answered_for(
    member_client: Client, team: Team, monkeypatch: pytest.MonkeyPatch, amount: str, answer: str
) -> None:
    november(team)
    kept = (Budget(name="All"), Decimal(amount))
    monkeypatch.setattr("billing.reads.cost_page.budget_of", lambda _team, _scope: kept)
    text = text_of(member_client, team)
    assert "Will we stay inside the budget?" in text
    assert answer in text
    assert "Month against budget" in text


def test_a_month_that_has_not_begun_to_cost_says_nothing_yet(member_client: Client, team: Team) -> None:
    spend(team, date(2026, 10, 5), "3")
    text = text_of(member_client, team)
    assert "Nothing yet in November 2026." in text
    assert kpi(text, "Total, 1–22 Nov").startswith("nothing")


def test_filters_without_runs_say_so(member_client: Client, team: Team) -> None:
    november(team)
    text = text_of(member_client, team, "?provider=openai")
    assert kpi(text, "Cost per run") == "unknown Runs are not counted for these filters."


def test_unknown_names_find_nothing_and_can_be_cleared(member_client: Client, team: Team) -> None:
    november(team)
    for query in ("?workflow=nobody", "?model=%00x", "?kind=gold", "?tag=a=b", "?env=nowhere"):
        text = text_of(member_client, team, query)
        assert "No costs match these filters" in text
        assert "Clear filters" in text


def test_filters_that_cannot_be_combined_say_so(member_client: Client, team: Team) -> None:
    november(team)
    text = text_of(member_client, team, "?step=work&tag=customer%3Da")
    assert "Not filtered by <b>Tag</b>" in text


def test_a_team_without_costs_is_told_where_they_come_from(member_client: Client, team: Team) -> None:
    text = text_of(member_client, team)
    assert "No costs in November 2026" in text
    assert f'href="/t/{team.slug}/sources/"' in text


def test_an_empty_month_leads_to_one_with_costs(member_client: Client, team: Team) -> None:
    spend(team, date(2026, 9, 29), "1")
    text = text_of(member_client, team)
    assert "No costs in November 2026" in text
    assert "Show September 2026" in text


def test_a_price_that_is_not_known_is_never_nothing(member_client: Client, team: Team) -> None:
    with folded_once(team):
        spend(team, TODAY, "0", cost_usd=None, priced_usd=None, list_usd=None, billed=None, unpriced_tokens=1100)
    text = text_of(member_client, team)
    assert "Unknown: nothing of what was used has a price." in text
    assert kpi(text, "Total, 1–22 Nov") == "unknown nothing known of 1–22 Oct"
    assert kpi(text, "Spent on failed runs") == "unknown"
    assert '<td>Sun 22 Nov</td><td class="r">–</td>' in text


def test_many_models_are_shown_dearest_first_and_all_on_request(member_client: Client, team: Team) -> None:
    """And one that was used before alone costs none now: that is not unknown."""
    with folded_once(team):
        for number in range(13):
            spend(team, TODAY, str(20 - number), model=f"model-{number:02}")
        spend(team, date(2026, 10, 3), "5", model="model-of-october")
    text = text_of(member_client, team)
    models = text[text.index('id="models"') :]
    assert "Show all 14 models" in models
    assert "model-11" in models
    assert "model-12" not in models
    every = text_of(member_client, team, "?all=1")
    row = every[every.index("<bdi>model-of-october") :].split("</tr>")[0]
    assert '<span class="mut">none</span>' in row
    assert "unknown" not in row


def test_runs_without_a_known_cost_have_an_unknown_unit_cost(member_client: Client, team: Team) -> None:
    """Two runs that succeeded are two runs."""
    spend(team, TODAY, "1", workflow="Paid")
    run(team, "Dark", TODAY, succeeded=2)
    with folded_once(team):
        add_line(team, workflow="Dark", hour=at(TODAY), basis=CostBasis.UNPRICED, unpriced_tokens=1100, **NO_MONEY)
    text = text_of(member_client, team)
    row = text[text.index("<bdi>Dark") :].split("</tr>")[0]
    assert row.count('<span class="mut">unknown</span>') == 4
    assert "no runs" not in row
    assert "none succeeded" not in row


def test_too_few_days_are_said_to_be_too_few(member_client: Client, team: Team) -> None:
    spend(team, date(2026, 11, 20), "5")
    text = text_of(member_client, team)
    assert "$5.00 so far; too few days to say where it is going." in text
    assert kpi(text, "Forecast for November 2026").startswith("unknown Too few days to forecast: 2 of at least 7")


def test_an_unusual_day_is_explained(member_client: Client, team: Team) -> None:
    with folded_once(team):
        for number in range(52):
            spend(team, date(2026, 10, 1) + timedelta(days=number), "10", workflow="Leads")
        spend(team, date(2026, 11, 18), "40", workflow="Leads", outcome=CostOutcome.FAILED)
    text = text_of(member_client, team)
    assert "<b>18 Nov</b>" in text
    assert "retries and failed runs +$40.00" in text
    assert "concentrated in Leads (100%) and in openai (100%)" in text
    assert "day=2026-11-18" in text
    (_, row) = csv_of(member_client, team, "table=unusual")
    assert (row[0], row[3], row[7], row[8]) == ("2026-11-18", "2026-11-18", "Retries and failed runs", "40")


def test_the_reporting_currency_counts_each_day_at_its_rate(member_client: Client, team: Team) -> None:
    spend(team, date(2026, 11, 1), "2")
    spend(team, date(2026, 11, 10), "3")
    with team_context(team.id):
        CostSettings.objects.create(team=team, reporting_currency="EUR")
    assert "EUR unknown: no exchange rate for 1–10 Nov" in text_of(member_client, team)
    with team_context(team.id):
        for day, usd in ((1, "1.00"), (9, "1.50")):
            ExchangeRate.objects.create(team=team, currency="EUR", starts_on=date(2026, 11, day), usd=Decimal(usd))
    assert "EUR 4.00 at 1.00 to 1.50 USD" in text_of(member_client, team)
    assert csv_of(member_client, team, "table=days")[10][-3:] == ["EUR", "1.50", "2"]
    kept = {"EUR": {"2026-11-01": "2"}}
    with team_context(team.id):
        CostMonth.objects.create(team=team, month=date(2026, 11, 1), state=MonthState.CLOSED, rates=kept)
    assert "EUR 2.50 at 2 USD" in text_of(member_client, team)


def test_strangers_and_anonymous_see_nothing(client: Client, stranger_client: Client, team: Team) -> None:
    for page in ("cost", "cost/lines"):
        assert stranger_client.get(f"/t/{team.slug}/{page}/").status_code == 404
        assert client.get(f"/t/{team.slug}/{page}/").status_code == 302
        assert stranger_client.post(f"/t/{team.slug}/{page}/").status_code in (404, 405)


def test_another_teams_costs_are_not_counted(member_client: Client, team: Team, other_team: object) -> None:
    spend(other_team.team, TODAY, "999", workflow="Leads")  # type: ignore[attr-defined]
    spend(team, TODAY, "1", workflow="Leads")
    assert "$1.00 so far" in text_of(member_client, team)


@pytest.mark.parametrize("query", ["", "?period=year", "?by=workflow", "lines/"])
def test_the_number_of_queries_does_not_grow(
    member_client: Client, team: Team, query: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    page = "cost/lines" if query == "lines/" else "cost"
    query = "" if query == "lines/" else query
    spend(team, TODAY, "1")
    text_of(member_client, team, query, page)
    with CaptureQueriesContext(connection) as first:
        text_of(member_client, team, query, page)
    with folded_once(team):
        for number in range(20):
            spend(team, TODAY, "1", workflow=f"W{number}", model=f"m{number}", provider=f"p{number}")
    with django_assert_num_queries(len(first)):
        text_of(member_client, team, query, page)
