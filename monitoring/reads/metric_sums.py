"""Sums since the first day of the month, by workflow, by model, and by workflow and provider.

What lies before the last full hour is kept for a minute in this process, without the histograms it was made of.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from monitoring.models import Dimension
from monitoring.reads.figures import Tokens, Totals
from monitoring.reads.rollup_rows import Pending, Slice, figures, month_of, segments
from monitoring.windows import HOUR, Window, floor_to

# Upper bounds in seconds: from quick calls to jobs of a day.
BOUNDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
COUNTS = ("succeeded", "failed", "timed_out", "cancelled", "skipped", "unknown", "retries", "checked", "unmet")
KEPT_SECONDS = 60.0
MAX_KEPT = 50

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Sums:
    """Figures that add up. `within` has the runs that took at most each of `BOUNDS`; tokens are by type, as told."""

    counts: tuple[int, ...] = (0,) * len(COUNTS)
    within: tuple[int, ...] = (0,) * len(BOUNDS)
    timed_runs: int = 0
    seconds: float = 0.0
    tokens: dict[str, int] = field(default_factory=dict)
    cost_usd: Decimal | None = None

    def __add__(self, other: "Sums") -> "Sums":
        """Both together; what neither told stays untold."""
        tokens = dict(self.tokens)
        for name, count in other.tokens.items():
            tokens[name] = tokens.get(name, 0) + count
        costs = [one.cost_usd for one in (self, other) if one.cost_usd is not None]
        return Sums(
            tuple(map(sum, zip(self.counts, other.counts, strict=True))),
            tuple(map(sum, zip(self.within, other.within, strict=True))),
            self.timed_runs + other.timed_runs,
            self.seconds + other.seconds,
            tokens,
            sum(costs, Decimal(0)) if costs else None,
        )

    def count(self, name: str) -> int:
        """One of `COUNTS`."""
        return self.counts[COUNTS.index(name)]


NOTHING = Sums()


@dataclass(frozen=True, slots=True)
class MonthSums:
    """Sums by workflow, by the label of a model, and by workflow and the label of a provider."""

    workflows: dict[UUID, Sums]
    models: dict[int, Sums]
    providers: dict[tuple[UUID, int], Sums]


_kept: dict[tuple[UUID, str | None, datetime], tuple[float, MonthSums]] = {}


def forget_sums() -> None:
    """Empties what this process keeps: for tests."""
    _kept.clear()


def month_sums(team_id: UUID, now: datetime, environment: str | None, marked: Pending) -> MonthSums:
    """The sums from the first day of the month to the end of the hour that is under way."""
    since, hour = month_of(now), floor_to(now, HOUR)
    boundary = max(since, hour - HOUR)
    recent = _read(team_id, environment, Window(boundary, hour + HOUR), marked)
    if boundary == since:
        return recent
    key = team_id, environment, boundary
    kept = _kept.get(key)
    if kept is None or kept[0] < time.monotonic():
        if len(_kept) >= MAX_KEPT:
            _kept.clear()
        earlier = _read(team_id, environment, Window(since, boundary), marked)
        kept = _kept[key] = time.monotonic() + KEPT_SECONDS, earlier
    earlier = kept[1]
    return MonthSums(
        _together(earlier.workflows, recent.workflows),
        _together(earlier.models, recent.models),
        _together(earlier.providers, recent.providers),
    )


def _together(one: dict[K, Sums], other: dict[K, Sums]) -> dict[K, Sums]:
    found = dict(one)
    for key, sums in other.items():
        found[key] = found[key] + sums if key in found else sums
    return found


def _read(team_id: UUID, environment: str | None, window: Window, marked: Pending) -> MonthSums:
    parts = segments(window, marked)

    def rows(dimension: Dimension, key: str, *, is_timed: bool = False) -> dict[Any, Sums]:
        found = figures(team_id, Slice(None, environment, dimension), parts, key, is_timed=is_timed)
        return {value: _sums_of(total) for value, total in found.items()}

    by_both = rows(Dimension.PROVIDER, "workflow_id::text || ' ' || value_id")
    return MonthSums(
        rows(Dimension.NONE, "workflow_id", is_timed=True),
        rows(Dimension.MODEL, "value_id"),
        {(UUID(key[:36]), int(key[37:])): one for key, one in by_both.items()},
    )


def _sums_of(total: Totals) -> Sums:
    timed = total.timed_runs
    return Sums(
        tuple(getattr(total, name) for name in COUNTS),
        tuple(total.within_ms(bound * 1000) for bound in BOUNDS) if timed else NOTHING.within,
        timed,
        (total.duration_ms.avg or 0.0) * timed / 1000,
        {name: told for name in Tokens.__slots__ if (told := getattr(total.tokens, name)) is not None},
        total.cost_usd,
    )
