"""The outbox of notices: what is to be told to which channel, written in the transaction of what happened.

`services.delivery` sends it. A channel is told of one event once: the id of a delivery derives from both, so queueing
it again adds nothing, and each try of it carries the same id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from alerts.analysis.notices import Notice
from alerts.models import AlertDelivery, AlertDeliveryDue, Channel
from monitoring.identity import derive_uuid


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notice and the channels that it goes to; `due_at` None: at once."""

    channel_ids: Sequence[UUID]
    notice: Notice
    incident_id: UUID | None = None
    event_id: UUID | None = None
    due_at: datetime | None = None


def delivery_id(channel_id: UUID, event_id: UUID | None) -> UUID:
    """The id of what tells a channel of an event; without an event each delivery is a new one."""
    return derive_uuid(channel_id.bytes, "delivery", event_id.bytes) if event_id else uuid4()


def queue(
    team_id: UUID,
    *,
    channel_ids: Sequence[UUID],
    notice: Notice,
    incident_id: UUID | None,
    event_id: UUID | None,
    now: datetime,
    due_at: datetime | None = None,
) -> list[UUID]:
    """Queues one notice for these channels; the ids of the deliveries that are new.

    Channels that are gone or switched off are left out. Call it inside the team's context.
    """
    return queue_all(team_id, [Outgoing(channel_ids, notice, incident_id, event_id, due_at)], now)


def queue_all(team_id: UUID, told: Sequence[Outgoing], now: datetime) -> list[UUID]:
    """Queues many notices with the same few statements; the ids of the deliveries that are new.

    In one channel the notices of one incident are sent in the order in which they stand here.
    """
    named = {id for one in told for id in one.channel_ids}
    active = set(Channel.objects.filter(team_id=team_id, id__in=named, is_active=True).values_list("id", flat=True))
    wanted: dict[UUID, tuple[UUID, Outgoing]] = {}
    for one in told:
        for channel_id in one.channel_ids:
            if channel_id in active:
                wanted.setdefault(delivery_id(channel_id, one.event_id), (channel_id, one))
    known = set(AlertDelivery.objects.filter(team_id=team_id, id__in=wanted).values_list("id", flat=True))
    new = {id: found for id, found in wanted.items() if id not in known}
    # Of two that queue the same at one time the second adds nothing: both wrote the same rows.
    AlertDelivery.objects.bulk_create(
        (_delivery(team_id, id, channel_id, one, now) for id, (channel_id, one) in new.items()), ignore_conflicts=True
    )
    AlertDeliveryDue.objects.bulk_create(
        (_due(team_id, id, channel_id, one, now) for id, (channel_id, one) in new.items()), ignore_conflicts=True
    )
    return list(new)


def _delivery(team_id: UUID, id: UUID, channel_id: UUID, one: Outgoing, now: datetime) -> AlertDelivery:
    return AlertDelivery(
        id=id,
        team_id=team_id,
        channel_id=channel_id,
        incident_id=one.incident_id,
        event_id=one.event_id,
        kind=one.notice.kind.value,
        notice=one.notice.as_document(),
        created_at=now,
    )


def _due(team_id: UUID, id: UUID, channel_id: UUID, one: Outgoing, now: datetime) -> AlertDeliveryDue:
    return AlertDeliveryDue(
        delivery_id=id,
        team_id=team_id,
        channel_id=channel_id,
        incident_id=one.incident_id,
        due_at=one.due_at or now,
    )
