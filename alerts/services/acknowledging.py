"""Acknowledging from a notice: a signed address that stands for one incident and the channel that was told of it.

Whoever holds it may acknowledge that incident and do nothing else. Opening it changes nothing, as mail scanners open
links.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from alerts.models import Incident

SALT = "acknowledge-incident"
VALID_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a token stands for."""

    team_id: UUID
    incident_id: UUID
    channel_id: UUID


def link_of(one: Incident, channel_id: UUID) -> str:
    """The address with which the readers of a channel acknowledge an incident, for a week."""
    token = signing.dumps([one.team_id.hex, one.id.hex, channel_id.hex], salt=SALT)
    return settings.BASE_URL.rstrip("/") + reverse("acknowledge_notice", args=[token])


def bearer_of(token: str) -> Bearer | None:
    """What a token of such an address stands for; None for one that is not ours or too old."""
    try:
        told = signing.loads(token, salt=SALT, max_age=VALID_FOR)
        return Bearer(*(UUID(part) for part in told))
    except (signing.BadSignature, ValueError, TypeError):
        return None
