"""The history of incidents: rows are only added."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from accounts.models import User
from alerts.models import IncidentEvent, IncidentEventKind


def note(
    team_id: UUID,
    incident_ids: Sequence[UUID],
    kind: IncidentEventKind,
    now: datetime,
    *,
    by: User | str | None = None,
    text: str = "",
    texts: Mapping[UUID, str] | None = None,
    detail: dict[str, object] | None = None,
) -> list[IncidentEvent]:
    """Adds the same event to the history of each of these incidents, in their order."""
    user, key = (by, "") if isinstance(by, User) else (None, by or "")
    return IncidentEvent.objects.bulk_create(
        IncidentEvent(
            team_id=team_id,
            incident_id=id,
            at=now,
            kind=kind,
            by=user,
            key_name=key[:200],
            text=(texts or {}).get(id, text),
            detail=detail or {},
        )
        for id in incident_ids
    )
