"""Which silences and maintenance windows are in force, and what they hold back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from alerts.analysis.matchers import Facts, is_whole_match
from alerts.analysis.quiet_times import Times
from alerts.models import Silence, SilenceKind


@dataclass(frozen=True, slots=True)
class Quiet:
    """A silence that is in force until `until`."""

    silence: Silence
    until: datetime


def times_of(one: Silence) -> Times:
    """When a silence is in force, as plain values."""
    length = timedelta(seconds=one.duration_s or 0)
    return Times(one.starts_at, one.ends_at, one.cron, one.zone or "UTC", length)


def in_force(team_id: UUID, now: datetime) -> list[Quiet]:
    """The silences and maintenance windows of a team that are in force, those that end last first. One query."""
    told = Silence.objects.filter(team_id=team_id, starts_at__lte=now, ends_at__gt=now).order_by("ends_at", "id")
    found = [Quiet(one, until) for one in told if (until := times_of(one).until(now))]
    return sorted(found, key=lambda one: (one.until, one.silence.id), reverse=True)


def holding(kind: SilenceKind, found: Iterable[Quiet], parts: Sequence[Facts]) -> Quiet | None:
    """The one of a kind that holds an incident back, the one that ends last; None when none does."""
    mine = (one for one in found if one.silence.kind == kind)
    return next((one for one in mine if is_whole_match(one.silence.matchers, parts)), None)


def muted(team_id: UUID, subjects: Mapping[UUID, Sequence[Facts]], now: datetime) -> dict[UUID, Quiet]:
    """Which of these (an id with its facts) a silence or maintenance window holds back. One query."""
    found = in_force(team_id, now)
    told = {
        id: next((q for kind in SilenceKind if (q := holding(kind, found, parts))), None)
        for id, parts in subjects.items()
    }
    return {id: quiet for id, quiet in told.items() if quiet is not None}
