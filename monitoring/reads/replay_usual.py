"""The usual range of each node's duration, from the rollups alone."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from accounts.statements import run_prepared
from monitoring.analysis.histogram import merge, percentile
from monitoring.identity import LabelKind, label_id
from monitoring.models import Dimension, Grain

# Fewer visits than this say nothing about what is usual.
MIN_VISITS = 20
LOW, HIGH = 0.05, 0.95

_HISTOGRAMS = f"""
SELECT value_id, histogram_bins, histogram_counts FROM rollup
WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND environment_id = %(environment)s
    AND dimension = {Dimension.NODE:d} AND value_id = ANY(%(nodes)s) AND grain = {Grain.MONTH:d}
    AND bucket >= %(first)s AND bucket <= %(last)s
ORDER BY value_id, bucket
"""


def usual_ranges(
    team_id: uuid.UUID, workflow_id: uuid.UUID, environment_id: int, nodes: Iterable[str], at: datetime
) -> Mapping[str, tuple[float, float]]:
    """The p5 and p95 of the duration (ms) of these nodes in the month of `at` and the one before. One query.

    Nodes with too few visits are left out.
    """
    ids = {label_id(LabelKind.NODE, name): name for name in nodes}
    month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    params: dict[str, Any] = {
        "team": team_id,
        "workflow": workflow_id,
        "environment": environment_id,
        "nodes": list(ids),
        "first": month - timedelta(days=31),
        "last": month,
    }
    parts: dict[int, list[tuple[list[int], list[int]]]] = {}
    for value_id, bins, counts in run_prepared(_HISTOGRAMS, params):
        parts.setdefault(value_id, []).append((bins, counts))
    found: dict[str, tuple[float, float]] = {}
    for value_id, histograms in parts.items():
        total = merge(histograms)
        low, high = percentile(total, LOW), percentile(total, HIGH)
        if low is not None and high is not None and sum(total.values()) >= MIN_VISITS:
            found[ids[value_id]] = (low, high)
    return found
