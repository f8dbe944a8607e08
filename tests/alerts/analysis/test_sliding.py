"""Windows that slide over buckets say what each window by itself says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.analysis.sliding import GREATEST, NEEDS, Buckets, over_windows
from monitoring.analysis.histogram import bin_of, percentile

COUNT = 40
numbers = st.lists(st.integers(0, 50), min_size=COUNT, max_size=COUNT)


def one_by_one(metric: str, columns: dict[str, list[float]], start: int, end: int) -> tuple[float | None, int]:
    """A window by itself."""
    told = {name: [value for value in column[start:end] if not np.isnan(value)] for name, column in columns.items()}
    sums = {name: sum(values) for name, values in told.items()}
    samples = sums[
        {"error_rate": "rated", "duration_avg": "duration_count", "unmet_rate": "checked"}.get(metric, "runs")
    ]
    if metric in GREATEST:
        return max(told[metric], default=None), int(samples)
    above = NEEDS[metric][-1]
    if metric in ("error_rate", "unmet_rate", "duration_avg", "retry_rate", "tokens_per_run", "cost_per_run_usd"):
        return (sums[above] / samples if samples and told[above] else None), int(samples)
    return (sums[above] if told[above] or not samples else None), int(samples)


@pytest.mark.parametrize("metric", sorted(metric for metric, needs in NEEDS.items() if needs != ("bins",)))
@settings(max_examples=15)
@given(st.data())
def test_sums_and_shares(metric, data) -> None:
    columns = {name: [float(value) for value in data.draw(numbers)] for name in NEEDS[metric]}
    # Usage is not always told, and never without a run.
    usage = NEEDS[metric][-1]
    if usage in ("tokens", "cost_usd", "api_calls", "storage_bytes", *GREATEST):
        silent = data.draw(st.sets(st.integers(0, COUNT - 1)))
        for at in range(COUNT):
            if at in silent or not columns["runs"][at]:
                columns[usage][at] = float("nan")
    if metric == "duration_avg":
        columns = {"duration_count": columns["duration_count"], "duration_sum_ms": columns["duration_sum_ms"]}
    length, every, skip = data.draw(st.tuples(st.integers(1, COUNT), st.integers(1, 7), st.integers(0, 5)))
    found = over_windows(metric, Buckets(COUNT, {k: np.array(v) for k, v in columns.items()}), length, every, skip)
    starts = range(COUNT - length + 1)[skip::every]
    assert len(found.values) == len(starts)
    for place, start in enumerate(starts):
        value, samples = one_by_one(metric, columns, start, start + length)
        assert found.samples[place] == samples
        assert (None if np.isnan(found.values[place]) else found.values[place]) == pytest.approx(value)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, COUNT - 1), st.floats(0, 1e6)), max_size=80),
    st.integers(1, COUNT),
    st.integers(1, 5),
    st.sampled_from(["duration_p50", "duration_p95", "duration_p99"]),
)
def test_percentiles(runs, length, every, metric) -> None:
    at, bins = ([place for place, _ in runs], [bin_of(ms) for _, ms in runs])
    ones = np.ones(len(runs), dtype=np.int64)
    buckets = Buckets(COUNT, bins=(np.array(at, np.int64), np.array(bins, np.int64), ones))
    found = over_windows(metric, buckets, length, every)
    share = {"duration_p50": 0.5, "duration_p95": 0.95, "duration_p99": 0.99}[metric]
    for place, start in enumerate(range(COUNT - length + 1)[::every]):
        histogram: dict[int, int] = {}
        for where, number in zip(at, bins, strict=True):
            if start <= where < start + length:
                histogram[number] = histogram.get(number, 0) + 1
        assert found.samples[place] == sum(histogram.values())
        value = percentile(histogram, share)
        assert (None if np.isnan(found.values[place]) else found.values[place]) == pytest.approx(value)
