"""Times of steps as the analysis takes them: in ms since a common instant."""

from datetime import datetime


def times_since(
    zero: datetime | None, started_at: datetime | None, ended_at: datetime | None, duration_ms: float | None
) -> tuple[float | None, float | None]:
    """Start and end of a step in ms since `zero`; one follows from the other and the duration where it was not told."""
    start, end = since(started_at, zero), since(ended_at, zero)
    if end is None and start is not None and duration_ms is not None:
        end = start + duration_ms
    if start is None and end is not None and duration_ms is not None:
        start = end - duration_ms
    return start, end


def since(moment: datetime | None, zero: datetime | None) -> float | None:
    """The milliseconds from `zero` to a moment; None where either was not told."""
    return None if moment is None or zero is None else (moment - zero).total_seconds() * 1000
