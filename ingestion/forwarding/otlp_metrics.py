"""Metrics as OTLP: the figures of `/metrics` for the push, and points that sources measured themselves. Pure.

Counters and histograms are cumulative since the start that the figures tell, as in `/metrics`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
)

from ingestion.forwarding.otlp import CONTENT_TYPE, SCOPE, nanoseconds, pairs, resource_of
from ingestion.forwarding.parcels import Message, Parcel
from monitoring.analysis.exposition import Distribution, Family, Sample

PATH = "/v1/metrics"
_CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


def encode_families(families: Iterable[Family], now: datetime, resource: Mapping[str, Any]) -> Message:
    """The request that brings these families, measured at `now`."""
    return _request([_metric(family, now) for family in families if family.samples or family.distributions], resource)


def encode_points(parcels: Sequence[Parcel], resource: Mapping[str, Any]) -> list[Message]:
    """The request that brings what sources measured; none where they measured nothing."""
    found = []
    for point in (point for parcel in parcels for point in parcel.contents.metrics):
        metric = Metric(name=point.name, unit=point.unit or "")
        labels = pairs(point.labels or {})
        metric.gauge.data_points.append(
            NumberDataPoint(time_unix_nano=nanoseconds(point.at), as_double=point.value, attributes=labels)
        )
        found.append(metric)
    return [_request(found, resource)] if found else []


def _request(metrics: Sequence[Metric], resource: Mapping[str, Any]) -> Message:
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    group.resource.attributes.extend(resource_of(("", ""), resource))
    scope = group.scope_metrics.add()
    scope.scope.name = SCOPE
    scope.metrics.extend(metrics)
    return Message(PATH, request.SerializeToString(), CONTENT_TYPE)


def _metric(family: Family, now: datetime) -> Metric:
    since = nanoseconds(family.since) if family.since else 0
    metric = Metric(name=family.name, description=family.help, unit="s" if family.unit == "seconds" else "")
    if family.kind == "histogram":
        metric.histogram.aggregation_temporality = _CUMULATIVE
        metric.histogram.data_points.extend(_histogram(family, one, since, now) for one in family.distributions)
        return metric
    points = [_number(one, since, now) for one in family.samples]
    if family.kind == "counter":
        metric.sum.aggregation_temporality = _CUMULATIVE
        metric.sum.is_monotonic = True
        metric.sum.data_points.extend(points)
    else:
        metric.gauge.data_points.extend(points)
    return metric


def _number(one: Sample, since: int, now: datetime) -> NumberDataPoint:
    return NumberDataPoint(
        start_time_unix_nano=since,
        time_unix_nano=nanoseconds(now),
        as_double=float(one.value),
        attributes=pairs(dict(one.labels)),
    )


def _histogram(family: Family, one: Distribution, since: int, now: datetime) -> HistogramDataPoint:
    """Buckets of their own, not cumulated, and one more for what is above the last bound."""
    steps = pairwise((0.0, *one.cumulated, one.count))
    return HistogramDataPoint(
        start_time_unix_nano=since,
        time_unix_nano=nanoseconds(now),
        count=int(one.count),
        sum=one.sum,
        bucket_counts=[int(upper - lower) for lower, upper in steps],
        explicit_bounds=[float(bound) for bound in family.bounds],
        attributes=pairs(dict(one.labels)),
    )
