"""The charts of one external system, model or tool: outcomes and latency of its calls over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from monitoring import wording
from monitoring.presentation import Chart, Series
from monitoring.reads.system_page import SystemPage
from monitoring.views.trends_charts import (
    ALWAYS_SHOWN,
    OUTCOMES,
    incident_markers,
    latency_band,
    latency_legend,
    latency_reading,
    length_words,
    outcome_words,
    release_markers,
)


@dataclass(frozen=True, slots=True)
class Charts:
    """The two chart cards; no latency where no call told one."""

    bucket_words: str
    outcomes: Sequence[Chart]
    outcomes_legend: Sequence[tuple[str, str]]
    latency: Sequence[Chart]
    latency_legend: Sequence[tuple[str, str]]
    latency_reading: str


def charts(page: SystemPage) -> Charts:
    """The chart cards of a page."""
    outcomes, legend = _outcomes(page)
    return Charts(
        bucket_words=_("{length} buckets").format(length=length_words(page.series.bucket)),
        outcomes=outcomes,
        outcomes_legend=legend,
        latency=[_latency(page)] if page.totals.timed_runs else [],
        latency_legend=latency_legend(),
        latency_reading=latency_reading(page.totals),
    )


def _outcomes(page: SystemPage) -> tuple[list[Chart], list[tuple[str, str]]]:
    """Failure rate above, calls by outcome below, on one time axis; and their legend."""
    told = [
        (_(label), colour, count)
        for place, (label, colour, count) in enumerate(OUTCOMES)
        if place < ALWAYS_SHOWN or count(page.totals)
    ]
    points = [point.totals for point in page.series.points]
    rates = [found.rate if (found := one.failure) else None for one in points]
    worst = max((one for one in rates if one is not None), default=None)
    rate = _chart(
        page,
        id="chart-failure-rate",
        kind="line",
        unit="percent",
        label=_rate_finding(page, worst),
        series=[Series(_("Failure rate"), rates, "fail")],
        height="rate",
        time_axis=False,
    )
    calls = _chart(
        page,
        id="chart-calls",
        kind="bars",
        unit="count",
        label=_("Calls by outcome: {outcomes}.").format(
            outcomes=outcome_words((label, count(page.totals)) for label, _colour, count in told)
        ),
        series=[Series(label, [count(one) for one in points], colour) for label, colour, count in told],
        height="small",
        is_named=False,
    )
    legend = [(str(colour), label) for label, colour, _count in told]
    return [rate, calls], [("line fail", _("Failure rate")), *legend]


def _rate_finding(page: SystemPage, worst: float | None) -> str:
    whole = page.totals.failure
    if whole is None:
        return _("No failure rate: no call finished, or only failures are reported.")
    words = _("Failure rate {share} in the whole range, {worst} in its worst bucket.")
    return words.format(share=wording.percent(whole.rate), worst=wording.percent(worst))


def _latency(page: SystemPage) -> Chart:
    durations = [point.totals.duration_ms for point in page.series.points]
    whole = page.totals.duration_ms
    return _chart(
        page,
        id="chart-call-latency",
        kind="band",
        unit="ms",
        label=_("Latency of calls over time. In the whole range p50 is {p50}, p95 {p95}, p99 {p99}.").format(
            p50=wording.duration_ms(whole.p50),
            p95=wording.duration_ms(whole.p95),
            p99=wording.duration_ms(whole.p99),
        ),
        series=latency_band(durations),
    )


def _chart(page: SystemPage, *, is_named: bool = True, **values: Any) -> Chart:
    return Chart(
        starts=[point.start for point in page.series.points],
        bucket_ms=round(page.series.bucket.total_seconds() * 1000),
        window=(page.window.start, page.window.end),
        zone=timezone.get_current_timezone_name(),
        markers=[
            *release_markers(page.releases, is_named=is_named),
            *incident_markers(page.incident_marks, is_named=is_named),
        ],
        **values,
    )
