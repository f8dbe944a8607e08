"""Rates of resources as pages, exports and the API show them: with their names, and what they cost of late."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from billing.models import CostKind, CostLine, ResourceRate
from monitoring.models import Workflow
from monitoring.store.labels import values_of_labels

MOST_WORKFLOWS = 20


@dataclass(frozen=True, slots=True)
class ListedRate:
    """A rate with the names it is for, and what it cost in a month, in US dollars; None: not known, or nothing yet."""

    row: ResourceRate
    workflow: str
    environment: str
    system: str
    provider: str
    month_usd: Decimal | None

    @property
    def kind(self) -> str:
        """The kind as a word of addresses and documents."""
        return CostKind(self.row.kind).name.lower()


def list_rates(team_id: UUID, now: datetime, *, with_removed: bool = True) -> list[ListedRate]:
    """The rates of a team by name, those that were removed last."""
    rows = ResourceRate.objects.filter(team_id=team_id).select_related("workflow", "created_by")
    if not with_removed:
        rows = rows.filter(removed_at__isnull=True)
    found = sorted(rows, key=lambda row: (row.removed_at is not None, row.name.lower(), row.starts_on, row.id))
    return _listed(team_id, found, now.date().replace(day=1))


def rate_id_of(text: str) -> int | None:
    """The id of a rate as addresses tell it; None where it is none."""
    is_number = text.isascii() and text.removeprefix("-").isdecimal() and len(text) <= 20
    return int(text) if is_number and -(2**63) <= int(text) < 2**63 else None


def rates_by_id(team_id: UUID, ids: Collection[int]) -> dict[int, ResourceRate]:
    """These rates, also those that were removed: the prices of lines that are not of tokens."""
    return {row.id: row for row in ResourceRate.objects.filter(team_id=team_id, id__in=ids)} if ids else {}


def find_rate(team_id: UUID, rate_id: int, now: datetime) -> ListedRate | None:
    """One rate, also one that was removed."""
    rows = ResourceRate.objects.filter(team_id=team_id, id=rate_id).select_related("workflow", "created_by")
    return next(iter(_listed(team_id, list(rows), now.date().replace(day=1))), None)


def _listed(team_id: UUID, rows: Sequence[ResourceRate], month: date) -> list[ListedRate]:
    ids = {id for row in rows for id in (row.environment_id, row.system_id, row.provider_id)}
    names = values_of_labels(team_id, ids)
    lines = CostLine.objects.filter(team_id=team_id, booked_on__gte=month, price_id__in=[row.id for row in rows])
    costs = dict(lines.values_list("price_id").annotate(usd=Sum("cost_usd"))) if rows else {}
    return [
        ListedRate(
            row=row,
            workflow=row.workflow.name if row.workflow else "",
            environment=names.get(row.environment_id, ""),
            system=names.get(row.system_id, ""),
            provider=names.get(row.provider_id, ""),
            month_usd=costs.get(row.id),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class RateShare:
    """What a workflow costs at a rate in a month; without a name: not allocated, or nobody told the workflow."""

    name: str
    slug: str
    quantity: Decimal | None
    usd: Decimal | None


def rate_shares(team_id: UUID, rate_id: int, now: datetime) -> list[RateShare]:
    """The workflows that cost most at a rate in the month so far, at most `MOST_WORKFLOWS`."""
    rows = CostLine.objects.filter(team_id=team_id, booked_on__gte=now.date().replace(day=1), price_id=rate_id)
    sums = rows.values_list("workflow_id").annotate(quantity=Sum("quantity"), usd=Sum("cost_usd"))
    found = sorted(sums, key=lambda one: (-(one[2] or 0), one[0]))[:MOST_WORKFLOWS]
    known = Workflow.objects.filter(team_id=team_id, id__in=[one[0] for one in found]).in_bulk()
    return [
        RateShare(*((known[id].name, known[id].slug) if id in known else ("", "")), quantity, usd)
        for id, quantity, usd in found
    ]
