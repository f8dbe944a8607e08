"""The charts of the Trends page: series and latency grids become what the chart components draw."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import formats
from monitoring import wording
from monitoring.ports import IncidentMark
from monitoring.presentation import Chart, Colour, HeatMap, Marker, Series, Threshold
from monitoring.reads.figures import Durations, Totals
from monitoring.reads.releases import ReleaseMark
from monitoring.reads.trends import LatencyGrid
from monitoring.reads.trends_page import TrendsPage

# Outcomes in the order of their bars, from below: label, colour of the bar, swatch, what is counted.
OUTCOMES: tuple[tuple[str, Colour, Callable[[Totals], int]], ...] = (
    (gettext_noop("Succeeded"), "bar", lambda t: t.succeeded),
    (gettext_noop("Failed"), "fail", lambda t: t.failed),
    (gettext_noop("Timed out"), "c2", lambda t: t.timed_out),
    (gettext_noop("Cancelled"), "c4", lambda t: t.cancelled),
    (gettext_noop("Other"), "c3", lambda t: t.waiting + t.running + t.queued + t.skipped + t.unknown),
)
ALWAYS_SHOWN = 2
# A label that starts further to the right than this share of the width would be cut off.
LAST_LABEL = 0.9
# Length in ms, name, and how many of it are still written in it.
UNITS = ((1, "ms", 100), (1_000, "s", 100), (60_000, "min", 100), (3_600_000, "h", 100))
DASH = "\N{EN DASH}"
MAX_MARKERS = 8


@dataclass(frozen=True, slots=True)
class Charts:
    """The two chart cards."""

    bucket_words: str
    outcomes: Sequence[Chart]
    outcomes_legend: Sequence[tuple[str, str]]
    latency: Sequence[Chart]
    latency_legend: Sequence[tuple[str, str]]
    latency_reading: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """The latency heat map with its table."""

    heat: HeatMap
    columns_words: str
    reading: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def charts(page: TrendsPage) -> Charts:
    """The chart cards of a page."""
    outcomes, legend = outcome_charts(page)
    objective = page.workflow.objective_p95_ms
    legend_of_latency = latency_legend()
    return Charts(
        bucket_words=_("{length} buckets").format(length=length_words(page.series.bucket)),
        outcomes=outcomes,
        outcomes_legend=legend,
        latency=[latency_chart(page)] if page.totals.timed_runs else [],
        latency_legend=[*legend_of_latency, ("dash", _("Objective"))] if objective else legend_of_latency,
        latency_reading=latency_reading(page.totals),
    )


def latency_legend() -> list[tuple[str, str]]:
    """The legend of `latency_band`."""
    return [("line", "p50"), ("b1", f"p50{DASH}p95"), ("b2", f"p95{DASH}p99"), ("avg", _("Average"))]


def outcome_words(counted: Iterable[tuple[str, int]]) -> str:
    """Outcomes with how many had each, from label and number: `1,200 succeeded, 14 failed`."""
    return ", ".join(f"{wording.count(number)} {label.lower()}" for label, number in counted)


def outcome_charts(page: TrendsPage) -> tuple[list[Chart], list[tuple[str, str]]]:
    """Success rate above, runs by outcome below, on one time axis; and their legend."""
    objective = page.workflow.objective_success_rate
    told = [
        (_(label), colour, count)
        for place, (label, colour, count) in enumerate(OUTCOMES)
        if place < ALWAYS_SHOWN or count(page.totals)
    ]
    points = [point.totals for point in page.series.points]
    rate = _chart(
        page,
        id="chart-rate",
        kind="line",
        unit="percent",
        label=_rate_finding(page),
        series=[Series(_("Success rate"), [one.success_rate for one in points])],
        height="rate",
        objective=Threshold(objective, _("Objective {share}").format(share=wording.plain_percent(objective)))
        if objective
        else None,
        time_axis=False,
    )
    runs = _chart(
        page,
        id="chart-runs",
        kind="bars",
        unit="count",
        label=_("Runs by outcome: {outcomes}.").format(
            outcomes=outcome_words((label, count(page.totals)) for label, _colour, count in told)
        ),
        series=[Series(label, [count(one) for one in points], colour) for label, colour, count in told],
        height="small",
        markers=[*release_markers(page.releases, is_named=False), *incident_markers(page.incidents, is_named=False)],
    )
    if page.totals.is_failures_only:
        return [runs], [(colour, label) for label, colour, _count in told]
    legend = [("line", _("Success rate")), *([("dash", _("Objective"))] if objective else [])]
    return [rate, runs], [*legend, *((colour, label) for label, colour, _count in told)]


def latency_band(durations: Sequence[Durations]) -> list[Series]:
    """The series of a chart of latency: percentiles as a band, the average over it."""
    return [
        Series("p50", [one.p50 for one in durations], "c1"),
        Series("p95", [one.p95 for one in durations], "c1", "area"),
        Series("p99", [one.p99 for one in durations], "c1", "area"),
        Series(_("Average"), [one.avg for one in durations], "c2", "average"),
    ]


def latency_chart(page: TrendsPage) -> Chart:
    """p50, p95, p99 and the average: where they part, the average hides a long tail."""
    durations = [point.totals.duration_ms for point in page.series.points]
    objective = page.workflow.objective_p95_ms
    whole = page.totals.duration_ms
    return _chart(
        page,
        id="chart-latency",
        kind="band",
        unit="ms",
        label=_("Latency over time. In the whole range p50 is {p50}, p95 {p95}, p99 {p99}.").format(
            p50=wording.duration_ms(whole.p50),
            p95=wording.duration_ms(whole.p95),
            p99=wording.duration_ms(whole.p99),
        ),
        series=latency_band(durations),
        height="medium",
        objective=_p95_objective(objective),
    )


def _p95_objective(limit_ms: float | None) -> Threshold | None:
    if not limit_ms:
        return None
    return Threshold(limit_ms, _("Objective: p95 under {limit}").format(limit=wording.plain_duration_ms(limit_ms)))


def distribution(page: TrendsPage) -> Distribution | None:
    """How durations are spread over time; None where no run told one."""
    grid = page.grid
    if not page.totals.timed_runs or not grid.starts:
        return None
    rows = [range_words(low, high) for low, high in zip(grid.limits_ms, grid.limits_ms[1:], strict=False)]
    limit = page.workflow.objective_p95_ms
    hot = [limit is not None and low >= limit for low in grid.limits_ms[:-1]]
    spread, cell = _spread_words(page.totals), _("{count} runs, {duration}, from {start}")
    times = [wording.moment(timezone.localtime(start), timezone.now()) for start in grid.starts]
    heat = HeatMap(
        label=_("Runs by time and duration. {spread}").format(spread=spread),
        rows=rows,
        columns=column_labels(grid),
        cells=grid.cells,
        hot=hot,
        titles={
            (row, column): cell.format(count=wording.count(runs), duration=rows[row], start=times[column])
            for row, counts in enumerate(grid.cells)
            for column, runs in enumerate(counts)
            if runs
        },
    )
    return Distribution(
        heat,
        _("{length} columns").format(length=length_words(grid.bucket)),
        _("Darker is more runs. {spread}").format(spread=spread),
        [_("From"), *rows],
        [[time, *(wording.count(counts[i]) for counts in grid.cells)] for i, time in enumerate(times)],
    )


def column_labels(grid: LatencyGrid) -> list[str]:
    """A label at the first column of a day, or about six over the width where the columns are shorter or longer."""
    local = [timezone.localtime(start) for start in grid.starts]
    last = len(local) * LAST_LABEL
    if grid.bucket < timedelta(days=1) and local[-1] - local[0] > timedelta(days=2):
        new_day = [i for i, time in enumerate(local) if not i or time.date() != local[i - 1].date()]
        every = -(-len(new_day) // 7)
        shown = set(new_day[::every])
        return [formats.weekday(time) if i in shown and i <= last else "" for i, time in enumerate(local)]
    every = max(-(-len(local) // 6), 1)
    form = formats.day if grid.bucket >= timedelta(days=1) else formats.clock
    return [form(time) if not i % every and i <= last else "" for i, time in enumerate(local)]


def length_words(length: timedelta) -> str:
    """The length of a bucket as an adjective: `3-hour`, `1-day`, `15-minute`."""
    minutes = round(length.total_seconds() / 60)
    for words, size in ((_("{count}-day"), 1440), (_("{count}-hour"), 60)):
        if minutes % size == 0:
            return words.format(count=minutes // size)
    return _("{count}-minute").format(count=minutes)


def range_words(low_ms: float, high_ms: float) -> str:
    """A range of durations for a narrow axis, in one unit and with two digits."""
    top = low_ms if high_ms == float("inf") else high_ms
    size, unit = next((one for one in UNITS if top < one[0] * one[2]), UNITS[-1])[:2]
    if low_ms <= 0:
        return _("under {limit}").format(limit=f"{high_ms / size:.2g} {unit}")
    if high_ms == float("inf"):
        return _("over {limit}").format(limit=f"{low_ms / size:.2g} {unit}")
    return f"{low_ms / size:.2g}{DASH}{high_ms / size:.2g} {unit}"


def latency_reading(totals: Totals) -> str:
    """What the latency chart says: whether the average tells the truth."""
    durations = totals.duration_ms
    if durations.avg and durations.p99 and durations.p99 > 3 * durations.avg:
        return _("the average hides the long tail")
    return _("average and percentiles")


def _chart(page: TrendsPage, **values: Any) -> Chart:
    zone = timezone.get_current_timezone_name()
    values.setdefault("markers", [*release_markers(page.releases), *incident_markers(page.incidents)])
    return Chart(
        starts=[point.start for point in page.series.points],
        bucket_ms=round(page.series.bucket.total_seconds() * 1000),
        window=(page.window.start, page.window.end),
        zone=zone,
        **values,
    )


def release_markers(marks: Sequence[ReleaseMark], *, is_named: bool = True) -> list[Marker]:
    """The releases as charts mark them, the latest ones where there are many; of stacked charts one names them."""
    words = _("Release {release}")
    return [Marker(mark.at, words.format(release=mark.name) if is_named else "") for mark in marks[-MAX_MARKERS:]]


def incident_markers(marks: Sequence[IncidentMark], *, is_named: bool = True) -> list[Marker]:
    """The beginnings of incidents as charts mark them."""
    return [Marker(mark.at, _("Incident") if is_named else "") for mark in marks]


def _rate_finding(page: TrendsPage) -> str:
    rates = [point.totals.success_rate for point in page.series.points if point.totals.success_rate is not None]
    if not rates:
        if page.totals.is_failures_only:
            return _("No success rate: only failures are reported.")
        return _("No run finished in this range.")
    words = _("Success rate {share} in the whole range, {lowest} in its worst bucket.")
    return words.format(share=wording.percent(page.totals.success_rate), lowest=wording.percent(min(rates)))


def _spread_words(totals: Totals) -> str:
    p50, p95 = totals.duration_ms.p50, totals.duration_ms.p95
    words = _("Half of the runs take under {p50}, 1 in 20 over {p95}.")
    return words.format(p50=wording.duration_ms(p50), p95=wording.duration_ms(p95))
