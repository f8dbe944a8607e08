"""Months, quarters and years of costs, in UTC, and the days that each is compared with."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from accounts import formats

DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1990, 2099
_MONTH = re.compile(r"^(\d{4})-(0[1-9]|1[0-2])$")


class PeriodKind(StrEnum):
    """How long a period is; the words of addresses."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Days:
    """The days [start, end)."""

    start: date
    end: date

    @property
    def count(self) -> int:
        """How many days."""
        return (self.end - self.start).days

    def each(self) -> list[date]:
        """All days, in order."""
        return [self.start + number * DAY for number in range(self.count)]

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


@dataclass(frozen=True, slots=True)
class Period:
    """A month, quarter or year as seen on a day: `days` is what there is of it so far, that day included."""

    kind: PeriodKind
    start: date
    today: date

    @property
    def end(self) -> date:
        """The first day after it."""
        return add_months(self.start, MONTHS[self.kind])

    @property
    def days(self) -> Days:
        """Its days up to today."""
        return Days(self.start, min(self.end, self.today + DAY))

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.today < self.end

    @property
    def compared(self) -> Days:
        """The same days of the period before: as many from its start, at most all; all of it beside a whole period."""
        start = add_months(self.start, -MONTHS[self.kind])
        return Days(start, min(start + self.days.count * DAY, self.start) if self.is_running else self.start)

    @property
    def at(self) -> str:
        """Its first month, as addresses write it."""
        return f"{self.start:%Y-%m}"

    def step(self, number: int) -> "Period":
        """The period that is this many periods later (negative: earlier)."""
        return Period(self.kind, add_months(self.start, number * MONTHS[self.kind]), self.today)

    @property
    def name(self) -> str:
        """`November 2026`, `Q4 2026`, `2026`."""
        if self.kind is PeriodKind.MONTH:
            return formats.month_of_year(self.start)
        return f"Q{(self.start.month + 2) // 3} {self.start.year}" if self.kind is PeriodKind.QUARTER else self.at[:4]


def add_months(month: date, number: int) -> date:
    """The first day of the month that is this many months after that of a day."""
    whole = month.year * 12 + month.month - 1 + number
    return date(whole // 12, whole % 12 + 1, 1)


def months_in(days: Days) -> list[date]:
    """The first day of each month that the days touch, in order."""
    found, month = [], days.start.replace(day=1)
    while month < days.end:
        found.append(month)
        month = add_months(month, 1)
    return found


def parse_period(kind: str | None, at: str | None, today: date) -> Period:
    """The period that an address asks for; the running month, or the running period, for what cannot be read or has not
    begun."""
    words = {one.value: one for one in PeriodKind}
    wanted = words.get(kind or "", PeriodKind.MONTH)
    match = _MONTH.match(at or "")
    month = today.replace(day=1)
    if match and FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        month = min(date(int(match[1]), int(match[2]), 1), month)
    length = MONTHS[wanted]
    return Period(wanted, add_months(month, -((month.month - 1) % length)), today)
