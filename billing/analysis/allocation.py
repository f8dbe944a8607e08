"""Fixed monthly amounts, shared out so that the parts add up to the last digit. Pure (`docs/costs/resources.md`)."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import NamedTuple
from uuid import UUID

from billing.analysis.deriving import PRICED, UNPRICED, Prices
from billing.analysis.lines import EXACT, Line, Names, usage_id
from billing.analysis.resources import Rate, money
from monitoring.identity import NO_WORKFLOW

# As `billing.models.Entry` and `AllocationKey` store them.
ALLOCATED = 6
RUNS, MINUTES, TOKENS, EQUAL, NONE = "runs", "minutes", "tokens", "equal", "none"
# Parts have this many digits behind the point, more only where the amount has more.
_PLACES = 6
_PART_OF_MONTH = Context(prec=120, rounding=ROUND_HALF_EVEN)


class Activity(NamedTuple):
    """What a workflow did in an environment while a rate held: what amounts are shared out by."""

    workflow_id: UUID
    environment_id: int
    runs: int
    minutes: Decimal | int
    tokens: int


@dataclass(frozen=True, slots=True)
class Held:
    """The days of a month on which a rate holds, from the first to before the end, and what it costs in them."""

    first: date
    end: date
    amount: Decimal


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def held_in(rate: Rate, month: date) -> Held | None:
    """The part of a month (its first day) in which a rate holds: its amount by days, whole where it holds throughout.

    By days it is rounded to 12 digits behind the point, once, before it is shared out.
    """
    after = next_month(month)
    first, end = max(rate.starts_on, month), min(rate.ends_on or after, after)
    if first >= end:
        return None
    days, length = (end - first).days, monthrange(month.year, month.month)[1]
    if days == length:
        return Held(first, end, rate.amount)
    with localcontext(_PART_OF_MONTH):
        return Held(first, end, (rate.amount * days / length).quantize(Decimal(1).scaleb(-12)).normalize())


def share_out(amount: Decimal, weights: Sequence[Decimal | int]) -> list[Decimal]:
    """Parts of an amount in proportion to weights (at least one over 0), which add up to it exactly.

    By largest remainder: each gets its share cut off after the last digit, and what is left goes digit by digit to
    those who lost most, the first of equals first. Source: Hamilton's method of apportionment.
    """
    exponent = amount.as_tuple().exponent
    places = max(_PLACES, -exponent if isinstance(exponent, int) else 0)
    with localcontext(EXACT):
        units = int(amount.scaleb(places))
        whole = sum((Decimal(weight) for weight in weights), Decimal(0))
        scaled = [units * Decimal(weight) for weight in weights]
        shares = [int(one // whole) for one in scaled]
        lost = [one - share * whole for one, share in zip(scaled, shares, strict=True)]
        left = units - sum(shares)
        order = sorted(range(len(shares)), key=lambda place: (-lost[place], place))
        for place in order[:left]:
            shares[place] += 1
        return [Decimal(share).scaleb(-places) for share in shares]


def weight_of(key: str, activity: Activity) -> Decimal | int:
    """What an amount is shared out by: what a workflow did in an environment, 1 for equal parts of all that ran."""
    weights: Mapping[str, Decimal | int] = {
        RUNS: activity.runs,
        MINUTES: activity.minutes,
        TOKENS: activity.tokens,
        EQUAL: 1 if activity.runs else 0,
        NONE: 0,
    }
    return weights[key]


def allocated_lines(rate: Rate, held: Held, activity: Sequence[Activity], exchange: Prices) -> list[Line]:
    """The lines of a rate in a month. What nobody can be found for is one line of its own, so that the sum stays."""
    inside = sorted(one for one in activity if rate.covers(one.workflow_id, one.environment_id))
    weighed = [(one, weight) for one in inside if (weight := weight_of(rate.key, one)) > 0]
    if not weighed:
        return [_line(rate, held, rate.workflow_id or NO_WORKFLOW, rate.environment_id, held.amount, exchange)]
    parts = share_out(held.amount, [weight for _, weight in weighed])
    return [
        _line(rate, held, one.workflow_id, one.environment_id, part, exchange)
        for (one, _), part in zip(weighed, parts, strict=True)
        if part or not held.amount
    ]


def _line(rate: Rate, held: Held, workflow_id: UUID, environment_id: int, billed: Decimal, exchange: Prices) -> Line:
    figures = money(billed, rate.currency, held.first, exchange)
    names = Names(
        workflow_id,
        environment_id,
        datetime.combine(held.first, time(), UTC),
        UNPRICED if figures.cost_usd is None else PRICED,
        outcome=0,
        provider_id=rate.provider_id,
        price_id=rate.id,
        kind=rate.kind,
        unit=rate.unit,
    )
    return Line(usage_id(names), ALLOCATED, held.first, names, figures, rate.currency, reason=rate.name)
