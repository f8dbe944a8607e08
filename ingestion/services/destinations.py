"""Adding, changing, switching and deleting destinations; trying one before anything depends on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.utils.translation import gettext as _

from accounts.retrying import Result
from ingestion.forwarding.outbox import forget_destinations
from ingestion.forwarding.parcels import Contents, Parcel
from ingestion.forwarding.receivers import receiver_of, sealed
from ingestion.forwarding.sending import deliver
from ingestion.models import Destination, DestinationKind, OutboxEntry, OutboxSchedule
from ingestion.records import ExecutionReport, LogReport
from monitoring.statuses import Status

MAX_DESTINATIONS = 20


class TooMany(Exception):
    """The team has as many destinations as it may."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a form asks for. `headers` None leaves those that are kept as they are."""

    kind: str
    name: str
    url: str
    preset: str = ""
    headers: Mapping[str, str] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    pushes_metrics: bool = False


def add_destination(team_id: UUID, wanted: Wanted, now: datetime) -> Destination:
    """Makes a destination: what is accepted from now on is sent to it. Raises `TooMany`."""
    if Destination.objects.count() >= MAX_DESTINATIONS:
        raise TooMany(_("A team may have {count} destinations.").format(count=MAX_DESTINATIONS))
    destination = Destination(team_id=team_id, kind=wanted.kind, preset=wanted.preset, created_at=now)
    _fill(destination, wanted)
    destination.save(force_insert=True)
    _schedule(destination, now)
    return destination


def change_destination(destination: Destination, wanted: Wanted, now: datetime) -> None:
    """Changes where and how to send; what waits is tried again at once."""
    _fill(destination, wanted)
    destination.last_error = ""
    destination.save()
    OutboxEntry.objects.filter(team_id=destination.team_id, destination_id=destination.id).update(tries=0)
    _schedule(destination, now)


def _fill(destination: Destination, wanted: Wanted) -> None:
    destination.name, destination.url = wanted.name, wanted.url
    destination.settings = dict(wanted.settings)
    destination.pushes_metrics = wanted.pushes_metrics and destination.kind == DestinationKind.OTLP
    if wanted.headers is not None:
        destination.headers = sealed(wanted.headers)


def switch_destination(destination: Destination, now: datetime, *, is_active: bool) -> None:
    """Switches it on or off. What waits when it is switched off is sent if it is on again within 24 hours."""
    destination.is_active = is_active
    destination.save(update_fields=["is_active"])
    _schedule(destination, now)


def delete_destination(destination: Destination) -> None:
    """Removes a destination and what waits for it alone."""
    team_id, id = destination.team_id, destination.id
    OutboxSchedule.objects.filter(destination_id=id).delete()
    OutboxEntry.objects.filter(team_id=team_id, destination_id=id).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM outbox_item i WHERE i.team_id = %s AND NOT EXISTS "
            "(SELECT FROM outbox_entry e WHERE e.team_id = i.team_id AND e.item_id = i.id)",
            [team_id],
        )
    destination.delete()
    forget_destinations()


def _schedule(destination: Destination, now: datetime) -> None:
    forget_destinations()
    if not destination.is_active:
        OutboxSchedule.objects.filter(destination_id=destination.id).delete()
        return
    OutboxSchedule.objects.update_or_create(
        destination_id=destination.id,
        defaults={
            "team_id": destination.team_id,
            "next_at": now,
            "failures": 0,
            "push_at": now if destination.pushes_metrics else None,
        },
    )


def try_destination(destination: Destination, now: datetime) -> Result:
    """Sends one made-up execution with a log line, as real ones are sent: a receiver that takes no lines says so now.

    It touches no table, and takes up to 10 s a request.
    """
    told = ExecutionReport(
        id=f"steadyrun-test-{uuid4()}",
        workflow="Steadyrun test",
        environment="test",
        status=Status.SUCCEEDED,
        started_at=now - timedelta(seconds=1),
        finished_at=now,
        logs=[LogReport(message="Steadyrun test", at=now, level="info")],
    )
    parcel = Parcel(destination.team_id, uuid4(), now, Contents(reports=[told]))
    return deliver(receiver_of(destination), [parcel])
