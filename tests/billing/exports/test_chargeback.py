"""The chargeback sheet: each value of a tag, what has none, and both together the month."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from billing.exports.files import Format, Table, write
from billing.models import CostOutcome, CostSettings
from billing.reads.cost_lines import Chosen
from tests.billing.lines import add_line

pytestmark = pytest.mark.django_db

ALL = Chosen()


def sheet(team: Team, path: Path, chosen: Chosen = ALL) -> list[dict[str, str]]:
    write(team, Table.CHARGEBACK, Format.MACHINE, chosen, path)
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_values_and_the_untagged_rest_are_the_month(team: Team, tmp_path: Path) -> None:
    with team_context(team.id):
        CostSettings.objects.create(tag_keys=["centre", "customer"])
    add_line(team, tags={"centre": "12", "customer": "A"}, cost_usd=Decimal("0.1"))
    add_line(team, tags={"centre": "13"}, cost_usd=Decimal("0.02"), outcome=CostOutcome.FAILED)
    add_line(team, cost_usd=Decimal("0.003"))
    rows = sheet(team, tmp_path / "x.csv")
    told = [(row["tag"], row["value"], row["is_tagged"], row["cost_usd"], row["waste_usd"]) for row in rows]
    assert told == [
        ("centre", "12", "yes", "0.1", ""),
        ("centre", "13", "yes", "0.02", "0.02"),
        ("centre", "", "no", "0.003", "0"),
        ("customer", "A", "yes", "0.1", ""),
        ("customer", "", "no", "0.023", "0.02"),
    ]
    assert {row["month"] for row in rows} == {"2026-08-01"}
    assert [row["tokens"] for row in rows[:3]] == ["1100"] * 3
    assert [row["calls"] for row in rows[:3]] == ["10"] * 3


def test_months_are_chosen(team: Team, tmp_path: Path) -> None:
    add_line(team, tags={"centre": "12"})
    add_line(team, tags={"centre": "12"}, hour=datetime(2026, 9, 1, tzinfo=UTC))
    chosen = Chosen(first=datetime(2026, 9, 1, tzinfo=UTC).date())
    assert [row["month"] for row in sheet(team, tmp_path / "x.csv", chosen)] == ["2026-09-01"] * 2


def test_what_only_has_no_price_is_not_zero(team: Team, tmp_path: Path) -> None:
    add_line(team, tags={"centre": "12"})
    add_line(team, cost_usd=None, unpriced_tokens=1100)
    rest = sheet(team, tmp_path / "x.csv")[-1]
    assert (rest["is_tagged"], rest["cost_usd"], rest["unpriced_tokens"]) == ("no", "", "1100")
