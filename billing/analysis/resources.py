"""What runs cost beside tokens: what they used, at the rates that hold. Pure (`docs/costs/resources.md`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import NamedTuple
from uuid import UUID

from billing.analysis.deriving import PRICED, UNPRICED, USAGE, Months, Prices
from billing.analysis.lines import EXACT, Figures, Line, Names, WorkflowHour, usage_id

# Units as `billing.models.RateUnit` stores them.
RUN, MINUTE, GB_HOUR, CALL, MONTH = "run", "minute", "gb_hour", "call", "month"
MS_PER_MINUTE = 60_000
BYTE_MS_PER_GB_HOUR = 10**9 * 3_600_000
# A minute or a GB-hour may have no end as a decimal: quantities have this many digits behind the point, and money is
# quantity times rate, exactly.
_LAST_DIGIT = Decimal(1).scaleb(-15)
_QUOTIENT = Context(prec=200, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate as `billing.models.ResourceRate` keeps it."""

    id: int
    name: str
    kind: int
    unit: str
    amount: Decimal
    starts_on: date
    created_at: datetime
    currency: str = "USD"
    workflow_id: UUID | None = None
    environment_id: int = 0
    system_id: int = 0
    provider_id: int = 0
    key: str = ""
    ends_on: date | None = None
    removed_at: datetime | None = None

    def applies(self, day: date, closed_at: datetime | None) -> bool:
        """Whether it holds on a day: in an open month as things are, in a closed one as they were at its closing."""
        if day < self.starts_on or (self.ends_on is not None and day >= self.ends_on):
            return False
        if closed_at is None:
            return self.removed_at is None
        return self.created_at <= closed_at and (self.removed_at is None or self.removed_at > closed_at)

    def covers(self, workflow_id: UUID, environment_id: int) -> bool:
        """Whether runs of a workflow in an environment are charged."""
        is_workflow = self.workflow_id is None or self.workflow_id == workflow_id
        return is_workflow and self.environment_id in (0, environment_id)


class Used(NamedTuple):
    """What the runs of an hour with one set of names used.

    With a `system_id`: `calls` of that external system, as steps told them. Without: whole runs, whose time was inside
    that of runs of a workflow in an environment (`parent_*`, None where there were none). None: not told.
    """

    workflow_id: UUID
    environment_id: int
    hour: datetime
    outcome: int
    release_id: int = 0
    tag_set_id: int = 0
    system_id: int = 0
    parent_workflow_id: UUID | None = None
    parent_environment_id: int | None = None
    runs: int = 0
    run_ms: Decimal | None = None
    byte_ms: Decimal | None = None
    calls: int | None = None


def amount_used(rate: Rate, used: Used) -> Decimal | int | None:
    """What a rate charges of it, in the smallest unit that was told: runs, ms, byte-ms, calls. None: nothing."""
    if used.system_id != rate.system_id:
        return None
    if rate.unit == RUN:
        return used.runs
    if rate.unit == GB_HOUR:
        return used.byte_ms
    if rate.unit == CALL:
        return used.calls
    if rate.unit != MINUTE:
        return None
    above, environment = used.parent_workflow_id, used.parent_environment_id
    # Its time is inside that of the run above it, which is charged.
    if above is not None and environment is not None and rate.covers(above, environment):
        return None
    return used.run_ms


def quantity_of(unit: str, amount: Decimal) -> Decimal:
    """An amount in the unit of a rate, from the smallest unit that was told."""
    per = {MINUTE: MS_PER_MINUTE, GB_HOUR: BYTE_MS_PER_GB_HOUR}.get(unit)
    if per is None:
        return amount
    with localcontext(_QUOTIENT):
        return (amount / per).quantize(_LAST_DIGIT).normalize()


def resource_lines(
    rates: Sequence[Rate], used: Iterable[Used], exchange: Prices, months: Months
) -> dict[WorkflowHour, list[Line]]:
    """Lines of usage by hour. What adds up to nothing has no line."""
    by_id = {rate.id: rate for rate in rates}
    with localcontext(EXACT):
        sums = _sums(rates, used, months)
    found: dict[WorkflowHour, list[Line]] = {}
    for names, amount in sums.items():
        rate = by_id[names.price_id or 0]
        if quantity := quantity_of(rate.unit, amount):
            found.setdefault(names.of, []).append(_line(names, rate, quantity, exchange))
    return found


def _sums(rates: Sequence[Rate], used: Iterable[Used], months: Months) -> dict[Names, Decimal]:
    found: dict[Names, Decimal] = {}
    for one in used:
        day = one.hour.date()
        closed_at = months.closed_at(day)
        for rate in rates:
            if rate.applies(day, closed_at) and rate.covers(one.workflow_id, one.environment_id):
                more = amount_used(rate, one)
                if more:
                    names = _names(rate, one)
                    found[names] = found.get(names, Decimal(0)) + more
    return found


def _names(rate: Rate, used: Used) -> Names:
    return Names(
        used.workflow_id,
        used.environment_id,
        used.hour,
        PRICED,
        used.outcome,
        release_id=used.release_id,
        provider_id=rate.provider_id,
        system_id=rate.system_id,
        tag_set_id=used.tag_set_id,
        price_id=rate.id,
        kind=rate.kind,
        unit=rate.unit,
    )


def _line(names: Names, rate: Rate, quantity: Decimal, exchange: Prices) -> Line:
    with localcontext(EXACT):
        billed = quantity * rate.amount
    day = names.hour.date()
    figures = money(billed, rate.currency, day, exchange)._replace(quantity=quantity)
    if figures.cost_usd is None:
        names = names._replace(basis=UNPRICED)
    return Line(usage_id(names), USAGE, day, names, figures, rate.currency, reason=rate.name)


def money(billed: Decimal, currency: str, day: date, exchange: Prices) -> Figures:
    """An amount with what it is in US dollars on a day; not known where the currency has no rate: never 0 instead."""
    usd = exchange.in_usd(billed, currency, day)
    return Figures(cost_usd=usd, priced_usd=usd, list_usd=usd, billed=billed)


def systems_of(rates: Iterable[Rate]) -> list[int]:
    """The external systems whose calls are charged one by one."""
    return sorted({rate.system_id for rate in rates if rate.system_id})
