"""Whether the failure group of an improvement came back in a later release than the one that carries it.

A failure belongs to the release that its execution told; one that told none, to the release that was live at its time.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from monitoring.analysis.returning import Side, has_returned
from monitoring.models import Improvement, Release
from monitoring.reads.proof_hours import Subject, failures_by_hour, rows_of
from monitoring.windows import HOUR, ceil_to, floor_to

# Later releases than these are looked at when the first of them are gone from the question.
MAX_RELEASES = 50


@dataclass(frozen=True, slots=True)
class Told:
    """Runs or failures of one hour: the label of their release (None: not told) and how many."""

    release_id: int | None
    at: datetime
    count: int


def group_of(one: Improvement) -> UUID | None:
    """The failure group that an improvement is about: its own, else that of its finding."""
    if one.failure_group_id is not None:
        return one.failure_group_id
    return one.finding.failure_group_id if one.finding is not None else None


def returned_in(one: Improvement, release: Release, now: datetime) -> Release | None:
    """The first later release in which the failure group is back; None while it is not."""
    group_id, live_at = group_of(one), release.live_at
    if group_id is None or live_at is None or live_at >= now:
        return None
    later = Release.objects.filter(team_id=one.team_id, workflow_id=one.workflow_id, live_at__gte=live_at)
    releases = list(later.order_by("live_at", "id")[:MAX_RELEASES])
    if len(releases) < 2 or releases[-1].live_at == live_at:
        return None
    subject = Subject(one.team_id, one.workflow_id, one.environment_id, "failure_rate", group_id)
    failures = _by_release(releases, _failures(subject, live_at, now))
    if not failures:
        return None
    runs = _by_release(releases, _runs(subject, live_at, now))
    own = Side(0, 0)
    for found in releases:
        this = Side(runs.get(found.id, 0), failures.get(found.id, 0))
        is_later = found.live_at is not None and found.live_at > live_at
        if is_later and has_returned(own, this):
            return found
        own = Side(own.runs + this.runs, own.failures + this.failures)
    return None


def _failures(subject: Subject, start: datetime, end: datetime) -> list[Told]:
    return [Told(release, first, count) for release, _, first, count in failures_by_hour(subject, start, end)]


def _runs(subject: Subject, start: datetime, end: datetime) -> list[Told]:
    """Rated runs from rollups: those of each release, and what is left of each hour."""
    first, last = floor_to(start, HOUR), ceil_to(end, HOUR)
    told = [Told(row.release_id, row.at, row.rated) for row in rows_of(subject, first, last, by_release=True)]
    known: defaultdict[datetime, int] = defaultdict(int)
    for one in told:
        known[one.at] += one.count
    every = rows_of(subject, first, last)
    return told + [Told(None, row.at, row.rated - known[row.at]) for row in every if row.rated > known[row.at]]


def _by_release(releases: Sequence[Release], told: Iterable[Told]) -> dict[UUID, int]:
    """Counts by release; those of releases that went live before are left out."""
    by_name = {release.name_id: release for release in releases}
    found: defaultdict[UUID, int] = defaultdict(int)
    for one in told:
        own = by_name.get(one.release_id) if one.release_id is not None else _live_at(releases, one.at)
        if own is not None:
            found[own.id] += one.count
    return dict(found)


def _live_at(releases: Sequence[Release], moment: datetime) -> Release | None:
    live = [release for release in releases if release.live_at is not None and release.live_at <= moment]
    return live[-1] if live else None
