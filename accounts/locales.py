"""The locales whose formats a reader may have, made from CLDR as Babel keeps it."""

import re
from collections.abc import Mapping
from functools import cache

from babel import Locale

from accounts.formats import BRITISH, NEUTRAL, Formats, Names, Pattern, Patterns, pattern

# All write Latin digits. The first of a language is taken for its other regions, too.
OFFERED = (
    *("en-GB", "en-US", "en-AU", "en-CA", "en-IN", "de-DE", "de-CH", "fr-FR", "fr-CA", "es-ES", "es-MX", "it-IT"),
    *("nl-NL", "pt-BR", "pt-PT", "sv-SE", "da-DK", "nb-NO", "fi-FI", "pl-PL", "cs-CZ", "tr-TR", "ja-JP", "zh-CN"),
    "ar-AE",
)
# Locales whose numbers of four digits are not grouped: `minimumGroupingDigits` of CLDR, which Babel leaves out.
_GROUPED_FROM_FIVE = {"es-ES", "it-IT", "pl-PL", "pt-PT"}
# Words of the locale's own language in a pattern, such as `d 'de' MMM`.
_WORDS = re.compile(r"\s*'[^']*'")
_FIGURE = re.compile(r"[#0,.]+")
_DIRECTION = re.compile("[\u200e\u200f]")
_SKELETONS = {
    "MMMd": "day",
    "yMMMd": "day_of_year",
    "MMMMd": "long_day",
    "yMMMM": "month_of_year",
    "Ed": "weekday",
    "MMMEd": "weekday_and_day",
}


@cache
def formats_of(code: str, language: str = "en") -> Formats:
    """The formats of one of `OFFERED` in a text of this language (`de`, `en-gb`), which gives the names of months."""
    spoken = language.partition("-")[0].lower()
    if code == NEUTRAL.locale and spoken == "en":
        return NEUTRAL
    locale = Locale.parse(code, sep="-")
    is_own = locale.language == spoken
    symbols = locale.number_symbols["latn"]
    return Formats(
        locale=code,
        # A dialect of the text's language has names of its own: 2:10 pm in Australia, 2:10 PM in the United States.
        names=_names(locale if is_own else Locale.parse(spoken)),
        patterns=BRITISH if code == NEUTRAL.locale else _patterns(locale, is_own=is_own),
        decimal=symbols["decimal"],
        group=symbols["group"],
        grouped_from=5 if code in _GROUPED_FROM_FIVE else 4,
        left_group=locale.decimal_formats[None].grouping[1],
        percents=_around(locale.percent_formats[None].pattern),
        dollars=_around(locale.currency_formats["standard"].pattern.replace("\N{CURRENCY SIGN}", "$")),
    )


@cache
def named(code: str) -> str:
    """What the locale calls itself: `Deutsch (Deutschland)`."""
    name = str(Locale.parse(code, sep="-").get_display_name())
    return name[0].upper() + name[1:]


@cache
def offered_for(accepted: tuple[str, ...]) -> str:
    """The offered locale that comes first among language tags in order of preference; the neutral one if there is none.

    `de-LU` takes the formats of Germany, `es-419` and what is west of it those of Mexico.
    """
    exact = {code.lower(): code for code in OFFERED}
    languages = {code.partition("-")[0].lower(): code for code in reversed(OFFERED)} | {"no": "nb-NO", "nn": "nb-NO"}
    for tag in accepted:
        language, _, region = tag.lower().partition("-")
        if language == "es" and region and region != "es":
            return "es-MX"
        if found := exact.get(tag.lower()) or languages.get(language):
            return found
    return NEUTRAL.locale


def _names(locale: Locale) -> Names:
    months, days, halves = locale.months, locale.days["format"], locale.day_periods["format"]["abbreviated"]
    return Names(
        months=_counted(months["format"]["wide"]),
        months_short=_counted(months["format"]["abbreviated"]),
        months_alone=_counted(months["stand-alone"]["wide"]),
        months_short_alone=_counted(months["stand-alone"]["abbreviated"]),
        weekdays=tuple(days["wide"][place] for place in range(7)),
        weekdays_short=tuple(days["abbreviated"][place] for place in range(7)),
        before_noon=halves["am"],
        after_noon=halves["pm"],
    )


def _counted(months: Mapping[int, str]) -> tuple[str, ...]:
    return ("", *(months[number] for number in range(1, 13)))


def _patterns(locale: Locale, *, is_own: bool) -> Patterns:
    skeletons = {
        name: _pattern(one.pattern, is_own=is_own)
        for name, one in locale.datetime_skeletons.items()
        if name in _SKELETONS
    }
    return Patterns(
        **{_SKELETONS[name]: one for name, one in skeletons.items()},
        long_day_of_year=_pattern(locale.date_formats["long"].pattern, is_own=is_own),
        clock=_pattern(locale.time_formats["short"].pattern, is_own=True),
        clock_seconds=_pattern(locale.time_formats["medium"].pattern, is_own=True),
        joint=locale.datetime_formats["medium"].removeprefix("{1}").removesuffix("{0}"),
    )


def _pattern(text: str, *, is_own: bool) -> Pattern:
    # A narrow space before AM and PM is written as browsers write it.
    return pattern((text if is_own else _WORDS.sub("", text)).replace("\N{NARROW NO-BREAK SPACE}", " "))


def _around(text: str) -> tuple[str, str]:
    """What stands before and after the figure of a CLDR pattern such as `#,##0.00 ¤`, without marks of direction."""
    before, after = _FIGURE.split(text.partition(";")[0], maxsplit=1)
    return _DIRECTION.sub("", before), _DIRECTION.sub("", after)
