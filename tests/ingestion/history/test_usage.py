"""Usage files: totals to the last digit, repetition, and every bad row named before anything is stored."""

from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import ExchangeRate
from ingestion.history import usage_file
from ingestion.history.usage_file import UnreadableFile, UsageFile, heads
from ingestion.history.usage_mapping import BadMapping, check_columns, guess, read_mapping
from ingestion.history.usage_rows import BadCell, RowReader
from monitoring.models import Execution, Rollup, Step

FILES = Path(__file__).parent / "files"
AIDER = (
    *("time=date", "workflow:=polyglot", "model=model", "input_tokens=prompt_tokens"),
    *("output_tokens=completion_tokens", "cost=total_cost", "tag.edit_format=edit_format"),
)
AZURE = (
    *("time=TIMESTAMP", "workflow:=code", "provider:=azure", "input_tokens=ContextTokens"),
    "output_tokens=GeneratedTokens",
)


def command(team: Team, path: Path, *mapping: str, check: bool = False) -> str:
    out = StringIO()
    call_command("import_usage", str(path), team=team.slug, map=list(mapping), check=check, stdout=out, stderr=out)
    return out.getvalue()


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n")
    return path


def sums(team: Team) -> tuple[int, Decimal, int, int]:
    """Executions, their cost, tokens in and out."""
    with team_context(team.id):
        found = list(Execution.objects.all())
    return (
        len(found),
        sum((one.cost_usd for one in found if one.cost_usd is not None), Decimal(0)),
        sum(one.input_tokens or 0 for one in found),
        sum(one.output_tokens or 0 for one in found),
    )


@pytest.mark.django_db
def test_totals_of_a_file_with_costs(team: Team) -> None:
    said = command(team, FILES / "aider_runs.csv", *AIDER)
    assert "7 rows" in said
    assert "10,116,483 input_tokens, 3,637,670 output_tokens, 94.5973 USD" in said
    assert "7 stored, 0 known already" in said
    assert sums(team) == (7, Decimal("94.5973"), 10_116_483, 3_637_670)
    with team_context(team.id):
        days = Rollup.objects.filter(grain=3, dimension=0)
        assert sum((one.cost_usd for one in days if one.cost_usd is not None), Decimal(0)) == Decimal("94.5973")
        assert Step.objects.filter(input_tokens__isnull=True).count() == 3
        assert Execution.objects.filter(is_imported=True).count() == 7


@pytest.mark.django_db
def test_totals_of_a_file_without_costs(team: Team) -> None:
    command(team, FILES / "azure_llm_code.csv", *AZURE)
    assert sums(team) == (12, Decimal(0), 31_868, 165)
    with team_context(team.id):
        assert set(Execution.objects.values_list("cost_usd", flat=True)) == {None}


@pytest.mark.django_db
def test_importing_again_changes_nothing(team: Team, tmp_path: Path) -> None:
    command(team, FILES / "azure_llm_code.csv", *AZURE)
    before = sums(team)
    renamed = tmp_path / "other.csv"
    renamed.write_bytes((FILES / "azure_llm_code.csv").read_bytes())
    assert "0 stored, 12 known already" in command(team, renamed, *AZURE)
    assert sums(team) == before


