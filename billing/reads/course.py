"""Costs over time: cells of one day (or month), provider, model and kind, and the sums that pages make of them."""

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


class Cell(NamedTuple):
    """The lines of one bucket with these names; `bucket` is a day, or the first day of a month."""

    bucket: date
    provider_id: int
    model_id: int
    kind: int
    figures: Figures

    @property
    def is_tokens(self) -> bool:
        """Whether it is paid by tokens."""
        return self.kind == CostKind.TOKENS


@dataclass(frozen=True)
class Course:
    """All cells from some time before a period to its end, and the runs of its buckets (None: no runs belong to it)."""

    cells: Sequence[Cell]
    is_monthly: bool
    runs: Mapping[date, Runs] | None

    def buckets(self, days: Days) -> list[date]:
        """The buckets of these days, in order, with lines or without."""
        return months_in(days) if self.is_monthly else days.each()

    def cells_of(self, days: Days) -> list[Cell]:
        """The cells of these days."""
        first = days.start.replace(day=1) if self.is_monthly else days.start
        return [cell for cell in self.cells if first <= cell.bucket < days.end]

    def within(self, days: Days) -> Figures:
        """The sums of these days."""
        return together(cell.figures for cell in self.cells_of(days))

    def by(self, days: Days, key: Callable[[Cell], int], *, is_tokens: bool = False) -> dict[int, Figures]:
        """The sums of these days by something of a cell; with `is_tokens` only of what is paid by tokens."""
        found: dict[int, list[Figures]] = defaultdict(list)
        for cell in self.cells_of(days):
            if cell.is_tokens or not is_tokens:
                found[key(cell)].append(cell.figures)
        return {name: together(parts) for name, parts in found.items()}

    def figures_by_bucket(self, days: Days) -> dict[date, Figures]:
        """The sums of each bucket that has lines."""
        found: dict[date, list[Figures]] = defaultdict(list)
        for cell in self.cells_of(days):
            found[cell.bucket].append(cell.figures)
        return {bucket: together(parts) for bucket, parts in found.items()}

    @cached_property
    def costs(self) -> dict[date, Decimal]:
        """What each bucket cost, where that is known."""
        found: dict[date, Decimal] = {}
        for cell in self.cells:
            if cell.figures.cost_usd is not None:
                found[cell.bucket] = WIDE.add(found.get(cell.bucket, Decimal(0)), cell.figures.cost_usd)
        return found

    def label_ids(self) -> set[int]:
        """The labels of all names in the cells."""
        return {cell.provider_id for cell in self.cells} | {cell.model_id for cell in self.cells}
