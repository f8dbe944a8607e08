"""Costs of a period: by name in it and in what it is compared with, and over time; the sums that pages make of them.

PostgreSQL adds up what a page shows: names are not told apart by day, nor models over time.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from billing.analysis.periods import Days, months_in
from billing.analysis.sums import WIDE
from billing.models import CostKind
from billing.reads.cost import Figures, together
from billing.reads.runs import Runs


class Named(NamedTuple):
    """The lines of a window with these names."""

    provider_id: int
    model_id: int
    kind: int
    figures: Figures

    @property
    def is_tokens(self) -> bool:
        """Whether it is paid by tokens."""
        return self.kind == CostKind.TOKENS


class Spent(NamedTuple):
    """The money of one bucket with these names; `bucket` is a day, or the first day of a month."""

    bucket: date
    provider_id: int
    kind: int
    figures: Figures

    @property
    def is_tokens(self) -> bool:
        """Whether it is paid by tokens."""
        return self.kind == CostKind.TOKENS


@dataclass(frozen=True)
class Course:
    """`before` and `now` are the compared window and the period by name, `spent` the period over time.

    `earlier` is what days before the period cost (None: not known), from some time on; of a course by month none is
    told. `runs` are those of the period's buckets (None: no runs belong to it).
    """

    before: Sequence[Named]
    now: Sequence[Named]
    spent: Sequence[Spent]
    earlier: Mapping[date, Decimal | None]
    is_monthly: bool
    runs: Mapping[date, Runs] | None

    def buckets(self, days: Days) -> list[date]:
        """The buckets of these days, in order, with lines or without."""
        return months_in(days) if self.is_monthly else days.each()

    @cached_property
    def money_by_bucket(self) -> dict[date, Figures]:
        """The money of each bucket of the period that has lines."""
        found: dict[date, list[Figures]] = defaultdict(list)
        for one in self.spent:
            found[one.bucket].append(one.figures)
        return {bucket: together(parts) for bucket, parts in found.items()}

    @cached_property
    def costs(self) -> dict[date, Decimal]:
        """What each bucket cost, where that is known, days before the period included."""
        found = {day: usd for day, usd in self.earlier.items() if usd is not None}
        for one in self.spent:
            if one.figures.cost_usd is not None:
                found[one.bucket] = WIDE.add(found.get(one.bucket, Decimal(0)), one.figures.cost_usd)
        return found

    def label_ids(self) -> set[int]:
        """The labels of all names."""
        return {number for one in (*self.before, *self.now) for number in (one.provider_id, one.model_id)}


def sums_by(cells: Sequence[Named], key: Callable[[Named], int], *, is_tokens: bool = False) -> dict[int, Figures]:
    """The sums by something of a name; with `is_tokens` only of what is paid by tokens."""
    found: dict[int, list[Figures]] = defaultdict(list)
    for cell in cells:
        if cell.is_tokens or not is_tokens:
            found[key(cell)].append(cell.figures)
    return {name: parts[0] if len(parts) == 1 else together(parts) for name, parts in found.items()}