@pytest.mark.django_db
def test_an_interrupted_import_is_run_again(team: Team, monkeypatch: Any) -> None:
    monkeypatch.setattr(usage_file, "BATCH", 5)
    file = UsageFile(team.id, FILES / "azure_llm_code.csv", read_mapping(AZURE), now=timezone.now())

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        file.store(stop)
    done = file.store()
    assert (done.stored, done.duplicate) == (7, 5)
    assert sums(team)[2:] == (31_868, 165)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2026-08-12,gpt-5,-5,1,0.1,USD", "line 3, column in: must not be negative: '-5'"),
        ("2026-08-12,gpt-5,1.5,1,0.1,USD", "line 3, column in: must be a whole number: '1.5'"),
        ('2026-08-12,gpt-5,"1,500",1,0.1,USD', "line 3, column in: must be a whole number without commas"),
        (f"2026-08-12,gpt-5,{10**18},1,0.1,USD", "line 3, column in: is more than 1,000,000,000,000,000 in one row"),
        (
            f"2026-08-12,gpt-5,{'9' * 5000},1,0.1,USD",
            "line 3, column in: is more than 1,000,000,000,000,000 in one row",
        ),
        ('2026-08-12,gpt-5,1,1,"0,10",USD', "line 3, column price: must be written with a point and without commas"),
        ("2026-08-12,gpt-5,1,1,$0.10,USD", "line 3, column price: must be a number without signs of currencies"),
        ("2026-08-12,gpt-5,1,1,-0.10,USD", "line 3, column price: must not be negative"),
        ("2026-08-12,gpt-5,1,1,0.10,CHF", "line 3, column money: CHF has no exchange rate on 2026-08-12"),
        ("12/08/2026,gpt-5,1,1,0.1,USD", "line 3, column day: is no time: '12/08/2026'"),
        ("1970-01-01,gpt-5,1,1,0.1,USD", "line 3, column day: must be from 1990-01-01"),
        ("2026-08-12,gpt-5", "line 3, column (row): has 2 fields, the heads have 6"),
        (f"2026-08-12,{'x' * 201},1,1,0.1,USD", "line 3, column model: must have at most 200 characters"),
    ],
)
def test_a_bad_row_refuses_the_file(team: Team, tmp_path: Path, row: str, said: str) -> None:
    path = write(tmp_path / "x.csv", "day,model,in,out,price,money", "2026-08-12,gpt-5,1,1,0.1,USD", row)
    mapping = ("time=day", "model=model", "input_tokens=in", "output_tokens=out", "cost=price", "currency=money")
    out = StringIO()
    with pytest.raises(CommandError, match="1 bad rows; nothing was imported"):
        call_command("import_usage", str(path), team=team.slug, map=list(mapping), stdout=out, stderr=out)
    assert said in out.getvalue()
    assert sums(team)[0] == 0


@pytest.mark.django_db
def test_a_row_without_usage_is_a_run_whose_usage_is_not_known(team: Team, tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "time,model,cost,input_tokens", "2026-08-12,gpt-5,0.25,7", "2026-08-13,qwen-max,,")
    said = command(team, path)
    assert "2 rows" in said
    assert "1 of them tell neither tokens nor a cost: their usage is not known" in said
    with team_context(team.id):
        found = set(Execution.objects.values_list("cost_usd", "input_tokens"))
    assert found == {(Decimal("0.25"), 7), (None, None)}


@pytest.mark.django_db
def test_a_file_of_rows_without_usage_is_refused(team: Team, tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "time,cost", "2026-08-12,", "2026-08-13,")
    out = StringIO()
    with pytest.raises(CommandError, match="nothing was imported"):
        call_command("import_usage", str(path), team=team.slug, map=[], stdout=out, stderr=out)
    assert "line 2, column (row): tells neither tokens nor a cost, and neither does any other row" in out.getvalue()
    assert sums(team)[0] == 0


@pytest.mark.django_db
def test_bad_rows_are_shown_up_to_a_limit(team: Team, tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "time,cost", *(["2026-08-12,x"] * 50))
    out = StringIO()
    with pytest.raises(CommandError, match="50 bad rows"):
        call_command("import_usage", str(path), team=team.slug, map=[], stdout=out, stderr=out)
    assert out.getvalue().count("line ") == usage_file.MAX_BAD
    assert "and 30 more" in out.getvalue()


@pytest.mark.django_db
def test_other_currencies_go_by_the_rate_of_the_day(team: Team, tmp_path: Path) -> None:
    with team_context(team.id):
        for day, usd in (("2026-08-01", "1.0825"), ("2026-08-13", "1.1")):
            ExchangeRate.objects.create(currency="EUR", starts_on=day, usd=Decimal(usd))
    path = write(tmp_path / "x.csv", "time;cost;currency", "2026-08-12;0.3;eur", "2026-08-13;1;EUR")
    command(team, path)
    assert sums(team)[1] == Decimal("1.42475")


@pytest.mark.django_db
def test_all_input_is_split_by_what_came_from_the_cache(team: Team, tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "time,all,cached,calls", "2026-08-12,100,30,4", "2026-08-12,1,2,1")
    mapping = read_mapping(["time=time", "all_input_tokens=all", "cache_read_tokens=cached", "calls=calls"])
    found = UsageFile(team.id, path, mapping, now=timezone.now()).check()
    assert found.tokens == {"input_tokens": 70, "cache_read_tokens": 30}
    assert [str(bad) for bad in found.bad] == ["line 3, column all: is 1, less than the 2 of the cache in it"]


