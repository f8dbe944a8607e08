"""When runs happened that do not tell it: a look over the file first, then an even spread. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from ingestion.history.files import Piece
from ingestion.records import ExecutionReport
from monitoring.windows import EARLIEST

DEFAULT_SPREAD = timedelta(days=7)
# Values of `monitoring.models.execution.Clock`.
SHIFTED, PLACED = 1, 2


class _Times(Struct):
    """Every field in which a form of history tells the start or the end of a run."""

    started_at: Any = None
    finished_at: Any = None
    run_started_at: Any = None
    created_at: Any = None
    updated_at: Any = None
    startedAt: Any = None  # noqa: N815 - the sender's own name
    stoppedAt: Any = None  # noqa: N815 - the sender's own name
    start_date: Any = None
    end_date: Any = None


class Survey(Struct):
    """What a first look tells: the number of items, of those without a clock, and the span of the others."""

    items: int = 0
    clockless: int = 0
    first: datetime | None = None
    last: datetime | None = None


_decoder = msgspec.json.Decoder(_Times)


def _moments(body: bytes) -> list[datetime]:
    try:
        told = msgspec.structs.astuple(_decoder.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    found = []
    for value in told:
        try:
            moment = msgspec.convert(value, datetime)
        except msgspec.ValidationError:
            continue
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        if moment >= EARLIEST:
            found.append(moment)
    return found


def survey(pieces: Iterable[Piece]) -> Survey:
    """Looks over the items of a file."""
    seen = Survey()
    for piece in pieces:
        seen.items += 1
        moments = _moments(piece.body)
        if not moments:
            seen.clockless += 1
            continue
        seen.first = min(moments) if seen.first is None else min(seen.first, *moments)
        seen.last = max(moments) if seen.last is None else max(seen.last, *moments)
    return seen


class Spread(Struct, frozen=True):
    """An even spread of `count` runs over [start, end)."""

    start: datetime
    end: datetime
    count: int

    def at(self, place: int) -> datetime:
        """The instant of the run with this place, from 0: the middle of its share, to the second."""
        share = (self.end - self.start) / max(self.count, 1)
        return (self.start + share * (min(place, max(self.count, 1) - 1) + 0.5)).replace(microsecond=0)


def spread_of(seen: Survey, reference_at: datetime, over: timedelta = DEFAULT_SPREAD) -> Spread:
    """Over the span of the file's other runs, else over the time before `reference_at`, which is seven days."""
    if seen.first is not None and seen.last is not None and seen.first < seen.last:
        return Spread(seen.first, seen.last, seen.clockless)
    return Spread(reference_at - over, reference_at, seen.clockless)


def has_clock(report: ExecutionReport) -> bool:
    """Whether a run tells when it started or ended."""
    return report.started_at is not None or report.finished_at is not None


def shift(report: ExecutionReport, by: timedelta) -> None:
    """Moves a run in time, in place; where it was is kept among its attributes."""
    told = {"original_started_at": report.started_at, "original_finished_at": report.finished_at}
    kept = {name: value.isoformat() for name, value in told.items() if value is not None}
    report.attributes = {**(report.attributes or {}), **kept}
    report.started_at = report.started_at and report.started_at + by
    report.finished_at = report.finished_at and report.finished_at + by
    report.clock = SHIFTED
    for step in report.steps or ():
        step.started_at = step.started_at and step.started_at + by
        step.ended_at = step.ended_at and step.ended_at + by
    for line in report.logs or ():
        line.at = line.at and line.at + by
