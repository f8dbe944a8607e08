"""The channels of a team, how each is doing, and who may be told by e-mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db.models import Count

from accounts.models import MemberGroup, Membership
from alerts.analysis.notices import NoticeKind
from alerts.models import AlertDelivery, AlertDeliveryStatus, Channel


class State(StrEnum):
    """How a channel is doing; those to look at first come first."""

    FAILING = "failing"
    NEW = "new"
    WORKING = "working"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel with how many of its deliveries wait, and how many were given up; tests left out."""

    channel: Channel
    waiting: int = 0
    given_up: int = 0

    @property
    def state(self) -> State:
        """Failing is: the last thing that happened was a fault."""
        one = self.channel
        if not one.is_active:
            return State.OFF
        if one.last_error:
            return State.FAILING
        return State.WORKING if one.last_success_at else State.NEW


def listing(team_id: UUID) -> Sequence[ChannelRow]:
    """All channels: failing ones first, then by name."""
    found = Channel.objects.filter(team_id=team_id).order_by("name", "id")
    counts = _counts(team_id)
    rows = [_row(one, counts) for one in found]
    return sorted(rows, key=lambda row: list(State).index(row.state))


def find(team_id: UUID, channel_id: UUID) -> ChannelRow | None:
    """One channel of the team."""
    one = Channel.objects.filter(team_id=team_id, id=channel_id).select_related("team").first()
    return _row(one, _counts(team_id)) if one else None


def _row(one: Channel, counts: dict[tuple[UUID, str], int]) -> ChannelRow:
    waiting = counts.get((one.id, AlertDeliveryStatus.WAITING), 0)
    return ChannelRow(one, waiting, counts.get((one.id, AlertDeliveryStatus.FAILED), 0))


def _counts(team_id: UUID) -> dict[tuple[UUID, str], int]:
    unsent = AlertDelivery.objects.filter(team_id=team_id).exclude(status=AlertDeliveryStatus.SENT)
    unsent = unsent.exclude(kind=NoticeKind.TEST)
    rows = unsent.order_by().values_list("channel_id", "status").annotate(count=Count("id"))
    return {(channel_id, status): count for channel_id, status, count in rows}


def people(team_id: UUID) -> list[tuple[str, str]]:
    """Members who can be told, as id and address, by address."""
    members = Membership.objects.filter(team_id=team_id, user__is_active=True).order_by("user__email")
    return [(str(user_id), email) for user_id, email in members.values_list("user_id", "user__email")]


def groups(team_id: UUID) -> list[tuple[str, str]]:
    """Groups of members, as id and name, by name."""
    found = MemberGroup.objects.filter(team_id=team_id).order_by("name", "id").values_list("id", "name")
    return [(str(id), name) for id, name in found]


def names(team_id: UUID) -> list[tuple[str, str]]:
    """All channels, as id and name, by name."""
    found = Channel.objects.filter(team_id=team_id).order_by("name", "id").values_list("id", "name")
    return [(str(id), name) for id, name in found]
