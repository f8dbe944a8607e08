"""Cost lines of some days, newest first, with the price that made each and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from billing.analysis.periods import Days
from billing.analysis.rating import RatedBucket, rate_buckets
from billing.analysis.usage import Bucket, Usage
from billing.models import (
    BookPrice,
    CostBasis,
    CostDimension,
    CostKind,
    CostLine,
    CostOutcome,
    Entry,
    ResourceRate,
    TagSet,
    TeamPrice,
)
from billing.reads.cost_cut import CostCut, Ids
from billing.reads.resources import rates_by_id
from monitoring.models import Workflow
from monitoring.reads.labels import label_values

PAGE_SIZE = 50
_USAGE = tuple(name for name in Usage.__dataclass_fields__ if name != "calls")
_VALUES = {
    CostDimension.RELEASE: "release_id",
    CostDimension.NODE: "node_id",
    CostDimension.SYSTEM: "system_id",
}


@dataclass(frozen=True, slots=True)
class PriceRow:
    """The price that made a line. `rates` are by bucket, in `currency`; `is_own` says that it is the team's."""

    id: int
    name: str
    currency: str
    rates: Mapping[Bucket, Decimal]
    starts_on: date | None
    is_own: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its names. `rate` is the price of what is not tokens.

    `made` is bucket by bucket what the price says, None where it cannot be taken apart.
    """

    row: CostLine
    workflow: str
    slug: str
    names: Mapping[str, str]
    tags: Mapping[str, str]
    price: PriceRow | None
    rate: ResourceRate | None
    made: Sequence[RatedBucket] | None

    @property
    def difference_usd(self) -> Decimal | None:
        """What was told less what was computed; None where either is not known."""
        told, computed = self.row.told_usd, self.row.priced_usd
        return told - computed if told is not None and computed is not None else None

    @property
    def words(self) -> tuple[str, ...]:
        """Entry, kind, basis and outcome."""
        return tuple(_(label) for label in self.labels)

    @property
    def labels(self) -> tuple[str, str, str, str]:
        """The same in English, for files."""
        row = self.row
        return (
            str(Entry(row.entry).label),
            str(CostKind(row.kind).label),
            str(CostBasis(row.basis).label),
            str(CostOutcome(row.outcome).label),
        )


@dataclass(frozen=True, slots=True)
class LinesPage:
    """A page of lines, and the cursor of the next one (empty: there is none)."""

    lines: Sequence[Line]
    next: str


def page_of(
    cut: CostCut,
    days: Days,
    *,
    outcomes: Sequence[int] = (),
    bases: Sequence[int] = (),
    after: str = "",
    size: int = PAGE_SIZE,
) -> LinesPage:
    """Lines that count on these days, latest day first, then latest id; `after` is a cursor of this order."""
    found = CostLine.objects.filter(team_id=cut.team_id, booked_on__gte=days.start, booked_on__lt=days.end)
    found = _filtered(found, cut)
    if outcomes:
        found = found.filter(outcome__in=outcomes)
    if bases:
        found = found.filter(basis__in=bases)
    if place := _read_cursor(after):
        day, number = place
        found = found.filter(Q(booked_on__lt=day) | Q(booked_on=day, id__lt=number))
    rows = list(found.order_by("-booked_on", "-id")[: size + 1])
    last = rows[size - 1] if len(rows) > size else None
    return LinesPage(_named(cut.team_id, rows[:size]), f"{last.booked_on}.{last.id}" if last else "")


def _read_cursor(text: str) -> tuple[date, int] | None:
    day, _point, number = text.partition(".")
    try:
        return date.fromisoformat(day), max(min(int(number), 2**63 - 1), -(2**63))
    except ValueError:
        return None


def _filtered(found: QuerySet[CostLine], cut: CostCut) -> QuerySet[CostLine]:
    told = dict(cut.columns())
    values = told.pop("value_id", Ids())
    if cut.further is CostDimension.TAG:
        sets = TagSet.objects.filter(team_id=cut.team_id, value_ids__overlap=list(values.wanted))
        found = found.filter(tag_set_id__in=list(sets.order_by("id").values_list("id", flat=True)))
    elif cut.further is not None:
        told[_VALUES[cut.further]] = values
    for column, ids in told.items():
        if ids.wanted:
            found = found.filter(**{f"{column}__in": ids.wanted})
        if ids.excluded:
            found = found.exclude(**{f"{column}__in": ids.excluded})
    return found


def _named(team_id: UUID, rows: Sequence[CostLine]) -> list[Line]:
    columns = ("environment_id", "release_id", "node_id", "provider_id", "model_id", "system_id")
    labels = label_values(team_id, {getattr(row, column) for row in rows for column in columns})
    workflows = Workflow.objects.filter(team_id=team_id, id__in={row.workflow_id for row in rows})
    names = {one.id: one for one in workflows}
    tags = TagSet.objects.filter(team_id=team_id, id__in={row.tag_set_id for row in rows if row.tag_set_id})
    tag_sets = {one.id: one.tags for one in tags}
    prices = prices_of(team_id, {row.price_id for row in rows if row.price_id is not None})
    rated = {row.price_id for row in rows if row.price_id is not None and row.kind != CostKind.TOKENS}
    rates = rates_by_id(team_id, rated)
    lines = []
    for row in rows:
        workflow = names.get(row.workflow_id)
        price = prices.get(row.price_id) if row.price_id is not None else None
        lines.append(
            Line(
                row,
                workflow.name if workflow else "",
                workflow.slug if workflow else "",
                {column.removesuffix("_id"): labels.get(getattr(row, column), "") for column in columns},
                tag_sets.get(row.tag_set_id, {}),
                price,
                rates.get(row.price_id) if row.price_id in rated else None,
                rate_buckets(_usage(row), price.rates) if price else None,
            )
        )
    return lines


def _usage(row: CostLine) -> Usage:
    return Usage(**{name: getattr(row, name) for name in _USAGE}, calls=row.calls)


def prices_of(team_id: UUID, ids: set[int]) -> dict[int, PriceRow]:
    """These prices of the book and of the team, by id."""
    if not ids:
        return {}
    book = BookPrice.objects.filter(id__in=ids)
    own = TeamPrice.objects.filter(team_id=team_id, id__in=ids)
    return {**{one.id: _price(one, is_own=False) for one in book}, **{one.id: _price(one, is_own=True) for one in own}}


def _price(one: BookPrice | TeamPrice, *, is_own: bool) -> PriceRow:
    rates = {Bucket(name): Decimal(str(rate)) for name, rate in _told(one.rates).items()}
    return PriceRow(one.id, str(one), one.currency, rates, one.starts_on, is_own)


def _told(rates: Any) -> Mapping[str, Any]:
    return {name: rate for name, rate in rates.items() if rate is not None}


def hour_window(row: CostLine) -> tuple[datetime, datetime]:
    """The hour in which it was used."""
    return row.hour, row.hour + timedelta(hours=1)
