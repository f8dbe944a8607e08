"""How figures and times are written for who reads them: signs, grouping, order; words are another matter.

Pure. `accounts.locales` makes the formats of a locale from CLDR, and the middleware puts them in force for a page. What
machines or many people read (API, exports, mails, chat, workers, what is stored) is written in `NEUTRAL`, the default.
"""

import re
from calendar import day_abbr, day_name, month_abbr, month_name
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Names:
    """Words of dates, in the language of the text around them. Months are counted from 1, weekdays from Monday, 0."""

    months: tuple[str, ...]
    months_short: tuple[str, ...]
    # As a heading writes them: languages that inflect have another form beside a day.
    months_alone: tuple[str, ...]
    months_short_alone: tuple[str, ...]
    weekdays: tuple[str, ...]
    weekdays_short: tuple[str, ...]
    before_noon: str
    after_noon: str


# Text, or what writes a part of a time.
Part = str | Callable[[Any, Names], str]
Pattern = tuple[Part, ...]

# Fields of CLDR's patterns: https://unicode.org/reports/tr35/tr35-dates.html#Date_Field_Symbol_Table
FIELDS: dict[str, Callable[[Any, Names], str]] = {
    "d": lambda at, _: str(at.day),
    "dd": lambda at, _: f"{at.day:02}",
    "M": lambda at, _: str(at.month),
    "MM": lambda at, _: f"{at.month:02}",
    "MMM": lambda at, names: names.months_short[at.month],
    "MMMM": lambda at, names: names.months[at.month],
    "LLL": lambda at, names: names.months_short_alone[at.month],
    "LLLL": lambda at, names: names.months_alone[at.month],
    "y": lambda at, _: str(at.year),
    "E": lambda at, names: names.weekdays_short[at.weekday()],
    "ccc": lambda at, names: names.weekdays_short[at.weekday()],
    "cccc": lambda at, names: names.weekdays[at.weekday()],
    "H": lambda at, _: str(at.hour),
    "HH": lambda at, _: f"{at.hour:02}",
    "h": lambda at, _: str(at.hour % 12 or 12),
    "mm": lambda at, _: f"{at.minute:02}",
    "ss": lambda at, _: f"{at.second:02}",
    "a": lambda at, names: names.after_noon if at.hour >= 12 else names.before_noon,
}


@dataclass(frozen=True, slots=True)
class Patterns:
    """The order in which parts of a date and time are written."""

    day: Pattern
    day_of_year: Pattern
    long_day: Pattern
    long_day_of_year: Pattern
    month_of_year: Pattern
    weekday: Pattern
    weekday_and_day: Pattern
    clock: Pattern
    clock_seconds: Pattern
    # Between a date and a time.
    joint: str


@dataclass(frozen=True, slots=True)
class Formats:
    """All that a locale says of figures and times, with the names of one language."""

    locale: str
    names: Names
    patterns: Patterns
    decimal: str = "."
    group: str = ","
    # How many digits a whole number has at least that is grouped: Spanish writes 1234 and 12.345.
    grouped_from: int = 4
    # Digits of a group left of the last three: 2 in India.
    left_group: int = 3
    # What stands before and after the figure.
    percents: tuple[str, str] = ("", "%")
    dollars: tuple[str, str] = ("$", "")

    def number(self, text: str) -> str:
        """A number that Python wrote (`-1,234.5`), with the signs of the locale."""
        whole, point, rest = text.partition(".")
        if "," in whole:
            whole = self._grouped(whole)
        return f"{whole}{self.decimal if point else ''}{rest}".replace("-", MINUS)

    def around(self, text: str, signs: tuple[str, str]) -> str:
        """A number that Python wrote, between two signs; its minus comes first."""
        minus = MINUS if text.startswith("-") else ""
        return f"{minus}{signs[0]}{self.number(text.removeprefix('-'))}{signs[1]}"

    def _grouped(self, whole: str) -> str:
        if sum(map(str.isdigit, whole)) < self.grouped_from:
            return whole.replace(",", "")
        if self.left_group == 3:
            return whole.replace(",", self.group)
        head, _, last = whole.rpartition(",")
        sign, digits = ("-", head[1:]) if head[0] == "-" else ("", head)
        digits, size = digits.replace(",", ""), self.left_group
        first = len(digits) % size
        parts = [digits[:first], *(digits[i : i + size] for i in range(first, len(digits), size)), last]
        return sign + self.group.join(part for part in parts if part)

    def written(self, pattern: Pattern, at: date) -> str:
        """A date or time by one of the patterns."""
        names = self.names
        return "".join([part if isinstance(part, str) else part(at, names) for part in pattern])


def pattern(text: str) -> Pattern:
    """A pattern in the way of CLDR: letters are fields, text between `'` stands for itself."""
    parts: list[Part] = []
    for place, piece in enumerate(text.split("'")):
        parts += [piece] if place % 2 else _fields(piece)
    return tuple(part for part in parts if part)


def _fields(text: str) -> Iterator[Part]:
    run = ""
    for sign in f"{text}\0":
        if run and sign != run[-1]:
            yield FIELDS[run] if run[0].isascii() and run[0].isalpha() else run
            run = ""
        run += sign


