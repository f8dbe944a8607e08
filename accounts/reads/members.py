"""The members of a team, as its page and the API show them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import GroupMember, Membership
from accounts.permissions import Role
from accounts.ports import second_factors


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member. `has_second_factor` is None where nobody knows."""

    id: UUID
    user_id: UUID
    email: str
    name: str
    role: str
    role_label: str
    joined_at: datetime
    last_login: datetime | None
    has_second_factor: bool | None
    groups: list[str]


def members_of(team_id: UUID) -> list[MemberRow]:
    """All members by address. Three queries at most."""
    found = list(Membership.objects.filter(team_id=team_id).select_related("user").order_by("user__email"))
    groups: dict[UUID, list[str]] = {}
    pairs = GroupMember.objects.filter(team_id=team_id).order_by("group__name").values_list("user_id", "group__name")
    for user_id, name in pairs:
        groups.setdefault(user_id, []).append(name)
    having = second_factors([one.user_id for one in found])
    return [
        MemberRow(
            one.id,
            one.user_id,
            one.user.email,
            one.user.name,
            one.role,
            str(Role(one.role).label),
            one.created_at,
            one.user.last_login,
            None if having is None else one.user_id in having,
            groups.get(one.user_id, []),
        )
        for one in found
    ]
