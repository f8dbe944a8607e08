"""FOCUS 1.2: rows keep the rules that we check and add up to the lines; the check finds what breaks them."""

import csv
import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Team
from accounts.tenancy import team_context
from billing.analysis.focus_columns import MANDATORY
from billing.analysis.usage import Usage
from billing.exports.files import Format, Table, write
from billing.models import CostBasis, CostLine
from billing.reads.cost_lines import Chosen
from tests.billing.exports.pricing import BOOK_ID, add_all_kinds, add_prices, priced
from tests.billing.lines import add_line

pytestmark = pytest.mark.django_db

COSTS = ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost")


def focus_rows(team: Team, path: Path) -> list[dict[str, str]]:
    write(team, Table.FOCUS, Format.MACHINE, Chosen(), path)
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("format", [Format.MACHINE, Format.PARQUET])
def test_our_files_keep_the_rules(team: Team, tmp_path: Path, format: Format, capsys: Any) -> None:
    add_all_kinds(team)
    path = tmp_path / f"focus.{'parquet' if format is Format.PARQUET else 'csv'}"
    written = write(team, Table.FOCUS, format, Chosen(), path)
    assert (written.left_out, written.left_out_tokens) == (1, 1100)
    call_command("check_focus", str(path))
    assert "keeps the rules" in capsys.readouterr().out


def test_rows_add_up_to_their_lines_and_to_the_ledger(team: Team, tmp_path: Path) -> None:
    lines = [one for one in add_all_kinds(team) if one.cost_usd is not None]
    by_line: dict[str, Decimal] = defaultdict(Decimal)
    for row in focus_rows(team, tmp_path / "x.csv"):
        by_line[row["x_Line"]] += Decimal(row["BilledCost"])
    assert sorted(by_line.values()) == sorted(one.cost_usd for one in lines)


def test_a_priced_line_is_one_row_a_bucket(team: Team, tmp_path: Path) -> None:
    add_prices(team)
    add_line(team, tags={"centre": "12"}, **priced(price_id=BOOK_ID))
    rows = {row["SkuMeter"]: row for row in focus_rows(team, tmp_path / "x.csv")}
    assert set(rows) == {"Input tokens", "Tokens read from the cache", "Output tokens", "Reasoning tokens"}
    row = rows["Input tokens"]
    assert (row["PricingQuantity"], row["PricingUnit"], row["ContractedUnitPrice"]) == (
        *("0.100003", "1000000 Tokens"),
        "1.25",
    )
    assert (row["BilledCost"], row["ConsumedQuantity"], row["ConsumedUnit"]) == ("0.12500375", "100003", "Tokens")
    assert (row["SkuId"], row["ServiceName"], row["ProviderName"]) == ("openai/gpt-5/input", "gpt-5", "openai")
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == ("2026-08-12T10:00:00Z", "2026-08-12T11:00:00Z")
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == ("2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z")
    assert json.loads(row["Tags"]) == {"centre": "12"}
    assert (row["SubAccountName"], row["x_Workflow"], row["x_Node"], row["x_Model"]) == (
        *("nightly", "nightly"),
        *("work", "gpt-5"),
    )
    assert set(MANDATORY) <= set(row)


def test_a_discount_shows_between_list_and_contracted(team: Team, tmp_path: Path) -> None:
    add_all_kinds(team)
    rows = [row for row in focus_rows(team, tmp_path / "x.csv") if row["x_Outcome"] == "failed"]
    assert len(rows) == 4
    assert sum(Decimal(row["ListCost"]) for row in rows) * Decimal("0.9") == sum(
        Decimal(row["ContractedCost"]) for row in rows
    )


def test_a_price_in_euros_shows_both_amounts(team: Team, tmp_path: Path) -> None:
    add_all_kinds(team)
    rows = [row for row in focus_rows(team, tmp_path / "x.csv") if row["PricingCurrency"] == "EUR"]
    assert len(rows) == 4
    for row in rows:
        assert row["BillingCurrency"] == "USD"
        assert Decimal(row["PricingCurrencyEffectiveCost"]) * Decimal("1.0825") == Decimal(row["BilledCost"])


def test_a_line_that_its_price_does_not_explain_is_one_row(team: Team, tmp_path: Path) -> None:
    add_prices(team)
    odd = priced(price_id=BOOK_ID)
    add_line(team, **{**odd, "cost_usd": odd["cost_usd"] + Decimal("1e-18")})
    (row,) = focus_rows(team, tmp_path / "x.csv")
    assert Decimal(row["BilledCost"]) == odd["cost_usd"] + Decimal("1e-18")
    assert (row["PricingQuantity"], row["ConsumedQuantity"]) == ("1", "127011")


