"""A comparison of two releases as a plain document: for the API and for JSON of the page."""

from typing import Any

from monitoring.analysis.release_metrics import Compared, Share
from monitoring.reads.release_comparison import Comparison, PathRow, Subject


def comparison_document(found: Comparison, workflow: str) -> dict[str, Any]:
    """The comparison; `workflow` is the slug."""
    return {
        "workflow": workflow,
        "environment": found.environment,
        "before": _side(found.before),
        "after": _side(found.after),
        "metrics": [metric_document(one) for one in found.metrics],
        "nodes": [_path(one) for one in found.nodes],
        "transitions": [_path(one) for one in found.transitions],
        "groups": [
            {"id": one.id, "title": one.title, "node": one.node, "change": one.change.value, **_share(one.share)}
            for one in found.groups
        ],
    }


def metric_document(one: Compared) -> dict[str, Any]:
    """One figure of both."""
    found = one.found
    has_ratio = found is not None and found.ratio_low is not None
    return {
        "metric": one.name,
        "unit": one.unit,
        "before": one.before,
        "after": one.after,
        "change": found.change if found else None,
        "interval": [found.low, found.high] if found else None,
        "ratio": found.ratio if found else None,
        "ratio_interval": [found.ratio_low, found.ratio_high] if found and has_ratio else None,
        "runs_before": one.runs_before,
        "runs_after": one.runs_after,
        "reading": one.reading.value,
        "more_runs": one.more,
    }


def _side(one: Subject) -> dict[str, Any]:
    return {
        "release": one.release.name,
        "from": one.window.start,
        "to": one.window.end,
        "runs": one.totals.runs,
        "rated": one.totals.rated,
        "records": one.spreads.runs,
        "sampled_one_in": one.spreads.rate,
        "paths": one.paths.runs,
    }


def _path(row: PathRow) -> dict[str, Any]:
    return {"node": row.node, "next": row.following or None, **_share(row.share)}


def _share(share: Share) -> dict[str, Any]:
    return {"before": share.before, "after": share.after, "p_value": share.p_value}
