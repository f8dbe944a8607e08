"""Whom an e-mail channel reaches now: members and groups by who they are today, and free addresses."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from accounts.models import GroupMember, Membership


def recipients(team_id: UUID, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses, each once, in the order of the alphabet. Who left the team gets nothing."""
    groups = [UUID(one) for one in settings.get("groups") or []]
    chosen = {UUID(one) for one in settings.get("members") or []}
    if groups:
        found = GroupMember.objects.filter(team_id=team_id, group_id__in=groups)
        chosen |= set(found.values_list("user_id", flat=True))
    told = {one.lower() for one in settings.get("addresses") or []}
    if chosen:
        members = Membership.objects.filter(team_id=team_id, user_id__in=chosen, user__is_active=True)
        told |= {email.lower() for email in members.values_list("user__email", flat=True)}
    return tuple(sorted(told))
