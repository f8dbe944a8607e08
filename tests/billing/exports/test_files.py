"""Every format of every table, read back by other programs' own readers: the same rows, the same sums as the lines."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pyarrow import compute, types
from pyarrow.csv import read_csv
from pyarrow.parquet import ParquetFile, read_table

from accounts.models import Team
from accounts.tenancy import team_context
from billing.exports.files import Format, Table, file_name, write
from billing.exports.line_table import COLUMNS, line_id, line_name
from billing.models import CostLine, CostRollup, CostSettings, ExchangeRate
from billing.reads.cost_lines import Chosen, expect, read
from tests.billing.exports.pricing import add_all_kinds
from tests.billing.lines import add_line

pytestmark = pytest.mark.django_db

ALL = Chosen()


def export(team: Team, path: Path, table: Table = Table.LINES, format: Format = Format.MACHINE, chosen: Chosen = ALL):
    return write(team, table, format, chosen, path)


def machine_rows(team: Team, path: Path, chosen: Chosen = ALL, table: Table = Table.LINES) -> list[dict[str, str]]:
    export(team, path, table, chosen=chosen)
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def total(rows: list[dict[str, str]], column: str = "cost_usd") -> Decimal:
    return sum((Decimal(row[column]) for row in rows if row[column]), Decimal(0))


def in_database(team: Team) -> tuple[Decimal, Decimal]:
    """The cost by the lines and by the rollups of months."""
    with team_context(team.id):
        lines = sum((one.cost_usd for one in CostLine.objects.all() if one.cost_usd is not None), Decimal(0))
        months = CostRollup.objects.filter(grain=4, dimension=0)
        return lines, sum((one.cost_usd for one in months if one.cost_usd is not None), Decimal(0))


def test_lines_rollups_and_export_have_one_sum(team: Team, tmp_path: Path) -> None:
    made = add_all_kinds(team)
    rows = machine_rows(team, tmp_path / "x.csv")
    assert len(rows) == len(made)
    assert (total(rows), total(rows)) == in_database(team)


def test_what_is_not_known_is_an_empty_field(team: Team, tmp_path: Path) -> None:
    add_all_kinds(team)
    row = next(row for row in machine_rows(team, tmp_path / "x.csv") if row["basis"] == "unpriced")
    assert (row["cost_usd"], row["reporting_cost"], row["unpriced_tokens"]) == ("", "", "1100")
    assert row["model"] == "new-model"


def test_the_machine_profile_is_plain(team: Team, tmp_path: Path) -> None:
    add_all_kinds(team)
    export(team, tmp_path / "x.csv")
    raw = (tmp_path / "x.csv").read_bytes()
    assert raw.startswith(b"line,entry,kind,")
    assert b"\r" not in raw
    rows = machine_rows(team, tmp_path / "x.csv")
    assert [row["workflow"] for row in rows if "HYPER" in row["workflow"]] == ['=HYPERLINK("x")\n&<b>']
    assert rows[0]["hour"] == "2026-08-12T10:00:00Z"
    assert {row["tags"] for row in rows if row["tags"]} == {'{"centre": "12", "customer": "Ærø"}', '{"centre": "12"}'}


def test_the_spreadsheet_profile_is_safe_and_its_numbers_are_numbers(team: Team, tmp_path: Path) -> None:
    add_all_kinds(team)
    export(team, tmp_path / "x.csv", format=Format.SPREADSHEET)
    raw = (tmp_path / "x.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfline,")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert raw.count(b"\r\n") == len(rows) + 1
    texts = [column.name for column in COLUMNS if column.shape == "text"]
    assert not [row[name] for row in rows for name in texts if row[name].startswith(("=", "+", "-", "@"))]
    assert '\'=cheaper, "by far"' in {row["reason"] for row in rows}
    assert "-5" in {row["cost_usd"] for row in rows}
    assert rows[0]["hour"] == "2026-08-12 10:00:00"
    assert total(rows) == in_database(team)[0]


def test_another_program_reads_the_same_sums(team: Team, tmp_path: Path) -> None:
    add_all_kinds(team)
    for format in (Format.MACHINE, Format.SPREADSHEET):
        export(team, tmp_path / "x.csv", format=format)
        found = read_csv(tmp_path / "x.csv", parse_options=_newlines())
        assert compute.sum(found["cost_usd"]).as_py() == pytest.approx(float(in_database(team)[0]), abs=1e-9)


def _newlines() -> Any:
    from pyarrow.csv import ParseOptions

    return ParseOptions(newlines_in_values=True)


def test_a_workbook_opens_with_numbers_dates_and_texts(team: Team, tmp_path: Path) -> None:
    made = add_all_kinds(team)
    assert export(team, tmp_path / "x.xlsx", format=Format.XLSX).rows == len(made)
    sheet = load_workbook(tmp_path / "x.xlsx")["Costs 1"]
    names, *rows = sheet.iter_rows(values_only=True)
    assert list(names) == [column.name for column in COLUMNS]
    told = [dict(zip(names, row, strict=True)) for row in rows]
    assert sum(row["cost_usd"] or 0 for row in told) == pytest.approx(float(in_database(team)[0]), abs=1e-9)
    assert told[0]["hour"] == datetime(2026, 8, 12, 10)
    assert told[0]["booked_on"] == datetime(2026, 8, 12)
    assert '=HYPERLINK("x")\n&<b>' in {row["workflow"] for row in told}
    assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row} <= {"n", "s", "d", "inlineStr"}


def test_a_workbook_goes_on_in_the_next_sheet(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = add_all_kinds(team)
    from billing.exports import files, xlsx_file

    def short(columns: Any, rows: Any, out: Any) -> int:
        return xlsx_file.write(columns, rows, out, sheet_rows=4)

    monkeypatch.setitem(files._WRITERS, Format.XLSX, short)
    export(team, tmp_path / "x.xlsx", format=Format.XLSX)
    book = load_workbook(tmp_path / "x.xlsx")
    assert [sheet.max_row - 1 for sheet in book] == [4, 4, len(made) - 8]
    assert zipfile.ZipFile(tmp_path / "x.xlsx").testzip() is None


def test_parquet_has_exact_money_and_real_types(team: Team, tmp_path: Path) -> None:
    add_all_kinds(team)
    export(team, tmp_path / "x.parquet", format=Format.PARQUET)
    found = read_table(tmp_path / "x.parquet")
    assert types.is_decimal128(found.schema.field("cost_usd").type)
    assert sum(one for one in found["cost_usd"].to_pylist() if one is not None) == in_database(team)[0]
    assert found["hour"][0].as_py() == datetime(2026, 8, 12, 10, tzinfo=UTC)
    assert found["booked_on"][0].as_py() == date(2026, 8, 12)
    assert found["calls"].type == "int64"
    assert None in found["cost_usd"].to_pylist()


def test_parquet_keeps_amounts_as_text_where_they_do_not_fit(team: Team, tmp_path: Path) -> None:
    tiny = Decimal("0.1234567890123456789")
    add_line(team, cost_usd=tiny)
    add_line(team, cost_usd=Decimal(10) ** 21, priced_usd=Decimal(1))
    export(team, tmp_path / "x.parquet", format=Format.PARQUET)
    file = ParquetFile(tmp_path / "x.parquet")
    field = file.schema_arrow.field("cost_usd")
    assert types.is_string(field.type)
    assert b"Exact decimal text" in field.metadata[b"note"]
    assert types.is_decimal128(file.schema_arrow.field("priced_usd").type)
    assert {Decimal(one) for one in file.read()["cost_usd"].to_pylist()} == {tiny, Decimal(10) ** 21}


def test_a_table_without_rows_is_a_file_with_heads(team: Team, tmp_path: Path) -> None:
    for format in Format:
        assert export(team, tmp_path / "x", format=format).rows == 0
        assert (tmp_path / "x").stat().st_size > 100
    assert read_table(tmp_path / "x").num_rows == 0


def test_the_same_lines_make_the_same_bytes(team: Team, tmp_path: Path) -> None:
    add_all_kinds(team)
    for format in Format:
        first, second = (export(team, tmp_path / name, format=format) for name in ("a", "b"))
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes(), format
        assert first == second


def test_another_team_is_not_in_it(team: Team, other_team: Any, tmp_path: Path) -> None:
    add_line(other_team.team)
    add_line(team, workflow="ours")
    assert [row["workflow"] for row in machine_rows(team, tmp_path / "x.csv")] == ["ours"]


def test_lines_are_chosen_by_day_and_names(team: Team, tmp_path: Path) -> None:
    add_line(team, workflow="one", provider="anthropic", tags={"customer": "A"})
    add_line(team, workflow="two", hour=datetime(2026, 9, 1, tzinfo=UTC))

    def workflows(**told: Any) -> list[str]:
        chosen = Chosen(**told)
        with team_context(team.id):
            expected = expect(team.id, chosen).lines
        found = [row["workflow"] for row in machine_rows(team, tmp_path / "x.csv", chosen)]
        assert expected == len(found)
        return found

    assert workflows(first=date(2026, 9, 1)) == ["two"]
    assert workflows(end=date(2026, 9, 1)) == ["one"]
    assert workflows(workflows=("two",)) == ["two"]
    assert workflows(providers=("anthropic", "nobody")) == ["one"]
    assert workflows(tags=("customer=A",)) == ["one"]
    assert workflows(entries=("credit",)) == []
    assert workflows(kinds=("tokens",), models=("gpt-5",), environments=("production",)) == ["one", "two"]
    assert workflows(workflows=("nobody",)) == []


def test_a_reporting_currency_shows_with_its_rate(team: Team, tmp_path: Path) -> None:
    add_line(team, cost_usd=Decimal("3.3"))
    add_line(team, cost_usd=Decimal(1), hour=datetime(2026, 7, 1, tzinfo=UTC))
    with team_context(team.id):
        CostSettings.objects.create(reporting_currency="EUR")
        for day, usd in ((date(2026, 8, 1), "1.1"), (date(2026, 8, 13), "2")):
            ExchangeRate.objects.create(currency="EUR", starts_on=day, usd=Decimal(usd))
    before, after = machine_rows(team, tmp_path / "x.csv")
    assert (after["reporting_currency"], after["reporting_rate"], after["reporting_cost"]) == ("EUR", "1.1", "3")
    assert (before["reporting_rate"], before["reporting_cost"]) == ("", "")


def test_what_changes_while_it_is_read_is_not_in_it(team: Team) -> None:
    for _ in range(3):
        add_line(team)
    batches = read(team.id, ALL)
    with team_context(team.id):
        CostLine.objects.all().delete()
    assert list(batches) == [], "reading begins with the first batch"
    add_line(team)
    batches = read(team.id, ALL)
    assert len(next(batches)) == 1
    add_line(team)
    assert list(batches) == []


def test_names_of_files_and_lines() -> None:
    chosen = Chosen(first=date(2026, 8, 1), end=date(2026, 9, 1))
    assert file_name(Table.FOCUS, Format.MACHINE, chosen) == "focus-machine-2026-08-01-2026-09-01.csv"
    assert file_name(Table.LINES, Format.XLSX, ALL) == "lines.xlsx"
    for id in (0, 1, -1, 2**63 - 1, -(2**63)):
        assert line_id(line_name(id)) == id
    assert [line_id(name) for name in ("", "L", "Lzzzzzzzzzzzzzzzz", "1" * 17)] == [None] * 4


def test_a_choice_survives_its_document() -> None:
    chosen = Chosen(first=date(2026, 8, 1), workflows=("a", "b"), tags=("x=y",))
    assert Chosen.of(chosen.document()) == chosen
    assert Chosen.of({"unknown": 1}) == ALL
