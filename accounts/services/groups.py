"""Groups of members: made, renamed, filled, removed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import record, remove_told
from accounts.models import GroupMember, MemberGroup, Membership
from accounts.names import name_of

MAX_NAME = 80
MAX_GROUPS = 200


class GroupRefused(Exception):
    """A group that cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A group with the addresses of its members, in order; `member_ids` of the same."""

    group: MemberGroup
    members: list[str]
    member_ids: frozenset[UUID]

    @property
    def dialog(self) -> str:
        """Its id, as part of a name in a page."""
        return str(self.group.id)


def listing(team_id: UUID) -> list[ListedGroup]:
    """The groups of a team by name, with those of their members that still belong to the team. Three queries."""
    people = dict(
        Membership.objects.filter(team_id=team_id).order_by("user__email").values_list("user_id", "user__email")
    )
    pairs = GroupMember.objects.filter(team_id=team_id, user_id__in=list(people)).values_list("group_id", "user_id")
    inside: dict[UUID, set[UUID]] = {}
    for group, user in pairs:
        inside.setdefault(group, set()).add(user)
    return [
        ListedGroup(
            one,
            [email for user, email in people.items() if user in inside.get(one.id, ())],
            frozenset(inside.get(one.id, ())),
        )
        for one in MemberGroup.objects.filter(team_id=team_id).order_by("name", "id")
    ]


@transaction.atomic
def save_group(
    *, team_id: UUID, name: str, user_ids: Collection[UUID], now: datetime, group_id: UUID | None = None
) -> MemberGroup:
    """Makes a group, or changes its name and members. Raises `GroupRefused` and `MemberGroup.DoesNotExist`."""
    name = name_of(name)
    if reasons := _faults(team_id, name, user_ids, group_id):
        raise GroupRefused(reasons)
    if group_id is None:
        one = MemberGroup.objects.create(team_id=team_id, name=name, created_at=now)
    else:
        one = MemberGroup.objects.select_for_update().get(team_id=team_id, id=group_id)
        one.name = name
        one.save(update_fields=["name"])
    _tell_members(one, user_ids)
    GroupMember.objects.filter(team_id=team_id, group_id=one.id).delete()
    GroupMember.objects.bulk_create(GroupMember(team_id=team_id, group=one, user_id=id) for id in sorted(set(user_ids)))
    return one


def _tell_members(one: MemberGroup, user_ids: Collection[UUID]) -> None:
    people = Membership.objects.filter(team_id=one.team_id).order_by("user__email")
    inside = GroupMember.objects.filter(team_id=one.team_id, group_id=one.id).values_list("user_id", flat=True)
    before = list(people.filter(user_id__in=list(inside)).values_list("user__email", flat=True))
    after = list(people.filter(user_id__in=user_ids).values_list("user__email", flat=True))
    if before != after:
        record("member_group.members_changed", one, before={"members": before}, after={"members": after})


@transaction.atomic
def remove_group(*, team_id: UUID, group_id: UUID) -> bool:
    """Removes a group; workflows that it owned have no owning group any more. Whether there was such a one."""
    GroupMember.objects.filter(team_id=team_id, group_id=group_id).delete()
    return bool(remove_told(MemberGroup.objects.filter(team_id=team_id, id=group_id)))


def _faults(team_id: UUID, name: str, user_ids: Collection[UUID], group_id: UUID | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if not name or len(name) > MAX_NAME:
        found["name"] = _("must be told, with at most {most} characters").format(most=MAX_NAME)
    others = MemberGroup.objects.filter(team_id=team_id)
    others = others.exclude(id=group_id) if group_id else others
    if name and others.filter(name=name).exists():
        found["name"] = _("is taken by another group")
    if group_id is None and others.count() >= MAX_GROUPS:
        found["groups"] = _("are at most {most}").format(most=MAX_GROUPS)
    if Membership.objects.filter(team_id=team_id, user_id__in=user_ids).count() != len(set(user_ids)):
        found["members"] = _("must be members of the team")
    return found
