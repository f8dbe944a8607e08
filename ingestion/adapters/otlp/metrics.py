"""Data points of metrics: one number each. Of histograms and summaries the sum and count are kept."""

import math
from datetime import datetime
from itertools import count
from typing import Any

from ingestion.adapters.otlp.resources import Resource
from ingestion.adapters.otlp.shapes import Bounds, Point, bounds_at, cut, moment
from ingestion.adapters.otlp.told import as_text
from ingestion.adapters.refusals import Refused
from ingestion.records import Decoded, MetricPoint, Rejection

MAX_LABELS = 100
MAX_UNIT = 63
_RESOURCE_LABELS = ("service.name", "service.namespace", "service.instance.id", "deployment.environment.name")


def to_points(bundles: Any, now: datetime) -> Decoded:
    """The points of a request; each refused one is a rejection with its place among the points."""
    decoded, bounds = Decoded(metrics=[], rejected=[], unknown={}), bounds_at(now)
    places = count()
    for bundle in bundles:
        resource = Resource(bundle.resource, decoded.unknown)
        for metric in bundle.items:
            points = [metric] if isinstance(metric, Refused) else metric
            for point, index in zip(points, places, strict=False):
                _take(decoded, index, point, resource, bounds)
    return decoded


def _take(decoded: Decoded, index: int, point: Point | Refused, resource: Resource, bounds: Bounds) -> None:
    try:
        if isinstance(point, Refused):
            raise point
        told = _read(point, resource, bounds)
    except Refused as refused:
        decoded.rejected.append(Rejection(index=index, field=refused.field, reason=refused.reason))
        return
    if told is None:
        decoded.ignored += 1
    else:
        decoded.metrics.append((index, told))


def _read(point: Point, resource: Resource, bounds: Bounds) -> MetricPoint | None:
    """None for a point that says that nothing was recorded."""
    if not point.name:
        raise Refused("name", "is missing")
    if point.value is None and point.count is None:
        return None
    if point.value is None:
        raise Refused("sum", "is missing: a histogram without a sum cannot be kept")
    if not math.isfinite(point.value):
        raise Refused("value", "must be a finite number")
    at = moment(point.at, "timeUnixNano", bounds)
    if at is None:
        raise Refused("timeUnixNano", "is missing")
    return MetricPoint(
        name=cut(point.name),
        at=at,
        value=point.value,
        unit=cut(point.unit, MAX_UNIT) or None,
        kind=point.kind,
        count=point.count,
        labels=_labels(point, resource),
    )


def _labels(point: Point, resource: Resource) -> dict[str, str] | None:
    told = {name: resource.attributes[name] for name in _RESOURCE_LABELS if name in resource.attributes}
    told |= point.attributes
    if point.is_delta:
        # What was counted since the point before, not since the start.
        told["otel.temporality"] = "delta"
    return {cut(name): as_text(value) for name, value in list(told.items())[:MAX_LABELS]} or None
