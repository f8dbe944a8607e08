"""When failures (or slow runs) began, and what happened at that time: releases, new errors, beginnings elsewhere."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.statements import run_planned
from monitoring.analysis.change_point import SIGNIFICANCE, Beginning, latency_beginning, rate_beginning
from monitoring.analysis.coincidence import Coincidence, Event, EventKind, Onset, coincidences
from monitoring.analysis.rate_scan import split_rates
from monitoring.reads.cuts import Cut, select_spans
from monitoring.reads.merged import merger_of, root_sql
from monitoring.reads.releases import ReleaseMark
from monitoring.reads.rollup_rows import segments
from monitoring.reads.trends import Series, starts_of
from monitoring.windows import Window

# Other workflows that are looked at: those with most failures in the window.
MAX_WORKFLOWS = 20
MAX_GROUPS = 100
# A split with a smaller chi-square (one degree of freedom) is not scanned: over many splits it is chance.
MIN_CHI_SQUARE = 7.0


@dataclass(frozen=True, slots=True)
class Began:
    """When it began, in times: the best one, the stretch it lies in, and when it ended (None: it has not)."""

    beginning: Beginning
    at: datetime
    earliest: datetime
    latest: datetime
    ended_at: datetime | None
    is_latency: bool


def find_beginning(series: Series, *, is_latency: bool) -> Beginning:
    """When the failure rate of a series changed, or how long its runs take."""
    if is_latency:
        return latency_beginning([point.totals.histogram for point in series.points])
    points = [point.totals for point in series.points]
    return rate_beginning([one.failures for one in points], [one.rated for one in points])


def began_at(series: Series, beginning: Beginning, window: Window) -> Began | None:
    """The times of a beginning; None where there is no single one."""
    if not beginning.is_found or beginning.bucket is None:
        return None
    starts = [max(point.start, window.start) for point in series.points]
    earliest = starts[beginning.earliest if beginning.earliest is not None else beginning.bucket]
    last = beginning.latest if beginning.latest is not None else beginning.bucket
    return Began(
        beginning,
        starts[beginning.bucket],
        earliest,
        # It lies somewhere in the last bucket that it may be in.
        min(series.points[last].start + series.bucket, window.end),
        None if beginning.ended is None else starts[beginning.ended],
        beginning.is_duration,
    )


def coinciding(cut: Cut, began: Began, like: Series, releases: Sequence[ReleaseMark]) -> list[Coincidence]:
    """What falls near a beginning that was found in the series `like`. Two queries."""
    window = cut.window
    events = [Event(EventKind.RELEASE, mark.name, mark.at) for mark in releases]
    events += [*_new_groups(cut), *_beginnings_elsewhere(cut, like)]
    return coincidences(Onset(began.at, began.earliest, began.latest, window.start, window.end), events)


# A merged group is new where none of its parts was seen before, and has the title of the part seen first.
_GROUPS = f"""SELECT (array_agg(g.title ORDER BY g.first_seen_at, g.id))[1], min(g.first_seen_at), {root_sql("g.id")}
FROM failure_group g {merger_of("g.id")}
WHERE g.team_id = %(team)s AND g.workflow_id = %(workflow)s
    AND (g.last_seen_at >= %(start)s OR merger.merged_into_id IS NOT NULL OR g.id IN (
        SELECT merged_into_id FROM group_triage WHERE team_id = %(team)s AND merged_into_id IS NOT NULL))
GROUP BY 3 HAVING min(g.first_seen_at) >= %(start)s AND min(g.first_seen_at) < %(end)s
ORDER BY 2, 3 LIMIT {MAX_GROUPS}"""


def _new_groups(cut: Cut) -> list[Event]:
    return [Event(EventKind.ERROR, title, at, str(number)) for title, at, number in run_planned(_GROUPS, cut.values())]


_ELSEWHERE = f"""
WITH most AS (
    SELECT workflow_id FROM ({{coarse}}) AS part
    GROUP BY 1 HAVING sum(failures) > 0 ORDER BY sum(failures) DESC, 1 LIMIT {MAX_WORKFLOWS}
)
SELECT r.workflow_id, w.name, date_bin(%(length)s, r.bucket, '1970-01-05 00:00:00+00'::timestamptz),
    sum(r.failures)::bigint, sum(r.rated)::bigint
FROM ({{fine}}) AS r
JOIN workflow w ON w.team_id = %(team)s AND w.id = r.workflow_id AND w.completeness <> 'failures-only'
GROUP BY 1, 2, 3
"""


def _beginnings_elsewhere(cut: Cut, like: Series) -> list[Event]:
    """When other workflows of the team began to fail, over the same buckets."""
    window = cut.window.aligned()
    others = f"team_id = %(team)s AND dimension = 0 AND workflow_id <> %(workflow)s {cut.in_environment}"
    columns = "workflow_id, failed + timed_out AS failures"
    coarse, values = select_spans(cut.segments, columns, others, "coarse")
    fine, more = select_spans(
        segments(window, cut.marked, coarsest=like.bucket),
        f"{columns}, bucket, succeeded + failed + timed_out AS rated",
        f"{others} AND workflow_id IN (SELECT workflow_id FROM most)",
        "fine",
    )
    text = _ELSEWHERE.format(coarse=coarse, fine=fine)
    counts: dict[tuple[UUID, str], dict[datetime, tuple[int, int]]] = defaultdict(dict)
    for whose, name, start, failures, rated in run_planned(text, cut.values(length=like.bucket, **values, **more)):
        counts[whose, name][start] = failures, rated
    starts = starts_of(window, like.bucket)
    found = []
    for (whose, name), by_start in counts.items():
        figures = [by_start.get(start, (0, 0)) for start in starts]
        place = _bucket_of_beginning([f for f, _ in figures], [r for _, r in figures])
        if place is not None:
            found.append(Event(EventKind.WORKFLOW, name, max(starts[place], window.start), str(whose)))
    return found


def _bucket_of_beginning(failures: Sequence[int], rated: Sequence[int]) -> int | None:
    """The bucket of the greatest rise of a series; of what lies before it where its greatest change is a fall.

    Not the whole search of `rate_beginning`: that looks into each part again, and costs several times as much.
    """
    if not _may_have_changed(failures, rated):
        return None
    split = split_rates(failures, rated)
    if split is not None and not split.is_rise and split.p_value < SIGNIFICANCE:
        split = split_rates(failures[: split.place], rated[: split.place])
    return split.place if split is not None and split.is_rise and split.p_value < SIGNIFICANCE else None


def _may_have_changed(failures: Sequence[int], rated: Sequence[int]) -> bool:
    """Whether some split has rates far enough apart: with 60 buckets none is significant below about three errors."""
    runs, events = sum(rated), sum(failures)
    if not events or events == runs:
        return False
    rate, passed, passed_events = events / runs, 0, 0
    for more, of in zip(failures, rated, strict=True):
        passed, passed_events = passed + of, passed_events + more
        if 0 < passed < runs:
            excess = passed_events - rate * passed
            if excess**2 > MIN_CHI_SQUARE * rate * (1 - rate) * passed * (runs - passed) / runs:
                return True
    return False
