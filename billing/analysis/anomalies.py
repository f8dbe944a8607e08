"""Days whose cost is outside the usual, by robust statistics.

Usual is the median of the same weekday in the eight weeks before (of all days where a weekday came less than four
times); what is off is measured by the median absolute deviation of all those days from their weekday's median, so that
single spikes move neither. A day is unusual when it is more than `LIMIT` such deviations, and a fifth, away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from billing.analysis.periods import DAY, Days

LOOK_BACK = 56
MIN_DAYS = 14
MIN_WEEKDAYS = 4
LIMIT = 4.0
# The median absolute deviation of a normal distribution times this is its standard deviation.
_NORMAL = 1.4826
# Deviations smaller than this share of the usual are everyday noise.
LEAST = 0.05


@dataclass(frozen=True, slots=True)
class Unusual:
    """Consecutive unusual days [first, last].

    `day` is the one furthest off: its cost, what is usual on such a day, and `like`, a usual day before it to compare
    it with. `excess` is what all of them cost above (below: negative) usual.
    """

    first: date
    last: date
    day: date
    usd: Decimal
    usual: Decimal
    like: date
    excess: Decimal


@dataclass(frozen=True, slots=True)
class _Judged:
    day: date
    usd: Decimal
    usual: Decimal
    like: date


def unusual_days(by_day: Mapping[date, Decimal], days: Days, today: date) -> list[Unusual]:
    """The unusual ones of these days, greatest excess first. `by_day` reaches back before them; a day that is not
    there cost nothing. Days that have not ended are left out, and days with fewer than 14 days of costs before."""
    first = min((day for day, usd in by_day.items() if usd), default=today)
    runs: list[list[_Judged]] = []
    for day in days.each():
        found = _judge(by_day, day, first) if day < today else None
        if found is None:
            continue
        last = runs[-1][-1] if runs else None
        if last and last.day == day - DAY and (last.usd > last.usual) == (found.usd > found.usual):
            runs[-1].append(found)
        else:
            runs.append([found])
    return sorted((_joined(run) for run in runs), key=lambda one: (-abs(one.excess), one.first))


def _joined(run: Sequence[_Judged]) -> Unusual:
    worst = max(run, key=lambda one: (abs(one.usd - one.usual), one.day))
    excess = sum((one.usd - one.usual for one in run), Decimal(0))
    return Unusual(run[0].day, run[-1].day, worst.day, worst.usd, worst.usual, worst.like, excess)


def _judge(by_day: Mapping[date, Decimal], day: date, first: date) -> _Judged | None:
    since = max(first, day - LOOK_BACK * DAY)
    history = [since + number * DAY for number in range((day - since).days)]
    if len(history) < MIN_DAYS:
        return None
    costs = {one: by_day.get(one, Decimal(0)) for one in history}
    usual = _usual(costs)
    expected = usual[day.weekday()]
    off = [abs(float(usd) - float(usual[one.weekday()])) for one, usd in costs.items()]
    scale = max(_NORMAL * median(off), LEAST * float(expected))
    usd = by_day.get(day, Decimal(0))
    if not scale or abs(float(usd - expected)) <= LIMIT * scale:
        return None
    alike = [one for one in history if one.weekday() == day.weekday()] or history
    like = min(alike, key=lambda one: (abs(costs[one] - expected), -one.toordinal()))
    return _Judged(day, usd, expected, like)


def _usual(costs: Mapping[date, Decimal]) -> list[Decimal]:
    """What is usual on each weekday, Monday first."""
    whole = median(costs.values())
    by_weekday = [[usd for day, usd in costs.items() if day.weekday() == weekday] for weekday in range(7)]
    return [median(one) if len(one) >= MIN_WEEKDAYS else whole for one in by_weekday]
