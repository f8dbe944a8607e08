"""Members of a team: their roles, their leaving. A team always has an owner."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import ApiKey, GroupMember, Membership
from accounts.permissions import Role, may_give
from accounts.services.identity import would_lock_out

LAST_OWNER = gettext_noop("is the last owner of the team: make somebody else an owner first")
LAST_WAY_IN = gettext_noop(
    "is the last owner with a password, and the provider is the only way in: make another one an owner first"
)
ONLY_OWNERS = gettext_noop("is one that only an owner may give or take")


class MemberRefused(Exception):
    """What was asked for cannot be done: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@transaction.atomic
def change_role(*, team_id: UUID, member_id: UUID, role: str, giver: str) -> Membership:
    """Gives a member (id of the membership) a role. `giver` is the role of whoever does it.

    Raises `MemberRefused` and `Membership.DoesNotExist`.
    """
    one = _locked(team_id, member_id)
    if role not in Role.values:
        raise MemberRefused({"role": _("must be one of: {roles}").format(roles=", ".join(Role.values))})
    if role == one.role:
        return one
    _check(one, giver)
    if not may_give(giver, role):
        raise MemberRefused({"role": _(ONLY_OWNERS)})
    one.role = role
    one.save(update_fields=["role"])
    return one


@transaction.atomic
def remove_member(*, team_id: UUID, member_id: UUID, giver: str, now: datetime) -> Membership:
    """Ends a membership at once: pages ask for it each time. The member's groups and own keys end with it.

    Raises `MemberRefused` and `Membership.DoesNotExist`.
    """
    one = _locked(team_id, member_id)
    _check(one, giver)
    _end(one, now)
    return one


@transaction.atomic
def leave_team(*, team_id: UUID, member_id: UUID, now: datetime) -> None:
    """Ends one's own membership. Raises `MemberRefused` for the last owner."""
    one = _locked(team_id, member_id)
    _check(one, one.role if one.role == Role.OWNER else Role.ADMIN)
    _end(one, now)


@transaction.atomic
def transfer_ownership(*, team_id: UUID, owner_id: UUID, heir_id: UUID) -> Membership:
    """Makes a member the owner in place of another (ids of memberships), who becomes an admin.

    Raises `MemberRefused` and `Membership.DoesNotExist`.
    """
    owner, heir = _locked(team_id, owner_id), _locked(team_id, heir_id)
    if owner.role != Role.OWNER:
        raise MemberRefused({"owner": _("must be an owner of the team")})
    if owner.id == heir.id:
        raise MemberRefused({"member": _("must be somebody else")})
    heir.role = Role.OWNER
    heir.save(update_fields=["role"])
    _check_way_in(owner)
    owner.role = Role.ADMIN
    owner.save(update_fields=["role"])
    return heir


def _locked(team_id: UUID, member_id: UUID) -> Membership:
    """The membership, with the owners of the team locked in a fixed order, so that two cannot both stop being one."""
    owners = Membership.objects.select_for_update(of=("self",)).filter(team_id=team_id, role=Role.OWNER)
    list(owners.order_by("id"))
    return Membership.objects.select_for_update(of=("self",)).select_related("user").get(team_id=team_id, id=member_id)


def _check(one: Membership, giver: str) -> None:
    """Refuses to touch an owner who is the last, or whom only an owner may touch."""
    if not may_give(giver, one.role):
        raise MemberRefused({"role": _(ONLY_OWNERS)})
    if one.role == Role.OWNER:
        _check_way_in(one)


def _check_way_in(one: Membership) -> None:
    """Refuses to unmake an owner without whom nobody would get in."""
    if not _other_owner(one):
        raise MemberRefused({"member": _(LAST_OWNER)})
    if would_lock_out(one.user, one.team_id):
        raise MemberRefused({"member": _(LAST_WAY_IN)})


def _other_owner(one: Membership) -> bool:
    owners = Membership.objects.filter(team_id=one.team_id, role=Role.OWNER, user__is_active=True)
    return owners.exclude(id=one.id).exists()


def _end(one: Membership, now: datetime) -> None:
    GroupMember.objects.filter(team_id=one.team_id, user_id=one.user_id).delete()
    for key in ApiKey.objects.filter(team_id=one.team_id, member_id=one.user_id, revoked_at__isnull=True):
        key.revoked_at = now
        key.save(update_fields=["revoked_at"])
    one.delete()
