"""How long the runs of a workflow usually take: p50 and p95 over 30 days, from daily rollups."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.statements import run_planned
from alerts.reads.places import Place
from monitoring.analysis.histogram import percentile
from monitoring.models import Dimension, Grain
from monitoring.reads.sent_histograms import read_histogram
from monitoring.windows import DAY, floor_to

DAYS = timedelta(days=30)
MIN_RUNS = 20
SHARE = 0.95

_DURATIONS = f"""
SELECT workflow_id, environment_id, string_agg(substr(array_send(histogram_bins), 21), ''),
    string_agg(substr(array_send(histogram_counts), 21), '')
FROM rollup WHERE team_id = %(team)s AND grain = {Grain.DAY:d} AND dimension = {Dimension.NONE:d}
    AND workflow_id = ANY(%(workflows)s) AND environment_id = ANY(%(environments)s) AND bucket >= %(since)s
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class UsualDuration:
    """The p95 (ms) of the runs whose duration is known, how many these are, and their p50 (ms)."""

    p95_ms: float
    runs: int
    p50_ms: float


def usual_durations(team_id: UUID, places: Collection[Place], now: datetime) -> Mapping[Place, UsualDuration]:
    """The usual durations at these places; those with fewer than `MIN_RUNS` timed runs are left out. One query."""
    if not places:
        return {}
    values = {
        "team": team_id,
        "workflows": sorted({workflow for workflow, _ in places}),
        "environments": sorted({environment for _, environment in places}),
        "since": floor_to(now, DAY) - DAYS,
    }
    found: dict[Place, UsualDuration] = {}
    for workflow_id, environment_id, bins, times in run_planned(_DURATIONS, values):
        histogram = read_histogram(bins, times)
        runs, p95 = sum(histogram.values()), percentile(histogram, SHARE)
        if runs >= MIN_RUNS and p95:
            found[workflow_id, environment_id] = UsualDuration(p95, runs, percentile(histogram, 0.5) or 0.0)
    return found
