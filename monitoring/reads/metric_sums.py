"""Sums since the first day of the month, by workflow, by model, and by workflow and provider.

What lies before the last full hour is kept for a minute in this process, without the histograms it was made of.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import add
from typing import TypeVar
from uuid import UUID

from accounts.statements import Row
from monitoring.analysis.histogram import bin_of, counts_within
from monitoring.models import Dimension
from monitoring.reads.figures import Tokens
from monitoring.reads.rollup_rows import TOKENS, Pending, Slice, month_of, segments, sum_rows
from monitoring.reads.sent_histograms import read_histogram
from monitoring.windows import HOUR, Window, floor_to

# Upper bounds in seconds: from quick calls to jobs of a day.
BOUNDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
BOUND_BINS = tuple(bin_of(bound * 1000) for bound in BOUNDS)
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
            tuple(map(add, self.counts, other.counts)),
            tuple(map(add, self.within, other.within)),
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

    def rows(dimension: Dimension, keys: Sequence[str], sums: Sequence[str], *, is_timed: bool = False) -> list[Row]:
        return sum_rows(team_id, Slice(None, environment, dimension), parts, keys, sums, is_timed=is_timed)

    whole = (*COUNTS, *TOKENS, "cost_usd", "duration_count", "duration_sum_ms")
    return MonthSums(
        {row[0]: _of_workflow(row[1:]) for row in rows(Dimension.NONE, ["workflow_id"], whole, is_timed=True)},
        {value: Sums(tokens=_told(counts)) for value, *counts in rows(Dimension.MODEL, ["value_id"], TOKENS)},
        {
            (workflow_id, value): Sums(cost_usd=usd)
            for workflow_id, value, usd in rows(Dimension.PROVIDER, ["workflow_id", "value_id"], ["cost_usd"])
        },
    )


def _told(counts: Sequence[int | None]) -> dict[str, int]:
    """Tokens by type, of the columns `TOKENS`."""
    return {name: count for name, count in zip(Tokens.__slots__, counts, strict=True) if count is not None}


def _of_workflow(row: Row) -> Sums:
    """From the columns of `_read` and the histogram. The mean is that of all timed runs, as pages tell it."""
    *counts, usd, duration_count, duration_ms, bins, times = row
    histogram = read_histogram(bins, times)
    timed = sum(histogram.values())
    return Sums(
        tuple(counts[: len(COUNTS)]),
        counts_within(histogram, BOUND_BINS) if timed else NOTHING.within,
        timed,
        (duration_ms / duration_count if duration_count else 0.0) * timed / 1000,
        _told(counts[len(COUNTS) :]),
        usd,
    )
