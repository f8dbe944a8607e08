"""Identity providers of teams: whom they let in, and which role their groups give."""

from collections.abc import Collection
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.audit import record
from accounts.models import IdentityDomain, Membership, ProvisionedGroupMember, TeamIdentityProvider, User
from accounts.permissions import PERMISSIONS, Role
from accounts.tenancy import in_team, team_context


def domain_of(email: str) -> str:
    """What stands behind the @, in lower case."""
    return email.rpartition("@")[2].strip().lower()


def provider_with(id: str) -> TeamIdentityProvider | None:
    """The provider with this id that may be used, with its team."""
    try:
        found = UUID(id)
    except ValueError:
        return None
    return TeamIdentityProvider.objects.select_related("team").filter(id=found, is_enabled=True).first()


def provider_for(email: str) -> TeamIdentityProvider | None:
    """The provider that speaks for the address: that of the team whose confirmed domain it has."""
    domain = IdentityDomain.objects.filter(domain=domain_of(email), confirmed_at__isnull=False).first()
    if domain is None:
        return None
    return TeamIdentityProvider.objects.filter(team_id=domain.team_id, is_enabled=True).first()


def enforcing_team(email: str) -> TeamIdentityProvider | None:
    """The provider by which alone the address can sign in, if there is one."""
    found = IdentityDomain.objects.filter(domain=domain_of(email), confirmed_at__isnull=False, is_enforced=True).first()
    return TeamIdentityProvider.objects.filter(team_id=found.team_id, is_enabled=True).first() if found else None


def confirmed_domains(provider: TeamIdentityProvider) -> list[str]:
    """The domains that a provider may speak for."""
    found = IdentityDomain.objects.filter(team_id=provider.team_id, confirmed_at__isnull=False)
    return list(found.order_by("domain").values_list("domain", flat=True))


def may_use_password(user: User) -> bool:
    """Whether a person may sign in without the provider: nobody asks for it, or they are a break-glass owner.

    That is every owner of the provider's team with a password of their own, and who administers the installation.
    """
    provider = enforcing_team(user.email)
    if provider is None or user.is_staff:
        return True
    return is_break_glass(user, provider.team_id)


def is_proved(user: User) -> bool:
    """Whether the person proved that the address of their account is theirs: by a link in an e-mail, or a provider."""
    return bool(EmailAddress.objects.filter(user_id=user.id, email=user.email, verified=True).exists())


def is_break_glass(user: User, team_id: UUID) -> bool:
    """Whether the user is an owner of the team who can sign in without its provider."""
    is_owner = Membership.objects.filter(user_id=user.id, team_id=team_id, role=Role.OWNER).exists()
    return is_owner and user.is_active and user.has_usable_password()


def other_break_glass(user: User, team_id: UUID) -> bool:
    """Whether the team keeps an owner with a password when this user is gone."""
    owners = Membership.objects.select_related("user").filter(team_id=team_id, role=Role.OWNER, user__is_active=True)
    return any(one.user.has_usable_password() for one in owners.exclude(user_id=user.id))


def would_lock_out(user: User, team_id: UUID) -> bool:
    """Whether the team would lose its last way in if this owner were none any more: its last owner, or the last one
    with a password where a provider is the only way in for some of its domains.
    """
    owners = Membership.objects.filter(team_id=team_id, role=Role.OWNER, user__is_active=True)
    if not owners.exclude(user_id=user.id).exists():
        return True
    enforced = IdentityDomain.objects.filter(team_id=team_id, confirmed_at__isnull=False, is_enforced=True).exists()
    return enforced and is_break_glass(user, team_id) and not other_break_glass(user, team_id)


def role_for(provider: TeamIdentityProvider, groups: Collection[str]) -> str:
    """The role that these groups give: the one with the most permissions; empty: the person is not let in."""
    known = [provider.group_roles[group] for group in groups if group in provider.group_roles]
    given = [role for role in known if role in PERMISSIONS and role != Role.OWNER]
    order = list(Role)
    return max(given, key=lambda role: (len(PERMISSIONS[Role(role)]), -order.index(Role(role))), default="") or (
        provider.default_role
    )


def told_groups(team_id: UUID, user_id: UUID) -> list[str]:
    """The names of the groups that a person is in as SCIM told."""
    with in_team(team_id):
        rows = ProvisionedGroupMember.objects.filter(team_id=team_id, user_id=user_id)
        return list(rows.order_by("group__name").values_list("group__name", flat=True))


@transaction.atomic
def apply_groups(*, provider: TeamIdentityProvider, user: User, groups: Collection[str]) -> None:
    """Gives the user the role of these groups, and of those that SCIM told, in the provider's team. Owners keep theirs.

    Without a role the membership ends.
    """
    with team_context(provider.team_id):
        role = role_for(provider, [*groups, *told_groups(provider.team_id, user.id)])
        found = Membership.objects.select_for_update().filter(team_id=provider.team_id, user_id=user.id).first()
        target, note = ("member", user.id, user.email), f"by {provider.name}"
        # Written past the model, which would tell the log a second time.
        rows = Membership.objects.filter(team_id=provider.team_id, user_id=user.id)
        if found is None:
            if role:
                Membership.objects.bulk_create([Membership(team_id=provider.team_id, user=user, role=role)])
                record("membership.added", target, after={"role": role}, note=note)
        elif found.role in (Role.OWNER, role):
            return
        elif role:
            rows.update(role=role)
            record("membership.changed", target, before={"role": found.role}, after={"role": role}, note=note)
        else:
            rows.delete()
            record("membership.removed", target, before={"role": found.role}, note=note)