@pytest.mark.django_db
def test_only_looking_stores_nothing(team: Team) -> None:
    assert "12 rows" in command(team, FILES / "azure_llm_code.csv", *AZURE, check=True)
    assert sums(team)[0] == 0


@pytest.mark.django_db
def test_a_file_of_another_provider_is_told_by_its_columns(team: Team) -> None:
    with pytest.raises(CommandError, match=r"has no column ContextTokens, GeneratedTokens.*It has: dirname, date"):
        command(team, FILES / "aider_runs.csv", *AZURE[1:], "time=date")


@pytest.mark.django_db
def test_too_large_a_file_is_refused_before_it_is_read(team: Team, tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)
    with pytest.raises(CommandError, match=r"has 10,737,418,240 bytes; at most 1,073,741,824 are read"):
        command(team, path, *AZURE)


@pytest.mark.django_db
def test_what_is_no_csv_is_refused(team: Team, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for body, said in (
        (b"time,cost\n2026-08-12,1\n\xff\xfe,1\n", "Line 3 is not UTF-8 text"),
        (b"time,cost\n" + b"2026-08-12,1\n" * 9000 + b"\xe9,1\n", "Line 9002 is not UTF-8 text"),
        (b'time,cost\n"2026-08-12,1\n', "Line 2: unexpected end of data"),
        (b"time,cost\n", "1 bad rows"),
        (b"", "The file is empty: it must begin with a line of column names"),
        (b"time,time,cost\n2026-08-12,2026-08-12,1\n", "has the column time twice"),
    ):
        path.write_bytes(body)
        with pytest.raises(CommandError, match=said):
            command(team, path)
    path.write_bytes(b"time,cost,model\n2026-08-12,1,a\x00b\n")
    with pytest.raises(CommandError):
        command(team, path)
    with pytest.raises(CommandError, match="no such file"):
        command(team, tmp_path / "none.csv")
    with pytest.raises(CommandError, match="no team has the slug"):
        call_command("import_usage", str(path), team="nobody")


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["cost=x"], "Nothing is the time"),
        (["time=x"], "No column tells usage"),
        (["time=x", "cost:=1"], "No column tells usage"),
        (["time=x", "price=y"], "price is not known"),
        (["time=x", "time=y"], "time is told twice"),
        (["time"], "write it as"),
        (["time=x", "cost=y", "tag.=z"], "tag. is not known"),
        (["time=x", "input_tokens=a", "all_input_tokens=b"], "exclude each other"),
    ],
)
def test_a_mapping_that_cannot_be_used(texts: list[str], said: str) -> None:
    with pytest.raises(BadMapping, match=said):
        read_mapping(texts)


def test_columns_are_guessed_by_their_names() -> None:
    assert guess(["Timestamp", "Model Name", "prompt_tokens", "CompletionTokens", "total_cost", "other"]) == [
        *("time=Timestamp", "model=Model Name", "input_tokens=prompt_tokens", "output_tokens=CompletionTokens"),
        "cost=total_cost",
    ]
    assert guess([]) == []
    mapping = read_mapping(["time=a", "cost=b", "workflow:=w"])
    assert read_mapping(mapping.texts()) == mapping
    check_columns(mapping, ["a", "b"])


def test_heads_with_a_mark_and_other_separators(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a\tb,c\td\n", encoding="utf-8-sig")
    assert heads(tmp_path / "x.csv") == ["a", "b,c", "d"]
    (tmp_path / "x.csv").write_bytes(b"\xff")
    with pytest.raises(UnreadableFile):
        heads(tmp_path / "x.csv")


@given(st.dictionaries(st.sampled_from(["time", "cost", "in", "out", "model"]), st.text(max_size=30)))
def test_any_row_is_read_or_named(cells: dict[str, str]) -> None:
    mapping = read_mapping(["time=time", "cost=cost", "input_tokens=in", "output_tokens=out", "model=model"])
    row = {name: cells.get(name, "") for name in ("time", "cost", "in", "out", "model")}
    told: object = None
    try:
        usage = RowReader(mapping, "x", lambda *_: None).read(2, row)
        told = usage.tokens or usage.cost_usd is not None
    except BadCell as bad:
        told = bad.column in {*row, "(row)", "currency"} and bad.reason
    assert told
