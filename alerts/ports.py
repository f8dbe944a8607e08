"""What only ingestion knows and alerts need: typed ports, wired by `config`. Without a provider nothing is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source that reports, or should: when it did last, and the silence that is usual of it (None: not known).

    Sources that are off, whose key is gone, or that never reported are left out.
    """

    id: UUID
    name: str
    last_report_at: datetime
    usual_silence: timedelta | None


SourceStates = Callable[[UUID, datetime], Sequence[SourceState]]
_source_states: list[SourceStates] = []


def provide_source_states(read: SourceStates) -> None:
    """Says who knows the sources of a team; the last one said is asked."""
    _source_states[:] = [read]


def source_states(team_id: UUID, now: datetime) -> Sequence[SourceState] | None:
    """The sources of the team as they are at `now`; None where nobody knows them."""
    return _source_states[0](team_id, now) if _source_states else None
