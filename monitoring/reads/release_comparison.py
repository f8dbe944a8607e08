"""Two releases of a workflow side by side: figures with intervals, the path, failure groups.

Counts and durations come from rollups by release; spreads of cost, tokens and retries, the path and the groups from
executions, which retention removes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from accounts.phrases import gettext_noop
from accounts.statements import run_prepared
from monitoring.analysis.release_metrics import Compared, Share, Side, compare_shares, compare_sides, duration_moments
from monitoring.models import Dimension, FailureGroup
from monitoring.reads.figures import Totals
from monitoring.reads.labels import label_values
from monitoring.reads.release_records import (
    GroupFailures,
    Paths,
    ReleaseCut,
    Spreads,
    group_failures,
    paths_of,
    spreads_of,
)
from monitoring.reads.releases import KnownRelease, rate_counts
from monitoring.reads.rollup_rows import Pending
from monitoring.reads.trends import totals
from monitoring.windows import Window, minute_floor, parse_instant

# Of a release that is live for longer, the latest part.
LONGEST = timedelta(days=30)
MAX_GROUPS = 50
_FOLLOWING = """SELECT min(live_at) FROM release
    WHERE team_id = %s AND workflow_id = %s AND live_at > %s AND live_at <= %s"""


class GroupChange(StrEnum):
    """What became of a failure group; the value is also what an export writes."""

    NEW = gettext_noop("new")
    CAME_BACK = gettext_noop("came back")
    MORE = gettext_noop("more often")
    FEWER = gettext_noop("less often")
    GONE = gettext_noop("gone")
    NOT_SEEN = gettext_noop("not seen, too few runs to say")
    AS_BEFORE = gettext_noop("no difference shown")


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A failure group with its failures in both."""

    id: UUID
    title: str
    node: str | None
    share: Share
    change: GroupChange


@dataclass(frozen=True, slots=True)
class PathRow:
    """A node that runs visit, or (`following` told) a transition from it to the next one."""

    node: str
    following: str
    share: Share


@dataclass(frozen=True, slots=True)
class Subject:
    """One release in its window: all figures of rollups, and what its executions say."""

    release: KnownRelease
    window: Window
    totals: Totals
    spreads: Spreads
    paths: Paths
    groups: Mapping[UUID, GroupFailures]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`before` and `after` side by side. Paths and groups come with those that differ most first."""

    before: Subject
    after: Subject
    environment: str | None
    metrics: Sequence[Compared]
    nodes: Sequence[PathRow]
    transitions: Sequence[PathRow]
    groups: Sequence[GroupRow]
    group_count: int


def live_window(team_id: UUID, release: KnownRelease, now: datetime) -> Window:
    """While it was live: until another release of the workflow went live, or now; the latest 30 days of it."""
    start = release.live_at or now
    rows = run_prepared(_FOLLOWING, [team_id, release.workflow_id, start, now])
    end = max(rows[0][0] or now, start + timedelta(minutes=1))
    return Window(max(start, end - LONGEST), end, minutes_from=minute_floor(now)).aligned()


def window_told(team_id: UUID, release: KnownRelease, start: str, end: str, now: datetime) -> Window | None:
    """The window that an address tells; ends that it does not are those of `live_window`. None for what is no range."""
    live = live_window(team_id, release, now)
    first = parse_instant(start, now) if start else live.start
    last = parse_instant(end, now) if end else live.end
    if first is None or last is None or first >= last:
        return None
    return Window(first, last, minutes_from=minute_floor(now)).aligned()


def compare_releases(
    team_id: UUID,
    before: tuple[KnownRelease, Window],
    after: tuple[KnownRelease, Window],
    *,
    environment: str | None,
    marked: Pending,
) -> Comparison:
    """The comparison; each release with its window. The number of queries does not depend on what is found."""
    first, second = (_subject(team_id, *one, environment=environment, marked=marked) for one in (before, after))
    groups = _groups(team_id, first, second)
    return Comparison(
        first,
        second,
        environment,
        compare_sides(_side(first), _side(second)),
        _path_rows(_alone(first.paths.nodes), _alone(second.paths.nodes), first, second),
        _path_rows(first.paths.transitions, second.paths.transitions, first, second),
        groups[:MAX_GROUPS],
        len(groups),
    )


def _subject(
    team_id: UUID, release: KnownRelease, window: Window, *, environment: str | None, marked: Pending
) -> Subject:
    found = totals(
        team_id,
        window,
        workflow_id=release.workflow_id,
        environment=environment,
        dimension=Dimension.RELEASE,
        value_id=release.name_id,
        marked=marked,
    )
    cut = ReleaseCut(team_id, release.workflow_id, release.name, window.aligned(), environment)
    return Subject(release, window, found, spreads_of(cut, found.runs), paths_of(cut), group_failures(cut))


def _side(subject: Subject) -> Side:
    found, spreads = subject.totals, subject.spreads
    succeeded, rated = rate_counts(found)
    return Side(
        succeeded=succeeded,
        rated=rated,
        unmet=found.unmet,
        checked=found.checked,
        durations=found.histogram,
        duration=duration_moments(found.histogram, found.duration_ms.avg),
        cost=spreads.cost,
        tokens=spreads.tokens,
        retries=spreads.retries,
    )


def _alone(nodes: Mapping[str, int]) -> dict[tuple[str, str], int]:
    return {(node, ""): count for node, count in nodes.items()}


def _path_rows(
    before: Mapping[tuple[str, str], int], after: Mapping[tuple[str, str], int], first: Subject, second: Subject
) -> list[PathRow]:
    """The shares of runs, those that surely differ first, then by how much."""
    names = sorted({*before, *after})
    counts = [(before.get(name, 0), after.get(name, 0)) for name in names]
    shares = compare_shares(counts, first.paths.runs, second.paths.runs)
    rows = [PathRow(*name, share) for name, share in zip(names, shares, strict=True)]
    return sorted(rows, key=lambda row: (not row.share.is_shown, -abs(row.share.change or 0), row.node, row.following))


def _groups(team_id: UUID, first: Subject, second: Subject) -> list[GroupRow]:
    """All groups of either release: what surely changed first, then by failures in the later one."""
    ids = sorted({*first.groups, *second.groups})
    known = {one.id: one for one in FailureGroup.objects.filter(team_id=team_id, id__in=ids)}
    nodes = label_values(team_id, {one.node_id for one in known.values()})
    counts = [tuple(side.groups[id].failures if id in side.groups else 0 for side in (first, second)) for id in ids]
    shares = compare_shares([(one, other) for one, other in counts], first.totals.rated, second.totals.rated)
    rows = [
        GroupRow(id, group.title, nodes.get(group.node_id or 0), share, _change(share, group, second.window))
        for id, share in zip(ids, shares, strict=True)
        if (group := known.get(id)) is not None
    ]
    order = list(GroupChange)
    return sorted(rows, key=lambda row: (order.index(row.change), -row.share.after, -row.share.before, str(row.id)))


def _change(share: Share, group: FailureGroup, window: Window) -> GroupChange:
    """New ones began with the later release; what is not seen in it is gone where that is shown."""
    if not share.before:
        return GroupChange.NEW if group.first_seen_at >= window.start else GroupChange.CAME_BACK
    if not share.after:
        return GroupChange.GONE if share.is_shown else GroupChange.NOT_SEEN
    if not share.is_shown:
        return GroupChange.AS_BEFORE
    return GroupChange.MORE if (share.change or 0) > 0 else GroupChange.FEWER
