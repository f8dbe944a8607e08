"""Silences and maintenance windows as lists show them: which are in force, to come, or over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from alerts.analysis.quiet_times import SilenceState
from alerts.models import Silence
from alerts.reads.incident_samples import as_uuid
from alerts.reads.quiet import times_of

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the list is narrowed to; empty: not. `kind` is one of `SilenceKind`, `state` of `SilenceState`."""

    kind: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class SilenceRow:
    """A silence and where it stands."""

    silence: Silence
    state: SilenceState


@dataclass(frozen=True, slots=True)
class SilencePage:
    """Silences, and the cursor of the next ones (empty: these are the last)."""

    rows: Sequence[SilenceRow]
    next: str = ""


def state_of(one: Silence, now: datetime) -> SilenceState:
    """Where a silence stands."""
    if now >= one.ends_at:
        return SilenceState.PAST
    if now < one.starts_at:
        return SilenceState.COMING
    return SilenceState.ACTIVE if times_of(one).until(now) else SilenceState.WAITING


def page(team_id: UUID, chosen: Chosen, now: datetime, *, after: str = "", limit: int = PAGE_SIZE) -> SilencePage:
    """Silences after a place in the list, the latest end first. Two queries at most."""
    found = _matching(team_id, chosen, now)
    if place := read_cursor(after):
        at, id = place
        found = found.filter(Q(ends_at__lt=at) | Q(ends_at=at, id__gt=id))
    rows = list(found.select_related("created_by").order_by("-ends_at", "id")[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    following = f"{last.ends_at.isoformat()}_{last.id}" if last else ""
    return SilencePage([SilenceRow(one, state_of(one, now)) for one in rows[:limit]], following)


def find(team_id: UUID, silence_id: UUID, now: datetime) -> SilenceRow | None:
    """One silence; None for one of another team."""
    one = Silence.objects.filter(team_id=team_id, id=silence_id).select_related("created_by").first()
    return SilenceRow(one, state_of(one, now)) if one else None


def read_cursor(text: str) -> tuple[datetime, UUID] | None:
    """End and id that a cursor holds; None when it is empty or damaged."""
    told, _, id = text.partition("_")
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        return None
    found = as_uuid(id)
    return (at, found) if at.tzinfo and found else None


def _matching(team_id: UUID, chosen: Chosen, now: datetime) -> QuerySet[Silence]:
    found = Silence.objects.filter(team_id=team_id)
    if chosen.kind:
        found = found.filter(kind=chosen.kind)
    if chosen.state == SilenceState.PAST:
        return found.filter(ends_at__lte=now)
    if chosen.state == SilenceState.COMING:
        return found.filter(starts_at__gt=now, ends_at__gt=now)
    if chosen.state in (SilenceState.ACTIVE, SilenceState.WAITING):
        begun = found.filter(starts_at__lte=now, ends_at__gt=now)
        # Whether one that comes again is in force its cron expression says, which SQL cannot read.
        again = [one.id for one in begun.exclude(cron="") if state_of(one, now) == chosen.state]
        return begun.filter(Q(id__in=again) | Q(cron="") if chosen.state == SilenceState.ACTIVE else Q(id__in=again))
    return found
