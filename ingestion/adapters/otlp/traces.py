"""Spans to executions: one trace is one execution, whatever the order, split and repetition of its spans."""

from datetime import datetime
from itertools import count
from typing import Any

from ingestion.adapters.otlp.resources import Resource
from ingestion.adapters.otlp.shapes import Bounds, Bundle, Span, bounds_at
from ingestion.adapters.otlp.spans import read_span
from ingestion.adapters.otlp.trace import Trace
from ingestion.adapters.refusals import Refused
from ingestion.records import Decoded, Rejection


def to_executions(bundles: Any, now: datetime) -> Decoded:
    """The executions that the spans of a request tell about; each refused span is a rejection with its place."""
    decoded = Decoded(reports=[], rejected=[], unknown={}, sampled=[])
    bounds, traces = bounds_at(now), dict[str, Trace]()
    places = count()
    for bundle in bundles:
        decoded.unknown = bundle.unknown
        resource = Resource(bundle.resource, decoded.unknown)
        for item, index in zip(bundle.items, places, strict=False):
            _take(traces, decoded, index, item, bundle, resource, bounds)
    for trace in traces.values():
        decoded.reports += trace.reports()
        decoded.sampled += trace.sampled()
    return decoded


def _take(
    traces: dict[str, Trace],
    decoded: Decoded,
    index: int,
    item: Span | Refused,
    bundle: Bundle,
    resource: Resource,
    bounds: Bounds,
) -> None:
    try:
        if isinstance(item, Refused):
            raise item
        read = read_span(item, bundle.scope, bounds)
    except Refused as refused:
        decoded.rejected.append(Rejection(index=index, field=refused.field, reason=refused.reason))
        return
    if read.is_test:
        decoded.ignored += 1
        return
    trace = traces.get(read.trace_id)
    if trace is None:
        trace = traces[read.trace_id] = Trace(read.trace_id, index)
    trace.add(read, resource)