_MONTHS, _SHORT = tuple(month_name), tuple(month_abbr)
ENGLISH = Names(_MONTHS, _SHORT, _MONTHS, _SHORT, tuple(day_name), tuple(day_abbr), "am", "pm")
BRITISH = Patterns(
    day=pattern("d MMM"),
    day_of_year=pattern("d MMM y"),
    long_day=pattern("d MMMM"),
    long_day_of_year=pattern("d MMMM y"),
    month_of_year=pattern("MMMM y"),
    weekday=pattern("E d"),
    weekday_and_day=pattern("E d MMM"),
    clock=pattern("HH:mm"),
    clock_seconds=pattern("HH:mm:ss"),
    joint=", ",
)
NEUTRAL = Formats("en-GB", ENGLISH, BRITISH)

_in_force: ContextVar[Formats] = ContextVar("formats", default=NEUTRAL)
# The formats in force. Bound once: lists write thousands of figures a page.
in_force = _in_force.get


@contextmanager
def using(formats: Formats) -> Iterator[None]:
    """Puts formats in force for a block; as a decorator, for each call of a function."""
    token = _in_force.set(formats)
    try:
        yield
    finally:
        _in_force.reset(token)


# A number with a comma before its decimals, maybe with its thousands apart.
_TYPED = re.compile(r"([-+\u2212]?)([0-9]{1,3}(?:[.\s'][0-9]{3})+|[0-9]+),([0-9]+)(\s?%?)")


def number(text: str) -> str:
    """A number that Python wrote (`-1,234.5`) as the reader writes it."""
    formats = in_force()
    return text.replace("-", MINUS) if formats is NEUTRAL else formats.number(text)


def percent(text: str) -> str:
    """A percentage that Python wrote (`-94.1%`) as the reader writes it."""
    formats = in_force()
    return text.replace("-", MINUS) if formats is NEUTRAL else formats.around(text[:-1], formats.percents)


def dollars(text: str) -> str:
    """An amount of US dollars, as Python writes its number (`-1,202.40`)."""
    formats = in_force()
    if formats is NEUTRAL:
        return f"{MINUS}${text[1:]}" if text[0] == "-" else f"${text}"
    return formats.around(text, formats.dollars)


def count(value: int | Decimal) -> str:
    """A whole number: `7,004`."""
    return number(f"{value:,}")


def typed(text: str) -> str:
    """A number that the reader typed, as Python reads it, if it can mean one thing alone; else the text as it is.

    Where the decimal sign is a comma, `1,5` and `1.234,5` are read, `1,500` is not: elsewhere it is 1500.
    """
    formats = in_force()
    found = _TYPED.fullmatch(text.strip()) if formats.decimal == "," else None
    if found is None:
        return text
    sign, whole, rest, tail = found.groups()
    digits = re.sub(r"\D", "", whole)
    is_ambiguous = digits == whole and len(rest) == 3 and len(whole) <= 3 and whole[0] != "0"
    return text if is_ambiguous else f"{sign.replace(MINUS, '-')}{digits}.{rest}{tail}"


def day(at: date) -> str:
    """`19 Nov`."""
    formats = in_force()
    return formats.written(formats.patterns.day, at)


def day_of_year(at: date) -> str:
    """`19 Nov 2026`."""
    formats = in_force()
    return formats.written(formats.patterns.day_of_year, at)


def long_day(at: date) -> str:
    """`19 November`."""
    formats = in_force()
    return formats.written(formats.patterns.long_day, at)


def long_day_of_year(at: date) -> str:
    """`19 November 2026`."""
    formats = in_force()
    return formats.written(formats.patterns.long_day_of_year, at)


def month_of_year(at: date) -> str:
    """`November 2026`."""
    formats = in_force()
    return formats.written(formats.patterns.month_of_year, at)


def month(at: date) -> str:
    """`November`."""
    return in_force().names.months_alone[at.month]


def weekday(at: date) -> str:
    """`Thu 19`."""
    formats = in_force()
    return formats.written(formats.patterns.weekday, at)


def weekday_and_day(at: date) -> str:
    """`Thu 19 Nov`."""
    formats = in_force()
    return formats.written(formats.patterns.weekday_and_day, at)


def first_day(first: date, last: date) -> str:
    """The first day of a range, before its last one: without its month where both have the same and it comes last."""
    formats = in_force()
    is_alone = first.month == last.month and formats.patterns is BRITISH
    return str(first.day) if is_alone else formats.written(formats.patterns.day, first)


def clock(at: date, *, seconds: bool = False) -> str:
    """`14:10`, `14:10:05` of a time with a clock."""
    formats = in_force()
    return formats.written(formats.patterns.clock_seconds if seconds else formats.patterns.clock, at)


def moment(at: date, *, year: bool = True, seconds: bool = False) -> str:
    """`19 Nov 2026, 14:10` of a time with a clock, `19 Nov, 14:10` without the year."""
    formats = in_force()
    return f"{day_of_year(at) if year else day(at)}{formats.patterns.joint}{clock(at, seconds=seconds)}"
