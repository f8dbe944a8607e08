"""Where a team has its audit log pushed to: set, given a new secret, removed. Sending is `audit_sending`."""

from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction

from accounts.encryption import encrypt
from accounts.models import AuditStream, AuditStreamDue, StreamFormat
from accounts.outgoing import Refused, check
from accounts.signing import new_secret

# Before any event: what a stream begins with that sends the log from its start.
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


class StreamRefused(Exception):
    """Settings that cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


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

    A new one begins with the events from now on, or with the whole log (`from_start`). An address on another host gets
    a new secret, so that nobody there can sign for the old one. Raises `StreamRefused`.
    """
    if format not in StreamFormat.values:
        raise StreamRefused({"format": f"The format must be one of: {', '.join(StreamFormat.values)}."})
    try:
        check(url)
    except Refused as refused:
        raise StreamRefused({"url": str(refused)}) from refused
    one = AuditStream.objects.select_for_update().filter(team_id=team_id).first()
    secret = ""
    if one is None or _host(one.url) != _host(url):
        secret = new_secret()
        one = one or AuditStream(team_id=team_id, created_at=now, since=BEGINNING if from_start else now)
        one.secret = encrypt(secret)
    one.url, one.format, one.is_active, one.last_error, one.tries = url, format, is_active, "", 0
    one.save()
    AuditStreamDue.objects.update_or_create(team_id=team_id, defaults={"due_at": now})
    return one, secret


def _host(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


@transaction.atomic
def change_secret(one: AuditStream) -> str:
    """A new secret in place of the old one; its text, which is shown once."""
    secret = new_secret()
    one.secret = encrypt(secret)
    one.save(update_fields=["secret"])
    return secret


@transaction.atomic
def remove_stream(one: AuditStream) -> None:
    """Removes the stream. The log stays, and can be followed by the API."""
    AuditStreamDue.objects.filter(team_id=one.team_id).delete()
    one.delete()


def due_at(team_id: UUID) -> datetime | None:
    """When the stream is looked at next."""
    return AuditStreamDue.objects.filter(team_id=team_id).values_list("due_at", flat=True).first()
