"""What the ways in took and refused since this process started, for the installation's own metrics."""

import threading
from collections import Counter

from ingestion.acceptance import Outcome
from ingestion.kinds import SourceKind

_lock = threading.Lock()
_items: Counter[tuple[str, str]] = Counter()
_refusals: Counter[tuple[str, str]] = Counter()


def count_items(kind: SourceKind, outcome: Outcome) -> None:
    """Counts the items of an accepted request."""
    with _lock:
        _items[kind.value, "stored"] += outcome.stored
        _items[kind.value, "duplicate"] += outcome.duplicate
        _items[kind.value, "rejected"] += len(outcome.rejected)


def count_refusal(kind: SourceKind, status: int) -> None:
    """Counts a request that was refused whole."""
    with _lock:
        _refusals[kind.value, str(status)] += 1


def items() -> dict[tuple[str, str], int]:
    """Items by kind of source and outcome."""
    with _lock:
        return dict(_items)


def refusals() -> dict[tuple[str, str], int]:
    """Requests refused whole, by kind of source and status."""
    with _lock:
        return dict(_refusals)
