"""Groups of a company's directory, as a program tells them (SCIM), and the roles that they give.

A name that the team's identity provider maps gives its role at each change of the group, as it does at each sign-in;
a name that it does not map changes nothing. Owners keep their role whatever the groups say.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.models import ProvisionedGroup, ProvisionedGroupMember, Team, TeamIdentityProvider, User
from accounts.services.identity import apply_groups
from accounts.services.provisioning import ProvisioningRefused, people_of

MAX_GROUPS = 1_000
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of the members: `set` to these, or these are to `add` or `remove`."""

    do: str
    user_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Group:
    """A group with its members by address."""

    id: UUID
    name: str
    external_id: str
    members: Sequence[User]
    created_at: datetime
    updated_at: datetime


def groups_in(
    team_id: UUID, *, name: str | None = None, external_id: str | None = None, id: UUID | None = None
) -> list[Group]:
    """The groups of a team by name, with their members. Three queries."""
    rows = ProvisionedGroup.objects.filter(team_id=team_id).order_by("name", "id")
    if name is not None:
        rows = rows.filter(name__iexact=name)
    if external_id is not None:
        rows = rows.filter(external_id=external_id)
    found = list(rows.filter(id=id) if id is not None else rows)
    pairs = ProvisionedGroupMember.objects.filter(team_id=team_id, group_id__in=[one.id for one in found])
    inside: dict[UUID, set[UUID]] = {}
    for group, user in pairs.values_list("group_id", "user_id"):
        inside.setdefault(group, set()).add(user)
    users = list(User.objects.filter(id__in=set().union(*inside.values())).order_by("email", "id"))
    return [
        Group(
            one.id,
            one.name,
            one.external_id,
            [user for user in users if user.id in inside.get(one.id, ())],
            one.created_at,
            one.updated_at,
        )
        for one in found
    ]


def groups_of_people(team_id: UUID, user_ids: Collection[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """Of each person who is in a group: ids and names of their groups, by name. One query."""
    rows = ProvisionedGroupMember.objects.filter(team_id=team_id, user_id__in=user_ids)
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for user, group, name in rows.order_by("group__name", "group_id").values_list("user_id", "group_id", "group__name"):
        found.setdefault(user, []).append((group, name))
    return found


@transaction.atomic
def add_group(*, team_id: UUID, name: str, external_id: str, user_ids: Collection[UUID]) -> Group:
    """A new group. Raises `ProvisioningRefused`."""
    Team.objects.select_for_update().get(id=team_id)
    name = _name(team_id, name)
    if ProvisionedGroup.objects.filter(team_id=team_id).count() >= MAX_GROUPS:
        raise ProvisioningRefused(f"A team has at most {MAX_GROUPS} groups.", "tooMany")
    made = ProvisionedGroup.objects.create(team_id=team_id, name=name, external_id=external_id[:255])
    record("directory_group.added", _target(made), after={"name": name})
    _fill(made, [Edit("set", frozenset(user_ids))])
    _give_roles(team_id, user_ids, {name})
    return _found(team_id, made.id)


@transaction.atomic
def change_group(
    *,
    team_id: UUID,
    group_id: UUID,
    name: str | None = None,
    external_id: str | None = None,
    edits: Sequence[Edit] = (),
) -> Group:
    """Changes name, id elsewhere and members, in this order. Raises `ProvisioningRefused`."""
    Team.objects.select_for_update().get(id=team_id)
    one, before = _row(team_id, group_id), _found(team_id, group_id)
    if name is not None and name.strip() != one.name:
        one.name = _name(team_id, name, but=one.id)
        record("directory_group.changed", _target(one), before={"name": before.name}, after={"name": one.name})
    one.external_id = one.external_id if external_id is None else external_id[:255]
    one.updated_at = timezone.now()
    one.save()
    touched = _fill(one, edits)
    if one.name != before.name:
        touched |= {user.id for user in before.members}
    _give_roles(team_id, touched, {before.name, one.name})
    return _found(team_id, group_id)


@transaction.atomic
def remove_group(*, team_id: UUID, group_id: UUID) -> None:
    """Removes a group; the roles that it gave end with it. Raises `ProvisioningRefused`."""
    Team.objects.select_for_update().get(id=team_id)
    one, before = _row(team_id, group_id), _found(team_id, group_id)
    ProvisionedGroupMember.objects.filter(team_id=team_id, group_id=one.id).delete()
    ProvisionedGroup.objects.filter(team_id=team_id, id=one.id).delete()
    record("directory_group.removed", _target(one), before={"name": one.name})
    _give_roles(team_id, {user.id for user in before.members}, {before.name})


def _fill(one: ProvisionedGroup, edits: Sequence[Edit]) -> set[UUID]:
    """Makes the members those that the edits come to; who came or went."""
    rows = ProvisionedGroupMember.objects.filter(team_id=one.team_id, group_id=one.id)
    before = set(rows.values_list("user_id", flat=True))
    after = set(before)
    for edit in edits:
        if edit.do == "remove":
            after -= edit.user_ids
        else:
            after = (after if edit.do == "add" else set()) | edit.user_ids
    people = {person.user.id: person.user.email for person in people_of(one.team_id)}
    if unknown := (after - before) - set(people):
        raise ProvisioningRefused(f"There is no such person in this team: {min(map(str, unknown))}.", "invalidValue")
    rows.filter(user_id__in=before - after).delete()
    ProvisionedGroupMember.objects.bulk_create(
        ProvisionedGroupMember(team_id=one.team_id, group=one, user_id=id) for id in sorted(after - before)
    )
    if before != after:
        told = [{"members": sorted(people[id] for id in ids & set(people))} for ids in (before, after)]
        record("directory_group.members_changed", _target(one), before=told[0], after=told[1])
    return before ^ after


def _give_roles(team_id: UUID, user_ids: Collection[UUID], names: Collection[str]) -> None:
    """Gives people the roles of their groups, where one of the names that changed is mapped."""
    provider = TeamIdentityProvider.objects.filter(team_id=team_id, is_enabled=True).first()
    if provider is None or not set(names) & set(provider.group_roles):
        return
    for person in people_of(team_id):
        # Who was made inactive comes back by being made active alone.
        if person.user.id in user_ids and (person.is_active or person.is_told_active):
            apply_groups(provider=provider, user=person.user, groups=[])


def _name(team_id: UUID, name: str, but: UUID | None = None) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME:
        raise ProvisioningRefused(f"displayName must be told, with at most {MAX_NAME} letters.", "invalidValue")
    same = ProvisionedGroup.objects.filter(team_id=team_id, name__iexact=name)
    if (same.exclude(id=but) if but else same).exists():
        raise ProvisioningRefused("There is a group with this displayName already.", "uniqueness", 409)
    return name


def _row(team_id: UUID, group_id: UUID) -> ProvisionedGroup:
    one = ProvisionedGroup.objects.filter(team_id=team_id, id=group_id).first()
    if one is None:
        raise ProvisioningRefused("There is no such group in this team.", "", 404)
    return one


def _found(team_id: UUID, group_id: UUID) -> Group:
    return groups_in(team_id, id=group_id)[0]


def _target(one: ProvisionedGroup) -> tuple[str, UUID, str]:
    return ("directory group", one.id, one.name)
