"""Ready values that pages hand to the components in `templates/components` (see `docs/components.md`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.utils.functional import Promise

Tone = Literal["ok", "watch", "fail", "idle"]
ChartKind = Literal["line", "bars", "band"]
ChartUnit = Literal["count", "percent", "ms", "usd"]
Colour = Literal["c1", "c2", "c3", "c4", "c5", "c6", "bar", "ok", "fail", "warn"]

_ROUND_SECONDS = (1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 14400, 43200)
_ROUND_STEPS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, *(second * 1000 for second in _ROUND_SECONDS))


@dataclass(frozen=True, slots=True)
class Action:
    """A link that looks like a button. One `primary` a page."""

    label: str
    href: str
    icon: str = ""
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A short piece of evidence under a verdict."""

    text: str
    icon: str = "flag"


@dataclass(frozen=True, slots=True)
class RailStep:
    """A step of the investigation. `state`: current, done or empty. Without `href` it cannot be opened yet."""

    number: int
    title: str
    note: str = ""
    href: str = ""
    state: Literal["", "current", "done"] = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of tabs and of segmented links."""

    label: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class FilterChip:
    """A filter in force: its name, its value in words, and the address without it."""

    name: str
    value: str
    remove_href: str
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """A filter that can be added: query parameter, label and its values (none: typed)."""

    param: str
    label: str
    options: Sequence[tuple[str, str]] | Sequence[tuple[str, Promise]] = ()


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One step on the timeline. Times in ms from the start of the execution; None: not told.

    `status` is a status word or `diverged`, `affected`, `not_taken`; `waits` are (start, length) of pauses before
    a retry; `usual` is the usual range (p5, p95) of the duration; `critical_share` the share of all time that
    a step on the critical path took by itself (None: not on it).
    """

    name: str
    status: str
    start_ms: float | None
    duration_ms: float | None
    href: str = ""
    anchor: str = ""
    icon: str = ""
    note: str = ""
    depth: int = 0
    current: bool = False
    usual: tuple[float, float] | None = None
    waits: Sequence[tuple[float, float]] = ()
    critical_share: float | None = None


@dataclass(frozen=True, slots=True)
class Marker:
    """A moment drawn across a chart: a release or an incident."""

    at: datetime
    label: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """A level drawn across a chart, in the unit of its values (a share of 1 for percent)."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Span:
    """A time drawn as a band behind a chart."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Series:
    """One value a bucket, None where there is none. `role` "area" fills down to the series before it (kind band)."""

    label: str
    values: Sequence[float | None]
    colour: Colour = "c1"
    role: Literal["line", "area", "average"] = "line"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over time, already bucketed (at most 500 buckets).

    `starts` are the starts of the buckets; `label` states the finding for readers who do not see the canvas;
    `unit` says what the values are: counts, shares of 1, milliseconds, US dollars; `height` names a size in the
    style sheet. Values of a line that miss the objective's threshold are drawn in the failure colour; `limit` is a
    level without that. `spans` are drawn behind the series.
    """

    id: str
    kind: ChartKind
    unit: ChartUnit
    label: str
    starts: Sequence[datetime]
    bucket_ms: int
    series: Sequence[Series]
    window: tuple[datetime, datetime]
    zone: str = "UTC"
    height: Literal["small", "rate", "medium", "large"] = "medium"
    objective: Threshold | None = None
    markers: Sequence[Marker] = field(default_factory=tuple)
    time_axis: bool = True
    limit: Threshold | None = None
    spans: Sequence[Span] = field(default_factory=tuple)
    # How buckets are named where their start and length do not say it: months, days of a ledger.
    titles: Sequence[str] = field(default_factory=tuple)

    def payload(self) -> dict[str, Any]:
        """What `static/js/charts.js` draws: times in ms since 1970, values as they are."""
        return {
            "kind": self.kind,
            "unit": self.unit,
            "zone": self.zone,
            "from": epoch_ms(self.window[0]),
            "to": epoch_ms(self.window[1]),
            "bucket_ms": self.bucket_ms,
            "x": [epoch_ms(start) for start in self.starts],
            "series": [
                {"label": s.label, "values": list(s.values), "colour": s.colour, "role": s.role} for s in self.series
            ],
            "objective": {"value": self.objective.value, "label": self.objective.label} if self.objective else None,
            "limit": {"value": self.limit.value, "label": self.limit.label} if self.limit else None,
            "spans": [{"from": epoch_ms(span.start), "to": epoch_ms(span.end)} for span in self.spans],
            "markers": [{"at": epoch_ms(m.at), "label": m.label} for m in self.markers],
            "time_axis": self.time_axis,
            "titles": list(self.titles),
        }


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Counts by time (columns) and by range of values (rows, lowest first).

    `cells[row][column]` are counts; `hot` says which rows are drawn in the failure colour; `columns` has a label
    for each column, empty where none is written.
    """

    label: str
    rows: Sequence[str]
    columns: Sequence[str]
    cells: Sequence[Sequence[int]]
    hot: Sequence[bool] = ()
    titles: Mapping[tuple[int, int], str] = field(default_factory=dict)


def axis_span_ms(longest_ms: float) -> float:
    """The length of a timeline's axis: the next one above `longest_ms` whose five parts are round."""
    step = next((one for one in _ROUND_STEPS_MS if one * 5 >= longest_ms), None)
    return step * 5 if step else longest_ms


def epoch_ms(moment: datetime) -> int:
    """An aware time as whole milliseconds since 1970."""
    return round(moment.timestamp() * 1000)
