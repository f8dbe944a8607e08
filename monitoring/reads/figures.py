"""The figures of a set of executions (or step visits), as dataclasses: each number has its one definition here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from operator import add
from typing import TypeVar

from monitoring.analysis.histogram import Histogram, count_within, merge, percentile
from monitoring.analysis.intervals import Interval, wilson

N = TypeVar("N", int, Decimal)
M = TypeVar("M", int, float)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token counts in disjoint buckets (`reasoning` is a part of `output`); None where nobody told any."""

    input: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    output: int | None = None
    reasoning: int | None = None

    @property
    def total(self) -> int | None:
        """All tokens that were told; None when none were."""
        told = [n for n in (self.input, self.cache_read, self.cache_write, self.output) if n is not None]
        return sum(told) if told else None


@dataclass(frozen=True, slots=True)
class Durations:
    """Milliseconds; None without a run whose duration is known. Percentiles are within 2 % of the true ones."""

    avg: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """The figures of a set of executions; for a step dimension, of step visits.

    Counts are by status. Usage is None where nobody told any: an unknown is never 0. `unpriced_tokens` are
    tokens whose cost nobody told. `peak_memory_bytes` is the greatest of the runs, `storage_bytes` the sum.
    `memory_share` and `storage_share` are the greatest share of its limit that a run used; None: no limit was told.
    `histogram` holds the durations, bins as in `monitoring.analysis.histogram`. `unrated` are finished runs of
    workflows of which only failures are reported: they are counted, but no success rate knows them. `checked` are
    succeeded runs of which the success criteria of their workflow could be told, `unmet` those that did not meet them.
    """

    runs: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    cancelled: int = 0
    skipped: int = 0
    waiting: int = 0
    running: int = 0
    queued: int = 0
    unknown: int = 0
    retries: int = 0
    duration_ms: Durations = field(default_factory=Durations)
    tokens: Tokens = field(default_factory=Tokens)
    cost_usd: Decimal | None = None
    unpriced_tokens: int | None = None
    api_calls: int | None = None
    peak_memory_bytes: int | None = None
    storage_bytes: int | None = None
    memory_share: float | None = None
    storage_share: float | None = None
    histogram: Histogram = field(default_factory=dict, repr=False)
    unrated: int = 0
    unrated_succeeded: int = 0
    checked: int = 0
    unmet: int = 0

    @property
    def rated(self) -> int:
        """Runs that count in the success rate: succeeded, failed and timed out, where all of them are reported."""
        return self.succeeded + self.failed + self.timed_out - self.unrated

    @property
    def is_failures_only(self) -> bool:
        """Whether there is no success rate because only failures are reported."""
        return bool(self.unrated) and not self.rated

    @property
    def failures(self) -> int:
        """Failed and timed-out runs."""
        return self.failed + self.timed_out

    @property
    def success(self) -> Interval | None:
        """The success rate with its 95 % interval; None without a rated run."""
        return wilson(self.succeeded - self.unrated_succeeded, self.rated)

    @property
    def failure(self) -> Interval | None:
        """The failure rate with its 95 % interval: what the success rate leaves; None without a rated run."""
        success = self.success
        return Interval(1 - success.rate, 1 - success.high, 1 - success.low) if success else None

    @property
    def success_rate(self) -> float | None:
        """succeeded / (succeeded + failed + timed_out); None without a rated run."""
        return (self.succeeded - self.unrated_succeeded) / self.rated if self.rated else None

    @property
    def met(self) -> Interval | None:
        """The share of rated runs that succeeded and were not found unmet, with its 95 % interval.

        (succeeded - unmet) / (succeeded + failed + timed_out); None where no run was checked against success criteria.
        Succeeded runs that could not be checked count as met: where there are some, it is an upper bound.
        """
        if not self.checked:
            return None
        return wilson(self.succeeded - self.unrated_succeeded - self.unmet, self.rated)

    @property
    def unchecked(self) -> int:
        """Succeeded runs that were not checked: without criteria, or what they say cannot be told."""
        return self.succeeded - self.checked

    @property
    def timed_runs(self) -> int:
        """Runs whose duration is known."""
        return sum(self.histogram.values())

    @property
    def cost_per_success_usd(self) -> Decimal | None:
        """Cost over succeeded runs; None when either is missing."""
        return self.cost_usd / self.succeeded if self.cost_usd is not None and self.succeeded else None

    def percentile_ms(self, share: float) -> float | None:
        """The duration (ms) below which this share of the runs lie, within 2 %."""
        return percentile(self.histogram, share)

    def within_ms(self, limit_ms: float) -> int:
        """How many of the `timed_runs` took at most `limit_ms`, within the 2 % of the histogram."""
        return count_within(self.histogram, limit_ms)


_COUNTS = (
    "runs", "succeeded", "failed", "timed_out", "cancelled", "skipped",
    "waiting", "running", "queued", "unknown", "retries", "unrated", "unrated_succeeded",
    "checked", "unmet",
)  # fmt: skip


def together(parts: Sequence[Totals]) -> Totals:
    """The figures of disjoint sets as one: counts and use add up, memory is the greatest, percentiles of all runs."""
    histogram = merge((list(part.histogram), list(part.histogram.values())) for part in parts)
    timed = sum(histogram.values())
    spent = sum(part.duration_ms.avg * part.timed_runs for part in parts if part.duration_ms.avg is not None)
    return Totals(
        **{name: sum(getattr(part, name) for part in parts) for name in _COUNTS},
        duration_ms=Durations(
            spent / timed if timed else None, *(percentile(histogram, share) for share in (0.5, 0.95, 0.99))
        ),
        tokens=Tokens(*(_told_sum(getattr(part.tokens, bucket) for part in parts) for bucket in Tokens.__slots__)),
        cost_usd=_told_sum(part.cost_usd for part in parts),
        unpriced_tokens=_told_sum(part.unpriced_tokens for part in parts),
        api_calls=_told_sum(part.api_calls for part in parts),
        peak_memory_bytes=_told_max(part.peak_memory_bytes for part in parts),
        storage_bytes=_told_sum(part.storage_bytes for part in parts),
        memory_share=_told_max(part.memory_share for part in parts),
        storage_share=_told_max(part.storage_share for part in parts),
        histogram=histogram,
    )


def _told_sum(values: Iterable[N | None]) -> N | None:
    told = [value for value in values if value is not None]
    return reduce(add, told) if told else None


def _told_max(values: Iterable[M | None]) -> M | None:
    return max((value for value in values if value is not None), default=None)
