"""Who knows of an incident: which channels were told, one by one or in a digest, since it began or was opened again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from accounts.statements import run_planned
from alerts.models import Incident, IncidentEvent, IncidentEventKind

KINDS = (
    IncidentEventKind.OPENED,
    IncidentEventKind.REOPENED,
    IncidentEventKind.NOTIFIED,
    IncidentEventKind.ESCALATED,
    IncidentEventKind.RESOLVED,
)
_SINCE = timedelta(minutes=1)


@dataclass(slots=True)
class Told:
    """What was told of an incident. `opening` is the event that began it (again); `is_over_told`: its end was told."""

    singly: set[UUID] = field(default_factory=set)
    in_digest: set[UUID] = field(default_factory=set)
    opening: UUID | None = None
    is_reopened: bool = False

    @property
    def channels(self) -> frozenset[UUID]:
        """All channels that know of it."""
        return frozenset(self.singly | self.in_digest)


def told_of(team_id: UUID, incidents: Sequence[Incident]) -> dict[UUID, Told]:
    """What was told of each of these incidents since it is active. One query."""
    found = {one.id: Told() for one in incidents}
    active = {one.id: one.active_at or one.opened_at for one in incidents}
    events = IncidentEvent.objects.filter(team_id=team_id, incident_id__in=list(found), kind__in=KINDS)
    for event in events.order_by("at", "id"):
        told = found[event.incident_id]
        if event.kind in (IncidentEventKind.OPENED, IncidentEventKind.REOPENED):
            told.opening, told.is_reopened = event.id, event.kind == IncidentEventKind.REOPENED
        elif event.at >= active[event.incident_id]:
            ids = {UUID(text) for text in event.detail.get("channels", ())}
            (told.in_digest if event.detail.get("digest") else told.singly).update(ids)
    return found


@dataclass(frozen=True, slots=True)
class Lately:
    """How many single notices a channel was sent in the last minute, and whether it got a digest."""

    notices: int = 0
    has_digest: bool = False


_LATELY = """SELECT channel_id, count(*) FILTER (WHERE incident_id IS NOT NULL)::int, bool_or(kind = 'digest')
    FROM alert_delivery WHERE team_id = %(team)s AND channel_id = ANY(%(ids)s) AND created_at > %(since)s
    AND kind IN ('opened', 'reopened', 'escalated', 'digest') GROUP BY 1"""


def lately(team_id: UUID, channel_ids: Iterable[UUID], now: datetime) -> dict[UUID, Lately]:
    """What channels were sent in the last minute. One query."""
    ids = sorted(set(channel_ids))
    rows = run_planned(_LATELY, {"team": team_id, "ids": ids, "since": now - _SINCE}) if ids else []
    return {row[0]: Lately(row[1], row[2]) for row in rows}
