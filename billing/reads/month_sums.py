"""What a month cost by one thing: the greatest of its values, and the rest."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _

from billing.models import CostDimension, CostGrain, CostRollup
from monitoring.models import Label, Workflow

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Top:
    """A value and what it cost; None: nothing of it is priced."""

    name: str
    cost_usd: Decimal | None


def top_of(team_id: UUID, month: date, column: str) -> list[Top]:
    """The `SHOWN` dearest values of `provider_id`, `model_id` or `workflow_id`, then all others. In context."""
    rows = CostRollup.objects.filter(team_id=team_id, grain=CostGrain.MONTH, dimension=CostDimension.NONE, bucket=month)
    sums: list[tuple[Any, Decimal | None]] = list(
        rows.order_by().values(column).annotate(cost=Sum("cost_usd")).values_list(column, "cost")
    )
    ordered = sorted(sums, key=lambda pair: (-(pair[1] or Decimal(0)), str(pair[0])))
    shown, rest = ordered[:SHOWN], ordered[SHOWN:]
    names = _names(team_id, column, [value for value, _cost in shown])
    tops = [Top(names.get(value, _("not told")), cost) for value, cost in shown]
    if rest:
        told = [cost for _value, cost in rest if cost is not None]
        tops.append(Top(_("{count} others").format(count=len(rest)), sum(told, Decimal(0)) if told else None))
    return tops


def _names(team_id: UUID, column: str, ids: list[Any]) -> dict[Any, str]:
    if column == "workflow_id":
        return dict(Workflow.objects.filter(team_id=team_id, id__in=ids).values_list("id", "name"))
    return dict(Label.objects.filter(team_id=team_id, id__in=ids).values_list("id", "value"))
