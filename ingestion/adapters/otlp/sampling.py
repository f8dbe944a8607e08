"""What a span says about sampling, and so about the trace that it is a part of.

- `ot=th:<hex>` in the trace state: the rejection threshold of consistent probability sampling, 56 bits of which zeros
  at the end are left out. The share that is kept is 1 - threshold / 2^56 (OpenTelemetry, "TraceState: Probability
  Sampling"). SDKs with a composite sampler and collectors write it.
- `ot=p:<number>`: the same before 2023, the share is 2^-p; 63 stands for none.
- attributes of the span or its resource: Honeycomb's `SampleRate` (one in how many), `logfire.sample_rate` (the share),
  Azure Monitor's `microsoft.sample_rate` (per cent). They say what whoever sampled last knew, so they go before.
"""

import re
from functools import lru_cache
from typing import Any

from ingestion.adapters.otlp.shapes import cut
from ingestion.adapters.otlp.told import Told
from ingestion.adapters.rates import nearest, of_percent, of_share, one_in
from ingestion.records import Rate, SamplingOrigin

# How the fields of `plans.SAMPLING_FIELDS` are read.
READERS = {"sampled_one_in": one_in, "sampled_share": of_share, "sampled_percent": of_percent}
_MEMBER = re.compile(r"(?:^|,)\s*ot=([^,]*)")
_THRESHOLD = re.compile(r"(?:^|;)(th:([0-9a-f]{1,14}))(?:;|\s*$)")
_EXPONENT = re.compile(r"(?:^|;)(p:([0-9]{1,2}))(?:;|\s*$)")
_THRESHOLD_DIGITS = 14
_MAX_EXPONENT = 62


def rate_of_span(state: str, told: Told) -> Rate | None:
    """The rate that a span tells, by an attribute or else in its trace state."""
    for field, place in told.plan.sampling:
        if rate := rate_of_attribute(field, told.plan.names[place], told.values[place]):
            return rate
    return rate_of_state(state) if state else None


def rate_of_attribute(field: str, name: str, value: Any) -> Rate | None:
    """The rate that an attribute tells; None for a value that is no rate."""
    number = READERS[field](value)
    return None if number is None else Rate(number, SamplingOrigin.ATTRIBUTE, cut(f"{name}: {value}"))


@lru_cache(maxsize=4_096)
def rate_of_state(state: str) -> Rate | None:
    """The rate in a trace state, if it has one that can be read."""
    member = _MEMBER.search(state)
    if member is None:
        return None
    if found := _THRESHOLD.search(member[1]):
        kept = (1 << 4 * _THRESHOLD_DIGITS) - int(found[2].ljust(_THRESHOLD_DIGITS, "0"), 16)
        number = nearest((1 << 4 * _THRESHOLD_DIGITS) / kept)
    elif (found := _EXPONENT.search(member[1])) and int(found[2]) <= _MAX_EXPONENT:
        number = float(1 << int(found[2]))
    else:
        return None
    return None if number is None else Rate(number, SamplingOrigin.TRACE_STATE, f"ot={found[1]}")
