"""Histograms as PostgreSQL sends them (`array_send` of bins and of counts, one after the other), added up here."""

from array import array
from sys import byteorder

from monitoring.analysis.arrays import np
from monitoring.analysis.histogram import Histogram

# From so many bins on, adding them up with numpy is faster, with 1,500 of them five times.
MANY_BINS = 300
# The length of an element, then the number.
_BIN_BYTES = 6


def read_histogram(bins: bytes | None, times: bytes | None) -> Histogram:
    """The sum of histograms whose arrays were sent one after the other."""
    if bins and times and len(bins) >= _BIN_BYTES * MANY_BINS and (found := _read_many(bins, times)) is not None:
        return found
    # Three words an element: the length, and a number of one word (bins, 2 bytes each) or of two (counts, 4 bytes).
    indexes, words = array("h", bins or b""), array("I", times or b"")
    if byteorder == "little":
        indexes.byteswap()
        words.byteswap()
    high, counts = words[1::3], words[2::3]
    if any(high):
        counts = array("Q", (upper << 32 | lower for upper, lower in zip(high, counts, strict=True)))
    total: Histogram = {}
    get = total.get
    for index, count in zip(indexes[2::3], counts, strict=True):
        total[index] = get(index, 0) + count
    return total


def _read_many(bins: bytes, times: bytes) -> Histogram | None:
    """The same for many bins; None where the sums may be too large for it (2^53)."""
    indexes = np.frombuffer(bins, dtype=[("length", ">i4"), ("value", ">i2")])["value"].astype(np.int64)
    counts = np.frombuffer(times, dtype=[("length", ">i4"), ("value", ">i8")])["value"]
    if int(counts.max()) > 2**53 // len(counts):
        return None
    first = int(indexes.min())
    places = np.flatnonzero(np.bincount(indexes - first))
    sums = np.bincount(indexes - first, weights=counts)[places].astype(np.int64)
    return dict(zip((places + first).tolist(), sums.tolist(), strict=True))
