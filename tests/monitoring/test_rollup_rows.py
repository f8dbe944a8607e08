"""Histograms as the database sends them: the elements of its arrays, each behind its length."""

from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.histogram import ZERO_BIN, merge
from monitoring.reads.rollup_rows import read_histogram

BINS = st.integers(ZERO_BIN, 32767)
COUNTS = st.integers(0, 2**55)


@given(st.lists(st.tuples(BINS, COUNTS), max_size=30))
def test_bins_of_several_rows_are_added_up(pairs: list[tuple[int, int]]) -> None:
    bins = b"".join(pack(">ih", 2, index) for index, _ in pairs)
    times = b"".join(pack(">iq", 8, count) for _, count in pairs)
    assert read_histogram(bins, times) == merge([([index for index, _ in pairs], [count for _, count in pairs])])


def test_without_rows_there_is_no_histogram() -> None:
    assert read_histogram(None, None) == {}
