"""What only ingestion knows and the close of a month asks: a typed port, wired by `config`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SourceSilence:
    """A source that reports, or should: when it did last, and the silence that is usual of it (None: not known)."""

    name: str
    last_report_at: datetime
    usual_silence: timedelta | None


SourceSilences = Callable[[UUID, datetime], Sequence[SourceSilence]]
_source_silences: list[SourceSilences] = []


def provide_source_silences(read: SourceSilences) -> None:
    """Says who knows the sources of a team; the last one said is asked."""
    _source_silences[:] = [read]


def source_silences(team_id: UUID, now: datetime) -> Sequence[SourceSilence] | None:
    """The sources of the team as they are at `now`; None where nobody knows them."""
    return _source_silences[0](team_id, now) if _source_silences else None
