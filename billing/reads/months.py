"""The months of a team that cost something, with their state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum

from billing.models import CostDimension, CostGrain, CostMonth, CostRollup, MonthState


@dataclass(frozen=True, slots=True)
class ListedMonth:
    """A month: its sums as they stand, and how it was closed."""

    month: date
    state: MonthState
    cost_usd: Decimal | None
    unpriced_tokens: int
    lines: int
    closed_at: datetime | None
    closed_by: str
    digest: str


def months_of(team_id: UUID) -> Sequence[ListedMonth]:
    """Months with lines or with a close, the latest first."""
    rows = CostRollup.objects.filter(team_id=team_id, grain=CostGrain.MONTH, dimension=CostDimension.NONE)
    summed = rows.values("bucket").annotate(usd=Sum("cost_usd"), unpriced=Sum("unpriced_tokens"), count=Sum("lines"))
    sums: dict[date, Any] = {row["bucket"]: row for row in summed.order_by("bucket")}
    told = {one.month: one for one in CostMonth.objects.filter(team_id=team_id).select_related("closed_by")}
    found = []
    for month in sorted({*sums, *told}, reverse=True):
        row, one = sums.get(month) or {}, told.get(month)
        found.append(
            ListedMonth(
                month,
                MonthState(one.state) if one else MonthState.OPEN,
                row.get("usd"),
                row.get("unpriced") or 0,
                row.get("count") or 0,
                one.closed_at if one else None,
                one.closed_by.email if one and one.closed_by else "",
                one.digest if one else "",
            )
        )
    return found