def test_huge_counts_stay_exact(team: Team, tmp_path: Path) -> None:
    add_prices(team)
    line = add_line(team, **priced(Usage(10**18, output_tokens=1, calls=1), price_id=BOOK_ID))
    rows = focus_rows(team, tmp_path / "x.csv")
    assert sum((Decimal(row["BilledCost"]) for row in rows), Decimal(0)) == line.cost_usd


def test_charges_are_of_the_right_class(team: Team, tmp_path: Path) -> None:
    add_all_kinds(team)
    rows = focus_rows(team, tmp_path / "x.csv")
    classes = {(row["x_Entry"], row["ChargeCategory"], row["ChargeClass"], row["ChargeFrequency"]) for row in rows}
    assert classes == {
        ("usage", "Usage", "", "Usage-Based"),
        ("correction", "Usage", "Correction", "Usage-Based"),
        ("re_rated", "Adjustment", "", "One-Time"),
        ("credit", "Credit", "", "One-Time"),
        ("allocated", "Purchase", "", "Recurring"),
    }


def test_nothing_unknown_becomes_zero(team: Team, tmp_path: Path) -> None:
    add_line(team, basis=CostBasis.UNPRICED, cost_usd=None, unpriced_tokens=1100)
    assert focus_rows(team, tmp_path / "x.csv") == []
    with team_context(team.id):
        assert CostLine.objects.get().cost_usd is None


def broken(team: Team, path: Path, column: str, value: str) -> str:
    """What the command says about our file with one cell changed."""
    rows = focus_rows(team, path)
    rows[0][column] = value
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(CommandError, match="violations"):
        call_command("check_focus", str(path))
    return ""


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("BilledCost", "", "row 1, BilledCost: must not be null"),
        ("BilledCost", "1,25", "row 1, BilledCost: must be a plain number"),
        ("ChargeCategory", "Spend", "is not one of the allowed values"),
        ("ChargePeriodStart", "2026-08-12", "must be YYYY-MM-DDTHH:mm:ssZ"),
        ("ChargePeriodEnd", "2026-08-12T10:00:00Z", "must be after ChargePeriodStart"),
        ("ChargePeriodEnd", "2026-13-12T10:00:00Z", "is no date that exists"),
        ("BillingCurrency", "Dollar", "must be a currency of three letters"),
        ("ServiceSubcategory", "Backup Storage", "belongs to ServiceCategory Storage"),
        ("PricingUnit", "", "must be null exactly when PricingQuantity is"),
        ("PricingQuantity", "2", "must be ContractedUnitPrice times PricingQuantity"),
        ("ListUnitPrice", "-1", "must not be negative"),
        ("SkuId", "", "must not be null when ChargeCategory is Usage"),
        ("SkuId", "other", "must have one parent SkuId"),
        ("Tags", '{"a": {"b": 1}}', "must be a JSON object of numbers, texts"),
        ("Tags", '{"a": 1, "a": 2}', "has a key twice"),
        ("ProviderName", " ", "must not be blank"),
        ("ChargeCategory", "Purchase", "must not be Usage-Based when ChargeCategory is Purchase"),
    ],
)
def test_the_check_names_row_column_and_rule(
    team: Team, tmp_path: Path, capsys: Any, column: str, value: str, said: str
) -> None:
    add_prices(team)
    for _ in range(2):
        add_line(team, **priced(price_id=BOOK_ID))
    broken(team, tmp_path / "x.csv", column, value)
    assert said in capsys.readouterr().err


def test_the_check_reads_the_heads(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "x.csv").write_text("BilledCost,BilledCost,Odd,x_Fine\n1,2\n")
    with pytest.raises(CommandError, match="violations"):
        call_command("check_focus", str(tmp_path / "x.csv"), "--shown", "100")
    said = capsys.readouterr().err
    assert "EffectiveCost: is mandatory and missing" in said
    assert "BilledCost: stands twice" in said
    assert "Odd: is no column" in said
    assert "x_Fine" not in said
    assert "row 1, (row): has 2 fields, the heads have 4" in said
    with pytest.raises(CommandError, match="no such file"):
        call_command("check_focus", str(tmp_path / "none.csv"))
