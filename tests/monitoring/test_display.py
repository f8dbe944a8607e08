"""The filters write what a reader expects, and never write an unknown as 0."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import timezone

from monitoring import wording

NOON = datetime(2026, 11, 19, 14, 10, 8, tzinfo=UTC)


def shown(expression: str, value: Any) -> str:
    return Template("{{ value|" + expression + " }}").render(Context({"value": value}))


@pytest.mark.parametrize(
    ("expression", "value", "text"),
    [
        ("count", 7004, "7,004"),
        ("count", 0, "0"),
        ("percent", 0.9412, "94.1%"),
        ("percent", 1, "100%"),
        ("percent", 0, "0%"),
        ("percent", 0.99996, "over 99.9%"),
        ("percent", 0.0002, "under 0.1%"),
        ("percent:0", 0.4, "40%"),
        ("percent_points", -0.043, "−4.3 points"),
        ("percent_points", 0.012, "+1.2 points"),
        ("percent_points", 0.0001, "no change"),
        ("signed_change", 1.42, "+142%"),
        ("signed_change", -0.06, "−6%"),
        ("signed_change", 0.004, "+0.4%"),
        ("signed_change", 0, "no change"),
        ("signed_count", 301, "+301"),
        ("signed_count", -1200, "−1,200"),
        ("duration_ms", 0, "0 ms"),
        ("duration_ms", 0.2, "under 1 ms"),
        ("duration_ms", 480, "480 ms"),
        ("duration_ms", 999.7, "1.0 s"),
        ("duration_ms", 36_240, "36.2 s"),
        ("duration_ms", 59_960, "1 min"),
        ("duration_ms", 724_000, "12 min 4 s"),
        ("duration_ms", 3_599_900, "1 h"),
        ("duration_ms", 7_500_000, "2 h 5 min"),
        ("duration_ms", 93_600_000, "1 d 2 h"),
        ("duration_ms", -480, "−480 ms"),
        ("usd", Decimal("0.019"), "$0.019"),
        ("usd", Decimal("0.5"), "$0.50"),
        ("usd", Decimal("1202.4"), "$1,202.40"),
        ("usd", Decimal("0.00123"), "$0.0012"),
        ("usd", Decimal("0.00001"), "under $0.0001"),
        ("usd", Decimal("-17"), "−$17.00"),
        ("usd", Decimal(0), "$0"),
        ("bytes_size", 512, "512 B"),
        ("bytes_size", 3_400_000, "3.4 MB"),
        ("bytes_size", 999_990, "1.0 MB"),
        ("tokens", 7004, "7,004"),
        ("tokens", 21_500, "21.5 k"),
        ("tokens", 412_900_000, "412.9 M"),
        ("times", 6.08, "6.1×"),
    ],
)
def test_figures(expression: str, value: Any, text: str) -> None:
    assert shown(expression, value) == text


FIGURES = [
    "count",
    "percent",
    "percent_points",
    "signed_change",
    "signed_count",
    "duration_ms",
    "usd",
    "tokens",
    "times",
]


@pytest.mark.parametrize("expression", [*FIGURES, "bytes_size", "when", "ago", "when_text"])
@pytest.mark.parametrize("value", [None, ""])
def test_an_unknown_is_said_to_be_unknown(expression: str, value: str | None) -> None:
    assert shown(expression, value) == "not told"


def test_a_time_is_shown_in_the_zone_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON + timedelta(days=2))
    assert ">19 Nov, 14:10 UTC</time>" in shown("when", NOON)
    with timezone.override(zoneinfo.ZoneInfo("Europe/Berlin")):
        html = shown("when:'seconds'", NOON)
        assert ">19 Nov, 15:10:08 CET</time>" in html
        assert 'title="19 Nov 2026, 15:10:08 CET"' in html
        assert shown("when_text", NOON) == "19 Nov, 15:10 CET"
    with timezone.override(zoneinfo.ZoneInfo("Asia/Dubai")):
        assert shown("when_text", NOON) == "19 Nov, 18:10 UTC+04"
    assert ">19 Nov, 14:10</time>" in shown("when:'plain'", NOON)


def test_a_time_of_another_year_names_the_year(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON + timedelta(days=90))
    assert shown("when_text", NOON) == "19 Nov 2026, 14:10 UTC"


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(seconds=12), "12 s ago"),
        (timedelta(minutes=2, seconds=50), "2 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "19 Nov, 14:10 UTC"),
        (timedelta(seconds=-5), "19 Nov, 14:10 UTC"),
    ],
)
def test_ago_is_used_under_a_day_only(monkeypatch: pytest.MonkeyPatch, passed: timedelta, text: str) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON + passed)
    html = shown("ago", NOON)
    assert f">{text}</time>" in html
    assert "19 Nov" in html


def test_figures_that_somebody_set_have_only_the_digits_they_need() -> None:
    assert [wording.plain_percent(share) for share in (0.97, 0.999, 1)] == ["97%", "99.9%", "100%"]
    assert [wording.plain_duration_ms(ms) for ms in (30_000, 1_500, 90_000)] == ["30 s", "1.5 s", "1 min 30 s"]


@pytest.mark.parametrize("name", ["", "\u200b\u3000"])
def test_a_name_of_which_nothing_can_be_seen_gets_a_word(name: str) -> None:
    assert shown("seen", name) == "(nothing to see)"
    assert shown("seen", "gpt-4o") == "gpt-4o"
