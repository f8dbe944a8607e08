"""Figures and times in the formats of a locale: those of British English are Python's own, the others CLDR's."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from babel import Locale
from django.conf import settings
from django.utils.formats import get_format
from hypothesis import given
from hypothesis import strategies as st

from accounts import formats
from accounts.formats import MINUS, NEUTRAL, using
from accounts.locales import OFFERED, formats_of, named, offered_for

AFTERNOON = datetime(2026, 11, 19, 14, 10, 5, tzinfo=UTC)
NIGHT = datetime(2026, 9, 9, 0, 5, tzinfo=UTC)
NARROW, HARD = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"
numbers = st.floats(-1e15, 1e15, allow_nan=False)


@given(numbers, st.integers(0, 4))
def test_neutral_numbers_are_pythons_own(value: float, digits: int) -> None:
    text = f"{value:,.{digits}f}"
    assert formats.number(text) == text.replace("-", MINUS)
    assert formats.percent(f"{text}%") == f"{text}%".replace("-", MINUS)
    assert formats.dollars(text) == (f"{MINUS}${text[1:]}" if text[0] == "-" else f"${text}")
    assert NEUTRAL.number(text) == text.replace("-", MINUS)


@given(st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1)))
def test_neutral_times_are_pythons_own(at: datetime) -> None:
    day = at.day
    assert formats.day(at) == f"{day} {at:%b}"
    assert formats.day_of_year(at) == f"{day} {at:%b} {at.year}"
    assert formats.long_day(at) == f"{day} {at:%B}"
    assert formats.long_day_of_year(at) == f"{day} {at:%B} {at.year}"
    assert formats.month_of_year(at) == f"{at:%B} {at.year}"
    assert formats.weekday(at) == f"{at:%a} {day}"
    assert formats.weekday_and_day(at) == f"{at:%a} {day} {at:%b}"
    assert formats.clock(at) == f"{at:%H:%M}"
    assert formats.moment(at, seconds=True) == f"{day} {at:%b} {at.year}, {at:%H:%M:%S}"


@pytest.mark.parametrize(
    ("code", "small", "large", "percent", "dollars"),
    [
        ("en-US", "1,234.5", f"{MINUS}12,345,678", "97.3%", "$1,202.40"),
        ("en-IN", "1,234.5", f"{MINUS}1,23,45,678", "97.3%", "$1,202.40"),
        ("de-DE", "1.234,5", f"{MINUS}12.345.678", f"97,3{HARD}%", f"1.202,40{HARD}$"),
        ("de-CH", "1'234.5", f"{MINUS}12'345'678", "97.3%", f"${HARD}1'202.40"),
        ("fr-FR", f"1{NARROW}234,5", f"{MINUS}12{NARROW}345{NARROW}678", f"97,3{HARD}%", f"1{NARROW}202,40{HARD}$"),
        ("es-ES", "1234,5", f"{MINUS}12.345.678", f"97,3{HARD}%", f"1202,40{HARD}$"),
        ("sv-SE", f"1{HARD}234,5", f"{MINUS}12{HARD}345{HARD}678", f"97,3{HARD}%", f"1{HARD}202,40{HARD}$"),
        ("tr-TR", "1.234,5", f"{MINUS}12.345.678", "%97,3", "$1.202,40"),
        ("ja-JP", "1,234.5", f"{MINUS}12,345,678", "97.3%", "$1,202.40"),
        ("ar-AE", "1,234.5", f"{MINUS}12,345,678", "97.3%", f"1,202.40{HARD}$"),
    ],
)
def test_numbers_of_a_locale(code: str, small: str, large: str, percent: str, dollars: str) -> None:
    with using(formats_of(code)):
        assert (formats.number("1,234.5"), formats.number("-12,345,678")) == (small, large)
        assert (formats.percent("97.3%"), formats.dollars("1,202.40")) == (percent, dollars)
        assert formats.percent("-97.3%") == MINUS + percent
        assert formats.dollars("-1,202.40") == MINUS + dollars
        assert formats.count(7) == "7"


@pytest.mark.parametrize(
    ("code", "language", "short", "whole", "night"),
    [
        ("en-US", "en", "Nov 19, 2:10 PM", "Nov 19, 2026, 2:10:05 PM", "Sep 9, 12:05 AM"),
        ("en-AU", "en-gb", "19 Nov, 2:10 pm", "19 Nov 2026, 2:10:05 pm", "9 Sept, 12:05 am"),
        ("de-DE", "en", "19. Nov, 14:10", "19. Nov 2026, 14:10:05", "9. Sep, 00:05"),
        ("de-DE", "de", "19. Nov., 14:10", "19. Nov. 2026, 14:10:05", "9. Sept., 00:05"),
        ("en-GB", "de", "19 Nov., 14:10", "19 Nov. 2026, 14:10:05", "9 Sept., 00:05"),
        ("fr-CA", "en", "19 Nov, 14 h 10", "19 Nov 2026, 14 h 10 min 05 s", "9 Sep, 00 h 05"),
        ("pt-BR", "pt-br", "19 de nov. 14:10", "19 de nov. de 2026 14:10:05", "9 de set. 00:05"),
        ("pt-BR", "en", "19 Nov 14:10", "19 Nov 2026 14:10:05", "9 Sep 00:05"),
        ("sv-SE", "en", "19 Nov 14:10", "19 Nov 2026 14:10:05", "9 Sep 00:05"),
        ("fi-FI", "en", "19.11. 14.10", "19.11.2026 14.10.05", "9.9. 0.05"),
        ("ja-JP", "en", "11月19日 14:10", "2026年11月19日 14:10:05", "9月9日 0:05"),
    ],
)
def test_times_of_a_locale(code: str, language: str, short: str, whole: str, night: str) -> None:
    with using(formats_of(code, language)):
        assert formats.moment(AFTERNOON, year=False) == short
        assert formats.moment(AFTERNOON, seconds=True) == whole
        assert formats.moment(NIGHT, year=False) == night


def test_months_and_weekdays_stand_alone_where_the_language_says_so() -> None:
    with using(formats_of("pl-PL", "pl")):
        assert (formats.month_of_year(AFTERNOON), formats.month(AFTERNOON)) == ("listopad 2026", "listopad")
        assert formats.long_day_of_year(AFTERNOON) == "19 listopada 2026"
    with using(formats_of("de-DE", "en")):
        assert (formats.weekday(AFTERNOON), formats.weekday_and_day(AFTERNOON)) == ("Thu, 19.", "Thu, 19. Nov")


@pytest.mark.parametrize("code", OFFERED)
@given(value=st.integers(-(10**15), 10**15), at=st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1)))
def test_every_offered_locale_writes_latin_digits_and_keeps_them_all(code: str, value: int, at: datetime) -> None:
    assert Locale.parse(code, sep="-").default_numbering_system == "latn"
    assert named(code)
    with using(formats_of(code)):
        text = formats.number(f"{value:,}.5")
        assert [sign for sign in text if sign.isdigit()] == [sign for sign in f"{value}5" if sign.isdigit()]
        assert f"{at.minute:02}" in formats.clock(at)
        assert str(at.year) in formats.day_of_year(at)
        assert str(at.day) in formats.day(date(at.year, at.month, at.day))


def test_formats_are_made_once_and_given_back() -> None:
    assert formats_of("de-DE", "en-gb") is formats_of("de-DE", "en-gb")
    assert formats_of("en-GB", "en-gb") is NEUTRAL

    @using(NEUTRAL)
    def stored() -> str:
        return formats.number("1.5")

    with using(formats_of("de-DE")):
        assert (formats.number("1.5"), stored(), formats.number("1.5")) == ("1,5", "1.5", "1,5")
    assert formats.in_force() is NEUTRAL


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        (["de-LU", "en-US"], "de-DE"),
        (["DE-ch"], "de-CH"),
        (["hu", "fr"], "fr-FR"),
        (["es-419"], "es-MX"),
        (["es"], "es-ES"),
        (["pt"], "pt-BR"),
        (["nn-NO"], "nb-NO"),
        (["zh-Hant-TW"], "zh-CN"),
        (["en"], "en-GB"),
        (["fa", "xx-yy", "*"], "en-GB"),
        ([], "en-GB"),
    ],
)
def test_what_a_browser_wants_is_offered_as_near_as_possible(accepted: list[str], code: str) -> None:
    assert offered_for(tuple(accepted)) == code


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1,5", "1.5"),
        (" 99,95 %", "99.95 %"),
        ("1.234,5", "1234.5"),
        (f"{MINUS}1{HARD}234,567", "-1234.567"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        # Elsewhere these are 1500, and a word.
        ("1,500", "1,500"),
        ("1,5 s", "1,5 s"),
        ("1.5", "1.5"),
        ("1.500", "1.500"),
        ("1,2,3", "1,2,3"),
        ("", ""),
    ],
)
def test_typed_numbers_are_read_where_they_mean_one_thing(text: str, read: str) -> None:
    with using(formats_of("de-DE")):
        assert formats.typed(text) == read
    assert formats.typed(text) == text


@given(st.decimals(-10_000, 10_000, places=2))
def test_what_is_written_with_two_decimals_is_read_back(value: Decimal) -> None:
    for code in ("de-DE", "fr-FR", "es-ES", "sv-SE"):
        with using(formats_of(code)):
            assert Decimal(formats.typed(formats.number(f"{value:,.2f}"))) == value


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_bare_values_are_neutral_in_every_language(language: str) -> None:
    """A decimal comma would break drawings and fields."""
    assert get_format("DECIMAL_SEPARATOR", language) == "."
    assert get_format("DATETIME_FORMAT", language) == "j M Y, H:i e"
