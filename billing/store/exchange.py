"""A team's exchange rates as days step from one to the next; a closed month keeps those that it was closed with."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.analysis.allocation import next_month
from billing.models import CostMonth, ExchangeRate, MonthState

# The day from which a rate holds, and US dollars for one unit; in order of days.
Steps = Sequence[tuple[date, Decimal]]


def read_exchange(team_id: UUID, currencies: Iterable[str]) -> dict[str, list[tuple[date, Decimal]]]:
    """The rates of these currencies, US dollars left out. Two queries, none where all is in US dollars."""
    wanted = {currency for currency in currencies if currency != "USD"}
    exchange: dict[str, list[tuple[date, Decimal]]] = {}
    if not wanted:
        return exchange
    rows = ExchangeRate.objects.filter(team_id=team_id, currency__in=wanted).order_by("currency", "starts_on")
    for currency, since, usd in rows.values_list("currency", "starts_on", "usd"):
        exchange.setdefault(currency, []).append((since, usd))
    months = CostMonth.objects.filter(team_id=team_id).exclude(state=MonthState.OPEN).order_by("month")
    kept = [(month, rates) for month, rates in months.values_list("month", "rates") if rates]
    for currency in wanted:
        told = {month: kept_rates(rates.get(currency), month) for month, rates in kept}
        if woven := weave(exchange.get(currency, []), told):
            exchange[currency] = woven
    return exchange


def usd_of(team_id: UUID, currency: str, day: date) -> Decimal | None:
    """What one unit of the currency was worth in US dollars on that day, by the rates of the team; None: not known.

    A day of a closed month has the rate that the month kept.
    """
    return Decimal(1) if currency == "USD" else rate_on(read_exchange(team_id, [currency]).get(currency, ()), day)


def rate_on(steps: Steps, day: date) -> Decimal | None:
    """The rate that holds on a day."""
    place = bisect_right([since for since, _ in steps], day)
    return steps[place - 1][1] if place else None


def kept_rates(told: Any, month: date) -> dict[date, Decimal]:
    """The rates that a closed month kept: by the day from which each holds, or one for the whole month."""
    if isinstance(told, Mapping):
        return {date.fromisoformat(day): Decimal(str(usd)) for day, usd in told.items()}
    return {} if told is None else {month: Decimal(str(told))}


def weave(live: Steps, kept: Mapping[date, Mapping[date, Decimal]]) -> list[tuple[date, Decimal]]:
    """The rates as they are now with those of closed months in their months' days.

    A month that kept none of the currency has the rates of now: nothing was counted at another one.
    """
    found = dict(live)
    for month in sorted(kept):
        if not kept[month]:
            continue
        end = next_month(month)
        after = rate_on(live, end)
        found = {day: usd for day, usd in found.items() if not month <= day < end}
        found |= {max(day, month): usd for day, usd in sorted(kept[month].items())}
        if after is not None:
            found[end] = after
    return sorted(found.items())
