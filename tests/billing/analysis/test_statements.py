"""Providers' exports are read by their columns; what is wrong names line, column and reason."""

from datetime import date
from decimal import Decimal

import pytest

from billing.analysis.statements import MOST_FAULTS, StatementRefused, read_statement

MONTH = date(2026, 8, 1)
OPENAI_COSTS = (
    "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,line_item,project_id\n"
    '1786492800,1786579200,2026-08-12T00:00:00+00:00,2026-08-13T00:00:00+00:00,1.25,usd,,"gpt-5-2025-08-07, input",p\n'
)
OPENAI_USAGE = (
    "start_time,end_time,start_time_iso,end_time_iso,num_model_requests,model,batch,input_tokens,output_tokens,"
    "input_cached_tokens\n1786492800,1786579200,2026-08-12T00:00:00+00:00,,7,gpt-5-2025-08-07,false,1000,200,400\n"
)
ANTHROPIC_COSTS = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type\n"
    "2026-08-12,Claude Haiku 4.5,Default,key,message,≤ 200k,input_no_cache,0.05,0.05,token\n"
)
ANTHROPIC_USAGE = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
    "usage_output_tokens,web_search_count\n2026-08-12 14:00,claude-haiku-4-5-20251001,k,w,m,c,1,2,3,4,5,0\n"
)


def lines(text: str) -> list[str]:
    """As a file gives them."""
    return text.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("text", "provider", "format", "model", "amount", "tokens", "calls"),
    [
        (OPENAI_COSTS, "openai", "openai-costs", "gpt-5-2025-08-07", "1.25", None, None),
        (OPENAI_USAGE, "openai", "openai-usage", "gpt-5-2025-08-07", None, 1200, 7),
        (ANTHROPIC_COSTS, "anthropic", "anthropic-costs", "Claude Haiku 4.5", "0.05", None, None),
        (ANTHROPIC_USAGE, "anthropic", "anthropic-usage", "claude-haiku-4-5-20251001", None, 15, None),
        ("\ufeff" + ANTHROPIC_COSTS, "Our proxy", "anthropic-costs", "Claude Haiku 4.5", "0.05", None, None),
    ],
)
def test_known_exports_are_known_by_their_columns(
    text: str, provider: str, format: str, model: str, amount: str | None, tokens: int | None, calls: int | None
) -> None:
    """Cached tokens of OpenAI are inside the input; Anthropic's kinds are added up."""
    found, (row,) = read_statement(lines(text), provider=provider, month=MONTH)
    assert found.key == format
    assert (row.line, row.day, row.model, row.currency) == (2, date(2026, 8, 12), model, "USD")
    assert (row.amount, row.tokens, row.calls) == (None if amount is None else Decimal(amount), tokens, calls)


def test_any_other_file_says_which_column_is_which() -> None:
    """Several columns of tokens are added up; an amount below 0 is a credit."""
    text = "Date,x\n2026-08-01,1\n"
    with pytest.raises(StatementRefused, match="none of the exports that are known"):
        read_statement(lines(text), provider="mistral", month=MONTH)
    told = "Datum,Modell,Betrag,in,out\n2026-08-31T23:59:59Z,large,-3.5,10,20\n"
    mapping = {"day": "datum", "model": "Modell", "amount": "Betrag", "tokens": "in, out"}
    _, (row,) = read_statement(lines(told), provider="mistral", month=MONTH, mapping=mapping)
    assert (row.day, row.amount, row.tokens) == (date(2026, 8, 31), Decimal("-3.5"), 30)


def refused(text: str, **told: object) -> list[str]:
    """The reasons for which a file is refused."""
    mapping = {"day": "day", "model": "model", "amount": "amount", "currency": "currency", "tokens": "tokens"}
    with pytest.raises(StatementRefused) as caught:
        read_statement(lines(text), **{"provider": "mistral", "month": MONTH, "mapping": mapping, **told})
    return [str(fault) for fault in caught.value.faults]


HEAD = "day,model,amount,currency,tokens\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty: it must begin with a line of column names"),
        (HEAD, "has column names and no rows"),
        ("day,model\n", "line 1, column amount: there is no such column"),
        (HEAD + '2026-08-12,m,"1,234.50",USD,1\n', "line 2, column amount: '1,234.50' has a comma: write 1234.50"),
        (HEAD + "2026-08-12,m,NaN,USD,1\n", "line 2, column amount: 'NaN' is no number"),
        (HEAD + "2026-08-12,m,1_000,USD,1\n", "line 2, column amount: '1_000' is no number"),
        (HEAD + "2026-08-12,m,1e20,USD,1\n", "line 2, column amount: '1e20' is no amount of money"),
        (HEAD + '2026-08-12,"m\nn",1,USD,1\n2026-08-12,m,x,USD,1\n', "line 4, column amount: 'x' is no number"),
        (HEAD + '2026-08-12,m,1,USD,1\n2026-08-12,"m,1,USD,1\n', "line 3: is no CSV: unexpected end of data"),
        (HEAD + "2026-08-12,m,abc,USD,1\n", "line 2, column amount: 'abc' is no number"),
        (
            HEAD + "2026-08-12,m,1,dollars,1\n",
            "line 2, column currency: 'DOLLARS' is no currency: three letters, such as USD",
        ),
        (HEAD + "12.08.2026,m,1,USD,1\n", "line 2, column day: '12.08.2026' is no day: write 2026-11-28"),
        (HEAD + "2026-07-31,m,1,USD,1\n", "line 2, column day: 2026-07-31 is not in August 2026"),
        (
            HEAD + "2026-08-12,m,1,USD,-1\n",
            "line 2, column tokens: '-1' must be a whole number from 0 to 1,000,000,000,000,000",
        ),
        (
            HEAD + "2026-08-12,m,1,USD,1.5\n",
            "line 2, column tokens: '1.5' must be a whole number from 0 to 1,000,000,000,000,000",
        ),
        (
            HEAD + f"2026-08-12,m,1,USD,{10**18}\n",
            f"line 2, column tokens: '{10**18}' must be a whole number from 0 to 1,000,000,000,000,000",
        ),
        (HEAD + "2026-08-12,m\n", "line 2: has fewer cells than the line of column names"),
        ("PK\x03\x04\x00\n", "line 1: has characters that no text has: is it a CSV file?"),
    ],
)
def test_bad_files_are_refused_by_line_and_column(text: str, reason: str) -> None:
    """Each with a reason that says what to do."""
    assert refused(text)[0] == reason


def test_a_count_is_named_by_its_own_column() -> None:
    """As the file calls it, not as the field is called."""
    told = (
        "start_time_iso,model,num_model_requests,input_tokens,output_tokens\n2026-08-12,m,-1,1,2\n2026-08-12,m,1,1,x\n"
    )
    assert [reason.partition(":")[0] for reason in refused(told, provider="openai", mapping=None)] == [
        "line 2, column num_model_requests",
        "line 3, column output_tokens",
    ]


def test_a_file_of_another_provider_is_refused() -> None:
    """By the name of what it is."""
    assert refused(ANTHROPIC_COSTS, provider="openai", mapping=None) == [
        "line 1: is an export of Anthropic costs, not of openai"
    ]


def test_the_first_faults_are_told_not_all() -> None:
    """A file of another kind does not fill the page."""
    assert len(refused(HEAD + "x,m,1,USD,1\n" * 1000)) == MOST_FAULTS
