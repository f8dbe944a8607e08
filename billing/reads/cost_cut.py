"""Which lines are asked for, and on which days: what every read of costs takes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from billing.analysis.periods import DAY, Days, add_months
from billing.models import CostDimension, CostGrain


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids to find (all when empty) and ids to leave out."""

    wanted: tuple[Any, ...] = ()
    excluded: tuple[Any, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.wanted or self.excluded)


_ALL = Ids()


@dataclass(frozen=True, slots=True)
class CostCut:
    """Which lines of a team. `further` is the one more dimension whose `values` are asked for (None: none)."""

    team_id: UUID
    environments: Ids = _ALL
    workflows: Ids = _ALL
    providers: Ids = _ALL
    models: Ids = _ALL
    kinds: Ids = _ALL
    entries: Ids = _ALL
    further: CostDimension | None = None
    values: Ids = _ALL

    def columns(self) -> dict[str, Ids]:
        """What each column is filtered by; columns without a filter are left out."""
        told = {
            "environment_id": self.environments,
            "workflow_id": self.workflows,
            "provider_id": self.providers,
            "model_id": self.models,
            "kind": self.kinds,
            "entry": self.entries,
            "value_id": self.values if self.further is not None else _ALL,
        }
        return {name: ids for name, ids in told.items() if ids}


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one grain whose buckets are in [start, end); `side` says which of two windows they belong to."""

    grain: CostGrain
    days: Days
    side: int = 0

    @property
    def is_from_first(self) -> bool:
        """Whether these are days from the first of a month to one in it."""
        start, end = self.days.start, self.days.end
        return self.grain is CostGrain.DAY and start.day == 1 and start < end <= add_months(start, 1)


def cover(days: Days, side: int = 0) -> list[Part]:
    """The fewest rows that are exactly these days: whole months, and days at the edges."""
    first = days.start if days.start.day == 1 else add_months(days.start, 1)
    last = days.end.replace(day=1)
    if first >= last:
        return [Part(CostGrain.DAY, days, side)] if days.count > 0 else []
    edges = (
        (CostGrain.DAY, Days(days.start, first)),
        (CostGrain.MONTH, Days(first, last)),
        (CostGrain.DAY, Days(last, days.end)),
    )
    return [Part(grain, part, side) for grain, part in edges if part.count > 0]


def daily(start: date, end: date) -> list[Part]:
    """Each day of [start, end)."""
    return [Part(CostGrain.DAY, Days(start, end))]


def single(days: Iterable[date]) -> list[Part]:
    """These days."""
    return [Part(CostGrain.DAY, Days(day, day + DAY)) for day in days]
