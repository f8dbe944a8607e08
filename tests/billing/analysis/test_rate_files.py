"""Files of exchange rates are read as a whole, or refused with line and column."""

from datetime import date
from decimal import Decimal

import pytest

from billing.analysis.rate_files import MOST_BYTES, FileRefused, read_rate_file

HEADER = "currency,date,usd\n"


def faults(content: bytes | str) -> list[str]:
    with pytest.raises(FileRefused) as refused:
        read_rate_file(content if isinstance(content, bytes) else content.encode())
    return [str(fault) for fault in refused.value.faults]


def test_rates_are_read_exactly() -> None:
    told = f"\ufeff{HEADER}EUR,2026-08-01,1.083412345678\r\n\njpy, 2026-08-01 ,0.0068\n"
    rows = read_rate_file(told.encode())
    assert [(row.currency, row.starts_on, row.usd) for row in rows] == [
        ("EUR", date(2026, 8, 1), Decimal("1.083412345678")),
        ("JPY", date(2026, 8, 1), Decimal("0.0068")),
    ]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("EUR,2026-08-01,-1", "line 2, column usd: must not be negative, is -1"),
        ("EUR,2026-08-01,0", "line 2, column usd: must be more than 0, is 0"),
        ("EUR,2026-08-01,1e3", "line 2, column usd: must be a number, as 1234.5, is 1e3"),
        ('EUR,2026-08-01,"1,08"', "line 2, column usd: must be written with a point and without"),
        ("EUR,2026-08-01,1,08", "line 2: must have 3 columns, has 4"),
        ("EUR,2026-08-01,NaN", "line 2, column usd: must be a number"),
        ("EUR,2026-08-01,0.1234567890123", "line 2, column usd: must have at most 12 digits"),
        ("EUR,01.08.2026,1", "line 2, column date: must be a day, as 2026-08-31, is 01.08.2026"),
        ("EUR,20260801,1", "line 2, column date: must be a day"),
        ("EUR,1026-08-01,1", "line 2, column date: must be from 2015-01-01"),
        ("XYZ,2026-08-01,1", "line 2, column currency: must be a code of ISO 4217, as EUR, is XYZ"),
        ("=cmd(),2026-08-01,1", "line 2, column currency: must be a code"),
        ("USD,2026-08-01,1", "line 2, column currency: must be another than USD"),
        ("EUR,2026-08-01,1\nEUR,2026-08-01,2", "line 3, column date: says again what line 2 says"),
        ("", "the file: has no rates"),
    ],
)
def test_what_is_wrong_is_told_where(told: str, said: str) -> None:
    assert faults(HEADER + told)[0].startswith(said)


def test_another_file_is_refused_at_once() -> None:
    assert faults("date;model;tokens\n1;2;3\n") == [
        "line 1: must be the header currency,date,usd, is date;model;tokens"
    ]
    assert faults(b"currency,date,usd\nEUR,2026-08-01,1\n\xff") == ["line 3: must be text in UTF-8"]
    assert faults(b"x" * (MOST_BYTES + 1)) == ["the file: must have at most 1,000,000 bytes, has 1,000,001"]
    assert faults(HEADER + 'EUR,2026-08-01,"1\n')[0].startswith("line 2: is no CSV")
    assert len(faults(HEADER + "EUR,x,1\n" * 100)) == 20
