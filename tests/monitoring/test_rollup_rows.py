"""Histograms as the database sends them: the elements of its arrays, each behind its length."""

from struct import pack

from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.analysis.histogram import ZERO_BIN, merge
from monitoring.reads.sent_histograms import MANY_BINS, read_histogram

BINS = st.integers(ZERO_BIN, 32767)
COUNTS = st.integers(0, 2**55)


@settings(deadline=None)
@given(st.lists(st.tuples(BINS, COUNTS | st.integers(0, 1000)), max_size=30), st.sampled_from([1, MANY_BINS]))
def test_bins_of_several_rows_are_added_up(pairs: list[tuple[int, int]], times_over: int) -> None:
    pairs = pairs * times_over
    bins = b"".join(pack(">ih", 2, index) for index, _ in pairs)
    times = b"".join(pack(">iq", 8, count) for _, count in pairs)
    assert read_histogram(bins, times) == merge([([index for index, _ in pairs], [count for _, count in pairs])])


def test_without_rows_there_is_no_histogram() -> None:
    assert read_histogram(None, None) == {}
