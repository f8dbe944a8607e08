"""What prices were used for: usage of open months by price, names and day; lines of one price."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from billing.analysis.price_changes import Used
from billing.analysis.usage import Usage
from billing.models import CostBasis, CostKind, Entry

# Prices change what open months count, of so many months back.
MONTHS_BACK = 13
_TOKENS = {
    # A part that is greater than its total counts by itself, as where usage is split.
    "input_tokens": "GREATEST(COALESCE(input_tokens, 0), COALESCE(input_audio_tokens, 0)"
    " + COALESCE(input_image_tokens, 0))",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "GREATEST(COALESCE(cache_write_tokens, 0), COALESCE(cache_write_1h_tokens, 0))",
    "output_tokens": "GREATEST(COALESCE(output_tokens, 0), COALESCE(reasoning_tokens, 0)"
    " + COALESCE(output_audio_tokens, 0) + COALESCE(output_image_tokens, 0))",
    "reasoning_tokens": "reasoning_tokens",
    "cache_write_1h_tokens": "cache_write_1h_tokens",
    "input_audio_tokens": "input_audio_tokens",
    "input_image_tokens": "input_image_tokens",
    "output_audio_tokens": "output_audio_tokens",
    "output_image_tokens": "output_image_tokens",
    "calls": "calls",
}
_DAY = "(hour AT TIME ZONE 'UTC')::date"
# Lines whose money a price made, in months that are open.
_OPEN = f"""
cost_line WHERE team_id = %(team)s AND booked_on >= %(since)s AND entry = {Entry.USAGE.value}
    AND kind = {CostKind.TOKENS.value} AND basis = {CostBasis.PRICED.value} AND price_id IS NOT NULL
    AND date_trunc('month', {_DAY})::date <> ALL (ARRAY(
        SELECT month FROM cost_month WHERE team_id = %(team)s AND state <> 'open'))
"""
_USED = f"""
WITH used AS (
    SELECT price_id, provider_id, model_id, tier, region, {_DAY} AS day, count(*) AS lines, sum(priced_usd) AS usd,
        {", ".join(f"sum({sql})::numeric AS {name}" for name, sql in _TOKENS.items())}
    FROM {_OPEN} GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT u.price_id, COALESCE(p.value, ''), COALESCE(m.value, ''), u.tier, u.region, u.day, u.usd, u.lines,
    {", ".join(f"u.{name}" for name in _TOKENS)}
FROM used u
LEFT JOIN label p ON p.team_id = %(team)s AND p.id = u.provider_id
LEFT JOIN label m ON m.team_id = %(team)s AND m.id = u.model_id
ORDER BY 1, 2, 3, 4, 5, 6
"""
_HOURS = f"""
SELECT DISTINCT workflow_id, environment_id, hour FROM {_OPEN} AND price_id = %(price)s
    AND {_DAY} >= %(start)s AND {_DAY} < %(end)s
"""
_OF_PRICES = """
SELECT price_id, count(*), min(booked_on), max(booked_on), sum(calls)::bigint, sum(cost_usd)
FROM cost_line WHERE team_id = %(team)s AND price_id = ANY(%(prices)s) AND hour >= %(since)s AND entry = 0 GROUP BY 1
"""
Hour = tuple[UUID, int, datetime]


def since(now: datetime) -> date:
    """The first day of the months that prices are changed for."""
    months = now.year * 12 + now.month - 1 - (MONTHS_BACK - 1)
    return date(months // 12, months % 12 + 1, 1)


def used_in_open_months(team_id: UUID, now: datetime) -> list[Used]:
    """Usage of open months that a price made the money of."""
    rows = _rows(_USED, {"team": team_id, "since": since(now)})
    return [_used(row) for row in rows]


def _used(row: Sequence[Any]) -> Used:
    price_id, provider, model, tier, region, day, usd, lines, *counts = row
    usage = Usage(**{name: int(count or 0) for name, count in zip(_TOKENS, counts, strict=True)})
    return Used(price_id, (provider, model), tier, region, day, usage, usd or Decimal(0), lines)


def hours_of_price(team_id: UUID, price_id: int, start: date, end: date | None, now: datetime) -> list[Hour]:
    """Hours of open months with lines at this price, from day to before day."""
    values = {"team": team_id, "since": since(now), "price": price_id, "start": start, "end": end or date.max}
    return [(row[0], row[1], row[2]) for row in _rows(_HOURS, values)]


@dataclass(frozen=True, slots=True)
class PriceUse:
    """What lines at a price add up to, price changes left out."""

    lines: int
    first_day: date
    last_day: date
    calls: int
    cost_usd: Decimal | None


def uses_of(team_id: UUID, price_ids: Iterable[int], since: datetime | None = None) -> dict[int, PriceUse]:
    """What each of these prices was used for since then, of those that were used."""
    rows = _rows(_OF_PRICES, {"team": team_id, "prices": list(price_ids), "since": since or "-infinity"})
    return {row[0]: PriceUse(*row[1:]) for row in rows}


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
