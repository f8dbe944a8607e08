"""What is put together of parts is what the slower ways say: rows of lines, and lines taken apart by whole numbers."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from billing.analysis.rating import rate_buckets
from billing.analysis.usage import TOKENS, Bucket, Usage
from billing.exports import csv_file, focus_buckets
from billing.exports.columns import Column, Shape
from billing.exports.files import Format, Table, write
from billing.exports.focus_rows import PRICED_COLUMNS, bucket_cells
from billing.exports.line_table import COLUMNS, LineTable
from billing.exports.xlsx_file import CELLS
from billing.models import CostKind, CostSettings, ExchangeRate, ResourceRate
from billing.reads.cost_lines import Chosen, read
from billing.reads.price_rows import PriceRow
from billing.reads.reporting import reporting_of
from tests.billing.exports.pricing import add_all_kinds
from tests.billing.lines import add_line

RATE_ID = 901
COUNTS = st.none() | st.integers(0, 10**18)
RATES = st.decimals(0, 1000, places=4, allow_nan=False)


def add_minutes(team: Team, **told: Any) -> None:
    """12.5 minutes of run time at 0.008 dollars."""
    with team_context(team.id):
        ResourceRate.objects.get_or_create(
            team_id=team.id,
            id=RATE_ID,
            defaults={"name": "Runner", "kind": 1, "unit": "minute", "amount": "0.008", "starts_on": date(2026, 8, 1)},
        )
    money = dict.fromkeys(("cost_usd", "priced_usd", "list_usd", "billed"), Decimal("0.1"))
    used = {"kind": CostKind.COMPUTE, "price_id": RATE_ID, "quantity": Decimal("12.5"), "unit": "minute"}
    nothing = {"input_tokens": None, "output_tokens": None, "model": "", "provider": ""}
    add_line(team, **{**money, **used, **nothing, "reason": "Runner", **told})


def exported(team: Team, path: Path, table: Table) -> list[dict[str, str]]:
    write(team, table, Format.MACHINE, Chosen(), path)
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.django_db
@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_exported_rows_are_those_of_the_api(team: Team, tmp_path: Path, currency: str) -> None:
    add_all_kinds(team)
    add_minutes(team)
    add_line(team, hour=datetime(2026, 7, 1, tzinfo=UTC))
    with team_context(team.id):
        CostSettings.objects.create(reporting_currency=currency)
        ExchangeRate.objects.create(currency=currency, starts_on=date(2026, 8, 13), usd=Decimal("1.07"))
    cells = list(LineTable(team.id, reporting_of(team.id)).rows(read(team.id, Chosen())))
    texts = [["" if cell is None else str(cell) for cell in row] for row in cells]
    assert [list(row.values()) for row in exported(team, tmp_path / "x.csv", Table.LINES)] == texts


@pytest.mark.django_db
def test_lines_that_are_not_of_tokens_show_their_rate(team: Team, tmp_path: Path) -> None:
    add_minutes(team)
    (line,) = exported(team, tmp_path / "x.csv", Table.LINES)
    assert [line[name] for name in ("quantity", "unit", "unit_price", "currency", "cost_usd")] == [
        *("12.5", "minute", "0.008"),
        *("USD", "0.1"),
    ]
    (row,) = exported(team, tmp_path / "y.csv", Table.FOCUS)
    assert (row["PricingQuantity"], row["PricingUnit"]) == ("12.5", "Minutes")
    assert (row["ContractedUnitPrice"], row["ListUnitPrice"], row["ContractedCost"]) == ("0.008", "0.008", "0.1")
    assert (row["ConsumedQuantity"], row["ConsumedUnit"], row["ChargeDescription"]) == ("12.5", "Minutes", "Runner")
    assert row["SkuPriceId"] == "P0000000000000385/compute"


@pytest.mark.django_db
def test_a_rate_that_does_not_explain_a_line_is_not_its_unit_price(team: Team, tmp_path: Path) -> None:
    add_minutes(team, cost_usd=Decimal("0.11"))
    (row,) = exported(team, tmp_path / "y.csv", Table.FOCUS)
    assert (row["PricingQuantity"], row["ContractedUnitPrice"], row["BilledCost"]) == ("1", "0.11", "0.11")


@given(st.tuples(*[COUNTS] * len(TOKENS)), st.integers(0, 9), st.dictionaries(st.sampled_from(list(Bucket)), RATES))
def test_whole_numbers_say_what_decimals_say(
    tokens: tuple[int | None, ...], calls: int, told: dict[Bucket, Any]
) -> None:
    rates = {**told, Bucket.INPUT: Decimal("1.25"), Bucket.OUTPUT: Decimal(10)}
    price = PriceRow(7, "openai", "gpt-5", "USD", rates, rates)
    rated = rate_buckets(Usage(*tokens, calls=calls), rates)
    assert rated is not None
    cost = focus_buckets.point_text(int(sum(one.cost for one in rated) * 10**12), 12)
    shown = [one for one in rated if one.bucket is not Bucket.CALL or one.cost or len(rated) == 1]
    slow = [csv_file.MACHINE.cells(PRICED_COLUMNS, bucket_cells(price, one, one)) for one in shown]
    made = focus_buckets.DollarPrice(price, csv_file.MACHINE)
    assert made.rows(tokens, calls, cost, cost) == slow
    assert made.rows(tokens, calls, f"{cost}1", cost) == []


@pytest.mark.parametrize(
    ("digits", "places", "text"),
    [(0, 6, "0"), (1, 6, "0.000001"), (1_250_000, 6, "1.25"), (5, 0, "5"), (120, 1, "12"), (10**20, 6, "1" + "0" * 14)],
)
def test_whole_numbers_become_plain_texts(digits: int, places: int, text: str) -> None:
    assert focus_buckets.point_text(digits, places) == text


def test_parts_are_what_each_format_wants() -> None:
    columns = (Column("a"), Column("b", Shape.MOMENT))
    cells = ("=1,5", "2026-08-12T10:00:00Z")
    assert csv_file.MACHINE.cells(columns, cells) == '"=1,5",2026-08-12T10:00:00Z'
    assert csv_file.SPREADSHEET.cells(columns, cells) == '"\'=1,5",2026-08-12 10:00:00'
    assert csv_file.MACHINE.cells(columns[:1], (None,)) == ""
    assert CELLS.numbers("1,,2.5,") == "<c><v>1</v></c><c/><c><v>2.5</v></c><c/>"
    assert (CELLS.name(""), CELLS.cells(columns[:1], (None,))) == ("<c/>", "<c/>")
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)
