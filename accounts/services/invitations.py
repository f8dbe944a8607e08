"""Invitations: made, sent again, revoked, accepted.

The token is told once, in a link; the database keeps its hash. One address has at most one open invitation to a team.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Invitation, Membership, Team, User
from accounts.permissions import Role, may_give
from accounts.tenancy import in_team

LASTS = timedelta(days=7)
MAX_OPEN = 500
MAX_EMAIL = 254
_TOKEN_LENGTH = 24
_GONE = gettext_noop("This invitation is not valid any more. Ask for a new one.")


class InvitationRefused(Exception):
    """What was asked for cannot be done: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Sent:
    """An invitation with the link that leads into it, which nobody can read again.

    `mailed_link` is for the mail alone: who opens it has shown that the address is theirs.
    """

    invitation: Invitation
    link: str
    mailed_link: str


@transaction.atomic
def invite(*, team_id: UUID, email: str, role: str, giver: str, by: User | None, now: datetime) -> Sent:
    """Invites an address. `giver` is the role of whoever invites. Raises `InvitationRefused`."""
    email = email.strip().lower()
    # One at a time, so that two cannot invite the same address.
    Team.objects.select_for_update().get(id=team_id)
    if reasons := _faults(team_id, email, role, giver):
        raise InvitationRefused(reasons)
    for late in _open(team_id).filter(email=email, expires_at__lte=now):
        late.revoked_at = now
        late.save(update_fields=["revoked_at"])
    if _open(team_id).filter(email=email).exists():
        raise InvitationRefused({"email": _("has an open invitation already: send that one again, or revoke it")})
    token = secrets.token_urlsafe(_TOKEN_LENGTH)
    made = Invitation.objects.create(
        team_id=team_id,
        email=email,
        role=role,
        token_hash=_hash(token),
        invited_by=by,
        created_at=now,
        expires_at=now + LASTS,
    )
    return _sent(made, token)


@transaction.atomic
def send_again(*, team_id: UUID, invitation_id: UUID, giver: str, now: datetime) -> Sent:
    """Makes a new link for an invitation, good for the whole time again; the old one ends.

    Raises `InvitationRefused` and `Invitation.DoesNotExist`.
    """
    one = _open(team_id).select_for_update().get(id=invitation_id)
    if not may_give(giver, one.role):
        raise InvitationRefused({"role": _("is one that only an owner may give")})
    token = secrets.token_urlsafe(_TOKEN_LENGTH)
    one.token_hash, one.expires_at = _hash(token), now + LASTS
    one.save(update_fields=["token_hash", "expires_at"])
    return _sent(one, token)


@transaction.atomic
def revoke(*, team_id: UUID, invitation_id: UUID, now: datetime) -> bool:
    """Ends an open invitation. Whether there was such a one."""
    one = _open(team_id).select_for_update().filter(id=invitation_id).first()
    if one is None:
        return False
    one.revoked_at = now
    one.save(update_fields=["revoked_at"])
    return True


def find_invitation(token: str, now: datetime) -> Invitation | None:
    """The open invitation that a token leads to, with its team; None when it ended or never was."""
    found = Invitation.objects.select_related("team").filter(
        token_hash=_hash(token),
        accepted_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=now,
        team__erased_from__isnull=True,
    )
    return found.first()


@transaction.atomic
def accept_invitation(token: str, user: User, now: datetime | None = None) -> Membership:
    """Makes the user a member of the team that invited their address. Raises `InvitationRefused`.

    Who is a member already stays what they are; the invitation ends.
    """
    now = now or timezone.now()
    one = find_invitation(token, now)
    if one is None:
        raise InvitationRefused({"invitation": _(_GONE)})
    if one.email != user.email:
        raise InvitationRefused(
            {"email": _("must be {email}: the invitation is for that address").format(email=one.email)}
        )
    # Of two that accept at the same time one waits here and finds it taken.
    if not Invitation.objects.select_for_update().filter(id=one.id, accepted_at__isnull=True).exists():
        raise InvitationRefused({"invitation": _(_GONE)})
    with in_team(one.team_id):
        one.accepted_at = now
        one.save(update_fields=["accepted_at"])
        membership = Membership.objects.filter(team_id=one.team_id, user=user).first()
        return membership or Membership.objects.create(team_id=one.team_id, user=user, role=one.role)


def open_invitations(team_id: UUID) -> list[Invitation]:
    """Invitations of a team that wait for an answer, also those that came too late, by address."""
    return list(_open(team_id).select_related("invited_by").order_by("email", "id"))


def link_of(token: str) -> str:
    """The address that an invitation is opened by."""
    return settings.BASE_URL.rstrip("/") + reverse("invitation", args=[token])


def came_by_mail(token: str, mark: str) -> bool:
    """Whether a link has the mark that only the mail with it had."""
    return constant_time_compare(mark, _mark(token))


def letter_of(sent: Sent, team: Team) -> tuple[str, str]:
    """Subject and text of the mail that brings the link."""
    until = f"{sent.invitation.expires_at:%-d %b %Y, %H:%M} UTC"
    paragraphs = (
        _("You are invited to the team {team} as {role}.").format(
            team=team.name, role=Role(sent.invitation.role).label
        ),
        f"{_('Open this link to join:')}\n{sent.mailed_link}",
        _("It is good until {until}.").format(until=until),
    )
    subject = _("Invitation to {team} on Steadyrun").format(team=" ".join(team.name.split()))
    return subject, "\n\n".join(paragraphs) + "\n"


def _open(team_id: UUID) -> QuerySet[Invitation]:
    return Invitation.objects.filter(team_id=team_id, accepted_at__isnull=True, revoked_at__isnull=True)


def _faults(team_id: UUID, email: str, role: str, giver: str) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        validate_email(email)
        MaxLengthValidator(MAX_EMAIL)(email)
    except ValidationError:
        found["email"] = _("must be an e-mail address")
    if role not in Role.values:
        found["role"] = _("must be one of: {roles}").format(roles=", ".join(Role.values))
    elif not may_give(giver, role):
        found["role"] = _("is one that only an owner may give")
    if not found and Membership.objects.filter(team_id=team_id, user__email=email).exists():
        found["email"] = _("belongs to a member already")
    if _open(team_id).count() >= MAX_OPEN:
        found["invitations"] = _("are at most {most} at a time").format(most=MAX_OPEN)
    return found


def _sent(one: Invitation, token: str) -> Sent:
    link = link_of(token)
    return Sent(one, link, f"{link}?mailed={_mark(token)}")


def _mark(token: str) -> str:
    return salted_hmac("accounts.services.invitations", token, algorithm="sha256").hexdigest()[:32]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
