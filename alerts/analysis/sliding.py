"""Values of a metric over windows that slide over buckets, all at once: for rehearsals. Pure (numpy).

Definitions are those of `monitoring.reads.figures`; here they run over arrays. A bucket in which nobody told a figure
holds NaN: a window has it when one of its buckets does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitoring.analysis.arrays import Booleans, Integers, Reals, np
from monitoring.analysis.histogram import middle

Floats = Reals
Ints = Integers
# What `over_windows` needs of each metric, by the names of `monitoring.models.Rollup`'s columns; `bins` are durations.
NEEDS: dict[str, tuple[str, ...]] = {
    "error_rate": ("runs", "rated", "failing"),
    "failures": ("runs", "failures"),
    "runs": ("runs",),
    "duration_p50": ("bins",),
    "duration_p95": ("bins",),
    "duration_p99": ("bins",),
    "duration_avg": ("duration_count", "duration_sum_ms"),
    "retry_rate": ("runs", "retries"),
    "unmet_rate": ("checked", "unmet"),
    "tokens": ("runs", "tokens"),
    "tokens_per_run": ("runs", "tokens"),
    "cost_usd": ("runs", "cost_usd"),
    "cost_per_run_usd": ("runs", "cost_usd"),
    "api_calls": ("runs", "api_calls"),
    "peak_memory_bytes": ("runs", "peak_memory_bytes"),
    "storage_bytes": ("runs", "storage_bytes"),
    "memory_share": ("runs", "memory_share"),
    "storage_share": ("runs", "storage_share"),
}
# Of these the greatest counts, not the sum.
GREATEST = frozenset({"peak_memory_bytes", "memory_share", "storage_share"})
_SHARES = {"duration_p50": 0.5, "duration_p95": 0.95, "duration_p99": 0.99}
# Metrics that are one figure over another: both summed over the window.
_RATIOS = {
    "error_rate": ("failing", "rated"),
    "duration_avg": ("duration_sum_ms", "duration_count"),
    "retry_rate": ("retries", "runs"),
    "unmet_rate": ("unmet", "checked"),
    "tokens_per_run": ("tokens", "runs"),
    "cost_per_run_usd": ("cost_usd", "runs"),
}
_CHUNK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Buckets:
    """Figures by bucket of one subject: arrays of equal length, a column each, with NaN where nobody told.

    `bins` are (bucket, bin, times) of durations, three arrays; the bins are those of `monitoring.analysis.histogram`.
    """

    count: int
    columns: Mapping[str, Floats] = field(default_factory=dict)
    bins: tuple[Ints, Ints, Ints] | None = None


@dataclass(frozen=True, slots=True)
class Windows:
    """Values of the windows that end after bucket `length`, `length + 1` ...: NaN where nothing can be said."""

    values: Floats
    samples: Ints


def over_windows(metric: str, buckets: Buckets, length: int, every: int = 1, skip: int = 0) -> Windows:
    """The metric over windows of `length` buckets: of all that end at a bucket, the one after `skip` and then each of
    `every`."""
    if metric in _SHARES:
        return _percentiles(buckets, length, _SHARES[metric], slice(skip, None, every))
    found = _sliding(metric, buckets, length)
    return Windows(found.values[skip::every], found.samples[skip::every])


def _sliding(metric: str, buckets: Buckets, length: int) -> Windows:
    columns = buckets.columns
    if metric in _RATIOS:
        above, below = (columns[name] for name in _RATIOS[metric])
        parts = sums_of(below, length)
        told = _told(above, length) & (parts > 0)
        values = np.divide(sums_of(above, length), parts, out=np.full(len(parts), np.nan), where=told)
        return Windows(values, _whole(parts))
    samples = _whole(sums_of(columns["runs"], length))
    if metric in GREATEST:
        return Windows(_greatest(columns[metric], length), samples)
    column = columns[NEEDS[metric][-1]]
    # No runs use nothing; what runs used that nobody told is unknown.
    is_known = _told(column, length) | (samples == 0)
    return Windows(np.where(is_known, sums_of(column, length), np.nan), samples)


def _whole(numbers: Floats) -> Ints:
    found: Ints = np.rint(numbers).astype(np.int64)
    return found


def sums_of(column: Floats, length: int) -> Floats:
    """The sum of each window of `length` buckets; what was not told counts as nothing."""
    added = np.concatenate(([0.0], np.cumsum(np.nan_to_num(column))))
    # What is left of cancelled sums is no figure.
    return np.round(added[length:] - added[:-length], 9)


def _told(column: Floats, length: int) -> Booleans:
    return sums_of((~np.isnan(column)).astype(np.float64), length) > 0


def _greatest(column: Floats, length: int) -> Floats:
    """The greatest of each window, by doubling: windows of 1, 2, 4 ... buckets, then two that overlap."""
    filled, reach = np.where(np.isnan(column), -np.inf, column), 1
    while reach * 2 <= length:
        filled = np.maximum(filled[:-reach], filled[reach:])
        reach *= 2
    shift = length - reach
    found = np.maximum(filled[: len(filled) - shift], filled[shift:]) if shift else filled
    return np.where(np.isinf(found), np.nan, found)


def _percentiles(buckets: Buckets, length: int, share: float, chosen: slice) -> Windows:
    """Percentiles of each window, as `monitoring.analysis.histogram.percentile` has them.

    Windows are worked out in chunks, so that not all histograms stand in memory at once.
    """
    count = max(buckets.count - length + 1, 0)
    values, samples = np.full(count, np.nan), np.zeros(count, dtype=np.int64)
    ends = np.arange(count)[chosen]
    if buckets.bins is None or not len(buckets.bins[0]):
        return Windows(values[chosen], samples[chosen])
    at, bins, times = buckets.bins
    known, places = np.unique(bins, return_inverse=True)
    middles = np.array([middle(int(one)) for one in known])
    rows = max(_CHUNK_CELLS // len(known) - length, length)
    for start in range(0, count, rows):
        end = min(start + rows, count)
        inside = (at >= start) & (at < end + length - 1)
        shape = (end - start + length, len(known))
        flat = (at[inside] - start + 1) * len(known) + places[inside]
        counted = np.bincount(flat, weights=times[inside], minlength=shape[0] * shape[1])
        cells = np.cumsum(np.asarray(counted, dtype=np.float64).reshape(shape), axis=0)
        wanted = ends[(ends >= start) & (ends < end)] - start
        sliding = cells[wanted + length] - cells[wanted]
        values[wanted + start], samples[wanted + start] = _ranked(sliding, middles, share)
    return Windows(values[chosen], samples[chosen])


def _ranked(cells: Floats, middles: Floats, share: float) -> tuple[Floats, Ints]:
    cumulated = np.cumsum(cells, axis=1)
    total = cumulated[:, -1]
    rank = share * (total - 1)
    low, high = np.floor(rank), np.ceil(rank)
    below, above = ((cumulated <= place[:, None]).sum(axis=1) for place in (low, high))
    last, part = len(middles) - 1, rank - low
    values = middles[np.minimum(below, last)] * (1 - part) + middles[np.minimum(above, last)] * part
    return np.where(total > 0, values, np.nan), _whole(total)
