"""Which execution, and which of its steps, a log line belongs to. Pure.

An execution's own id is kept as it is told. A trace id becomes lower hex without dashes, as OTLP makes it, so a line
and the spans of its trace meet in one execution. Ids over 256 characters and all-zero ones are no ids.
"""

import re
from typing import Any

from msgspec import Struct

from ingestion.adapters import wire
from ingestion.adapters.logs.places import Fields, find

EXECUTION_NAMES = ("execution_id", "executionId", "run_id", "runId", "workflow_run_id", "n8n.execution.id")
TRACE_NAMES = (
    "trace_id",
    "traceId",
    "traceid",
    "TraceId",
    "traceID",
    "trace.id",
    "otelTraceID",
    "dd.trace_id",
    "logging.googleapis.com/trace",
    "xray_trace_id",
)
SPAN_NAMES = (
    "span_id",
    "spanId",
    "spanid",
    "SpanId",
    "spanID",
    "span.id",
    "otelSpanID",
    "dd.span_id",
    "logging.googleapis.com/spanId",
)
STEP_NAMES = ("step_id", "stepId")
_HEX = re.compile(r"^[0-9a-f]+$")
# W3C Trace Context: version, trace id, parent (span) id, flags.
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
# AWS X-Ray writes the same 32 digits as `1-<8>-<24>`.
_XRAY = re.compile(r"^1-([0-9a-f]{8})-([0-9a-f]{24})$")
# `key=value` pairs of plain text, as logfmt and OpenTelemetry's logging format write them.
_PAIR = re.compile(r'(?:^|[\s\[{(,|])([A-Za-z_.]{2,20})="?([\w.:/-]{1,256})')
_TEXT_NAMES = frozenset(name for name in (*EXECUTION_NAMES, *TRACE_NAMES, *SPAN_NAMES, "level", "traceparent"))
_TRACE_DIGITS, _SPAN_DIGITS = 32, 16


class Identity(Struct, frozen=True, gc=False):
    """The execution that a line belongs to (None: to none), and the step."""

    execution: str | None = None
    step: str | None = None


NOBODY = Identity()


def _hex_id(value: Any, name: str, digits: int) -> str | None:
    """An id of OpenTelemetry: lower hex of this many digits, shorter ones padded; None when it is not one.

    Datadog's are decimal numbers of 64 bits unless they have all 32 digits.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip().lower()
    if name.startswith("dd.") and text.isdigit() and len(text) <= 20:
        text = f"{int(text):0{digits}x}"
    text = text.rpartition("/")[2]
    if match := _XRAY.match(text):
        text = match[1] + match[2]
    text = text.replace("-", "")
    is_id = len(text) in (_SPAN_DIGITS, digits) and _HEX.match(text) and text.strip("0")
    return text.rjust(digits, "0") if is_id else None


def _plain_id(value: Any) -> str | None:
    """Any other id: text or a whole number, as told."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return text if 0 < len(text) <= wire.MAX_ID and text.strip("0-") else None


def _trace(places: list[Fields]) -> str | None:
    """The trace's id; one that is no hex of the right length belongs to another system and is kept as told."""
    for name, value in find(places, TRACE_NAMES):
        if found := _hex_id(value, name, _TRACE_DIGITS) or _plain_id(value):
            return found
    return None


def identify(places: list[Fields]) -> Identity:
    """The execution and the step that these fields name: an execution's own id wins over a trace's."""
    execution = next((text for _, value in find(places, EXECUTION_NAMES) if (text := _plain_id(value))), None)
    trace, span = _trace(places), None
    for _, value in find(places, ("traceparent",)):
        if trace is None and isinstance(value, str) and (match := _TRACEPARENT.match(value.strip().lower())):
            trace = match[1] if match[1].strip("0") else None
            span = match[2] if match[2].strip("0") else None
    if (owner := execution or trace) is None:
        return NOBODY
    spans = (_hex_id(value, name, _SPAN_DIGITS) for name, value in find(places, SPAN_NAMES))
    steps = (_plain_id(value) for _, value in find(places, STEP_NAMES))
    return Identity(owner, next((step for step in (*steps, *spans) if step), span))


def pairs_of(text: str) -> Fields:
    """The fields of interest that a plain text tells as `key=value`."""
    if "=" not in text:
        return {}
    return {name: value for name, value in _PAIR.findall(text[: wire.MAX_LOG_MESSAGE]) if name in _TEXT_NAMES}
