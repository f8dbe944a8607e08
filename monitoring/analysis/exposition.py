"""Metrics as text: OpenMetrics 1.0.0, and the older Prometheus text format 0.0.4.

Sources: https://prometheus.io/docs/specs/om/open_metrics_spec/ and
https://prometheus.io/docs/instrumenting/exposition_formats/. Counters are named without `_total`; the writers add it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"

# Whole numbers past it are written as floats.
LARGEST_WHOLE = 10**15
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a counter or gauge."""

    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """One histogram: `cumulated[i]` values are at most `Family.bounds[i]`; `count` are all of them."""

    labels: Labels
    cumulated: tuple[float, ...]
    count: float
    sum: float


@dataclass(frozen=True, slots=True)
class Family:
    """The metrics of one name. `bounds` are the upper bounds of a histogram, without the infinite one."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: Sequence[Sample] = ()
    distributions: Sequence[Distribution] = ()
    bounds: Sequence[float] = ()
    unit: str = ""
    since: datetime | None = field(default=None)


def openmetrics(families: Iterable[Family]) -> str:
    """The families as OpenMetrics 1.0.0, with the instant since which counters and histograms count."""
    lines: list[str] = []
    for family in families:
        lines += _head(family, family.name, has_unit=True)
        created = f"{family.since.timestamp():.3f}" if family.since else ""
        suffix = "_total" if family.kind == "counter" else ""
        for sample in family.samples:
            text = _labels(sample.labels)
            lines.append(f"{family.name}{suffix}{text} {number(sample.value)}")
            if suffix and created:
                lines.append(f"{family.name}_created{text} {created}")
        bounds = _bounds(family)
        for one in family.distributions:
            lines += _buckets(family, one, bounds)
            if created:
                lines.append(f"{family.name}_created{_labels(one.labels)} {created}")
    return "\n".join([*lines, "# EOF", ""])


def prometheus_text(families: Iterable[Family]) -> str:
    """The families as the text format 0.0.4."""
    lines: list[str] = []
    for family in families:
        name = f"{family.name}_total" if family.kind == "counter" else family.name
        lines += _head(family, name, has_unit=False)
        lines += (f"{name}{_labels(sample.labels)} {number(sample.value)}" for sample in family.samples)
        bounds = _bounds(family)
        for one in family.distributions:
            lines += _buckets(family, one, bounds)
    return "\n".join([*lines, ""])


def _head(family: Family, name: str, *, has_unit: bool) -> list[str]:
    lines = [f"# TYPE {name} {family.kind}"]
    if has_unit and family.unit:
        lines.append(f"# UNIT {name} {family.unit}")
    return [*lines, f"# HELP {name} {escape(family.help)}"]


def _bounds(family: Family) -> list[str]:
    return [f'le="{float(bound)!r}"}} ' for bound in family.bounds]


def _buckets(family: Family, one: Distribution, bounds: Sequence[str]) -> list[str]:
    inside = _pairs(one.labels)
    start = f"{family.name}_bucket{{{inside}{',' if inside else ''}"
    text = f"{{{inside}}}" if inside else ""
    return [
        *[f"{start}{bound}{number(count)}" for bound, count in zip(bounds, one.cumulated, strict=True)],
        f'{start}le="+Inf"}} {number(one.count)}',
        f"{family.name}_count{text} {number(one.count)}",
        f"{family.name}_sum{text} {number(one.sum)}",
    ]


def _pairs(labels: Labels) -> str:
    return ",".join([f'{name}="{escape(value)}"' for name, value in labels])


def _labels(labels: Labels) -> str:
    return f"{{{_pairs(labels)}}}" if labels else ""


def escape(text: str) -> str:
    """The text as it stands inside a label's quotes or in a line of help."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def number(value: float) -> str:
    """The shortest text that is exactly this number; whole ones without a fraction."""
    if type(value) is int and -LARGEST_WHOLE < value < LARGEST_WHOLE:
        return str(value)
    return str(int(value)) if value == int(value) and abs(value) < LARGEST_WHOLE else repr(float(value))
