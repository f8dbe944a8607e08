"""The destinations of a team with what waits for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

from ingestion.forwarding.outbox import Waiting, waiting
from ingestion.models import Destination


class State(StrEnum):
    """How a destination is doing; those to look at first come first."""

    FAILING = "failing"
    NEW = "new"
    SENDING = "sending"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class DestinationRow:
    """A destination as the list shows it."""

    destination: Destination
    waiting: Waiting

    @property
    def state(self) -> State:
        """Failing is: the last thing that happened was a fault."""
        one = self.destination
        if not one.is_active:
            return State.OFF
        failed_at = one.last_error_at if one.last_error else None
        if failed_at and (one.last_success_at is None or one.last_success_at <= failed_at):
            return State.FAILING
        return State.SENDING if one.last_success_at else State.NEW

    @property
    def host(self) -> str:
        """Where it leads, without what may be secret in its path or query."""
        parts = urlsplit(self.destination.url)
        return f"{parts.scheme}://{parts.netloc}"


def listing(team_id: UUID) -> Sequence[DestinationRow]:
    """All destinations: failing ones first, then by name."""
    found = waiting(team_id)
    rows = [DestinationRow(one, found.get(one.id, Waiting())) for one in Destination.objects.order_by("name", "id")]
    return sorted(rows, key=lambda row: list(State).index(row.state))


def find(team_id: UUID, destination_id: UUID) -> DestinationRow | None:
    """One destination of the team."""
    one = Destination.objects.filter(id=destination_id).first()
    return DestinationRow(one, waiting(team_id).get(one.id, Waiting())) if one else None
