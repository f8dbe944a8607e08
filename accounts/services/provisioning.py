"""Members as a program tells them (SCIM): listed, added, made inactive, removed. The team comes first everywhere.

Who is not active has no membership, so nothing else has to ask; what they were is kept to give it back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.models import IdentityDomain, Membership, ProvisionedGroupMember, ProvisionedMember, Team, User
from accounts.permissions import Role
from accounts.services.identity import domain_of, is_break_glass, is_proved, other_break_glass, would_lock_out
from accounts.services.user_sessions import end_sessions


class ProvisioningRefused(Exception):
    """What the program may not do; the text says why. `kind` is SCIM's word for it, or empty."""

    def __init__(self, text: str, kind: str = "", status: int = 400) -> None:
        super().__init__(text)
        self.kind, self.status = kind, status


@dataclass(frozen=True, slots=True)
class Person:
    """A member, or one who has no membership now. `is_told_active`: not because the program made them inactive."""

    user: User
    is_active: bool
    role: str
    external_id: str
    created_at: datetime
    is_told_active: bool = False


def people_of(team_id: UUID, *, email: str | None = None, external_id: str | None = None) -> Sequence[Person]:
    """All members and those made inactive, by address. Three queries."""
    known = {one.user_id: one for one in ProvisionedMember.objects.filter(team_id=team_id)}
    members = {one.user_id: one for one in Membership.objects.filter(team_id=team_id)}
    users = User.objects.filter(id__in={*known, *members}).order_by("email", "id")
    if email is not None:
        users = users.filter(email=email.strip().lower())
    found = [_person(user, members.get(user.id), known.get(user.id)) for user in users]
    return [one for one in found if external_id is None or one.external_id == external_id]


def person(team_id: UUID, user_id: UUID) -> Person | None:
    """One of them."""
    return next((one for one in people_of(team_id) if one.user.id == user_id), None)


def _person(user: User, member: Membership | None, known: ProvisionedMember | None) -> Person:
    row = member or known
    role, created_at = (row.role, row.created_at) if row else (Role.VIEWER.value, user.created_at)
    is_told_active = known is not None and known.is_active
    return Person(user, member is not None, role, known.external_id if known else "", created_at, is_told_active)


@transaction.atomic
def add_person(*, team_id: UUID, email: str, name: str = "", external_id: str = "", is_active: bool = True) -> Person:
    """A new member as viewer, with an account where there is none yet. Raises `ProvisioningRefused`."""
    email = email.strip().lower()
    if not _is_of_team(team_id, email):
        raise ProvisioningRefused(
            "userName must be an address of a domain that is confirmed for this team.", "invalidValue"
        )
    if people_of(team_id, email=email):
        raise ProvisioningRefused("This person is a member already.", "uniqueness", 409)
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, None, name=name[:120])
    if _may_be_anybodys(user):
        raise ProvisioningRefused(
            "An account has this address that nobody proved to be theirs. They sign in by the team's provider once, "
            "or the team invites them.",
            "uniqueness",
            409,
        )
    ProvisionedMember.objects.create(team_id=team_id, user=user, external_id=external_id[:255], is_active=is_active)
    if is_active:
        Membership.objects.create(team_id=team_id, user=user, role=Role.VIEWER)
    return _found(team_id, user.id)


@transaction.atomic
def change_person(
    *, team_id: UUID, user_id: UUID, is_active: bool | None = None, external_id: str | None = None
) -> Person:
    """Makes a member inactive or active again, or notes their id elsewhere. Raises `ProvisioningRefused`."""
    Team.objects.select_for_update().get(id=team_id)
    one = _found(team_id, user_id)
    known, _ = ProvisionedMember.objects.get_or_create(
        team_id=team_id, user_id=user_id, defaults={"role": one.role, "is_active": one.is_active}
    )
    if external_id is not None:
        known.external_id = external_id[:255]
    if is_active is False and one.is_active:
        known.role = one.role
        _end_membership(team_id, one)
    elif is_active and not one.is_active:
        Membership.objects.create(team_id=team_id, user_id=user_id, role=known.role)
    known.is_active, known.updated_at = one.is_active if is_active is None else is_active, timezone.now()
    known.save()
    return _found(team_id, user_id)


@transaction.atomic
def remove_person(*, team_id: UUID, user_id: UUID) -> None:
    """Ends the membership and forgets what was noted; the account stays. Raises `ProvisioningRefused`."""
    Team.objects.select_for_update().get(id=team_id)
    one = _found(team_id, user_id)
    if one.is_active:
        _end_membership(team_id, one)
    ProvisionedGroupMember.objects.filter(team_id=team_id, user_id=user_id).delete()
    ProvisionedMember.objects.filter(team_id=team_id, user_id=user_id).delete()


def _end_membership(team_id: UUID, one: Person) -> None:
    """Ends with the sessions of who has an address of the team; who came from elsewhere keeps those for other teams.

    The last owner stays, and the last who has a password: somebody must get in when the provider fails.
    """
    is_last = is_break_glass(one.user, team_id) and not other_break_glass(one.user, team_id)
    if is_last or (one.role == Role.OWNER and would_lock_out(one.user, team_id)):
        raise ProvisioningRefused(
            "This is the last owner, or the last with a password. Make another owner first.", "mutability", 409
        )
    Membership.objects.filter(team_id=team_id, user_id=one.user.id).delete()
    record("membership.removed", _target(one.user), before={"role": one.role})
    if _is_of_team(team_id, one.user.email):
        end_sessions(user=one.user, note="the membership ended")


def _is_of_team(team_id: UUID, email: str) -> bool:
    """Whether the address is of a domain that is confirmed for the team."""
    domains = IdentityDomain.objects.filter(team_id=team_id, confirmed_at__isnull=False)
    return domains.filter(domain=domain_of(email)).exists()


def _may_be_anybodys(user: User) -> bool:
    """Whether somebody has a way into an account whose address was never proved: they would get the membership."""
    has_way_in = user.has_usable_password() or Authenticator.objects.filter(user_id=user.id).exists()
    return has_way_in and not is_proved(user)


def _found(team_id: UUID, user_id: UUID) -> Person:
    if (one := person(team_id, user_id)) is None:
        raise ProvisioningRefused("There is no such person in this team.", "", 404)
    return one


def _target(user: User) -> tuple[str, UUID, str]:
    return ("member", user.id, user.email)
