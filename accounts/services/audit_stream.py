"""Where a team has its audit log pushed to: set, given a new secret, removed. Sending is `audit_sending`."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditStream, AuditStreamDue, StreamFormat
from accounts.services.pushes import PushRefused, aim, refusals_of

# Before any event: what a stream begins with that sends the log from its start.
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@transaction.atomic
def save_stream(
    *,
    team_id: UUID,
    url: str,
    is_active: bool,
    format: str = StreamFormat.LINES,
    from_start: bool = False,
    now: datetime,
) -> tuple[AuditStream, str]:
    """Makes or changes the stream; with the text of its secret if that is new: the one time that it can be seen.

    A new one begins with the events from now on, or with the whole log (`from_start`). Raises `PushRefused`.
    """
    reasons = refusals_of(url)
    if format not in StreamFormat.values:
        told = _("The format must be one of: {formats}.")
        reasons["format"] = told.format(formats=", ".join(StreamFormat.values))
    if reasons:
        raise PushRefused(reasons)
    one = AuditStream.objects.select_for_update().filter(team_id=team_id).first()
    one = one or AuditStream(team_id=team_id, created_at=now, since=BEGINNING if from_start else now)
    secret = aim(one, url)
    one.format, one.is_active, one.last_error, one.tries = format, is_active, "", 0
    one.save()
    AuditStreamDue.objects.update_or_create(team_id=team_id, defaults={"due_at": now})
    return one, secret


@transaction.atomic
def remove_stream(one: AuditStream) -> None:
    """Removes the stream. The log stays, and can be followed by the API."""
    AuditStreamDue.objects.filter(team_id=one.team_id).delete()
    one.delete()


def due_at(team_id: UUID) -> datetime | None:
    """When the stream is looked at next."""
    return AuditStreamDue.objects.filter(team_id=team_id).values_list("due_at", flat=True).first()
