"""The charts of the cost page: what each day cost by provider, workflow or kind, and the month against its budget."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import formats
from billing.analysis.periods import DAY, month_words
from billing.analysis.sums import add_known
from billing.reads.cost_page import CostPage
from billing.reads.course import Spent, sums_by
from billing.views.cost_rows import COLOURS, OTHERS, NamedLine, provider_key
from billing.views.scope import CostScope
from billing.views.words import cents, day_words, kind_words, money, no_workflow_words
from monitoring.presentation import Chart, Colour, Link, Marker, Series, Threshold
from monitoring.reads.releases import ReleaseMark
from monitoring.views.trends_charts import release_markers

BY = ("provider", "workflow", "kind")
# The title of the chart by day and by month, and the words of the link, by how it is split.
_TITLES = {
    "provider": (gettext_noop("Daily cost by provider"), gettext_noop("Monthly cost by provider")),
    "workflow": (gettext_noop("Daily cost by workflow"), gettext_noop("Monthly cost by workflow")),
    "kind": (gettext_noop("Daily cost by kind"), gettext_noop("Monthly cost by kind")),
}
_LINKS = {"provider": gettext_noop("Provider"), "workflow": gettext_noop("Workflow"), "kind": gettext_noop("Kind")}
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Stack:
    """The chart of costs over time: the chart, its legend, and the other ways to split it."""

    title: str
    charts: Sequence[Chart]
    legend: Sequence[tuple[str, str]]
    links: Sequence[Link]


def stack(scope: CostScope, page: CostPage, providers: Sequence[NamedLine], marks: Sequence[ReleaseMark]) -> Stack:
    """Cost by day, of a year by month, stacked by what the address asks for."""
    by = scope.by if scope.by in BY else BY[0]
    series = {"provider": _by_provider, "workflow": _by_workflow, "kind": _by_kind}[by](page, providers)
    title = _(_TITLES[by][page.course.is_monthly])
    days = page.course.buckets(page.period.days)
    chart = Chart(
        id="chart-cost",
        kind="bars",
        unit="usd",
        label=f"{title}. {_highest(page, days)}",
        starts=[start_of(day) for day in days],
        bucket_ms=DAY_MS * (30 if page.course.is_monthly else 1),
        titles=[formats.month_of_year(day) if page.course.is_monthly else formats.weekday_and_day(day) for day in days],
        series=series,
        window=(start_of(page.period.start), start_of(page.period.end)),
        height="large",
        markers=_inside(release_markers(marks), page),
    )
    return Stack(
        title,
        [chart],
        [(one.colour, one.label) for one in series],
        [Link(_(_LINKS[name]), scope.query(by=None if name == BY[0] else name), name == by) for name in BY],
    )


def budget_chart(page: CostPage) -> tuple[list[Chart], list[tuple[str, str]]]:
    """What was spent up to each day, what will be, and the budget; and the legend."""
    starts, spent = _cumulative(page)
    course = {point.day: point for point in page.forecast.course} if page.forecast else {}
    known = page.forecast is not None and page.forecast.usd is not None
    days = page.period.days.each() if not known else [page.period.start + n * DAY for n in range(_length(page))]
    if page.course.is_monthly:
        days = starts
    is_unknown = page.now.cost_usd is None and not page.is_idle
    series = [Series(_("Actual"), [None if is_unknown else _float(spent.get(day)) for day in days], "c1")]
    legend = [("line", _("Actual"))]
    if known and not page.course.is_monthly:
        ends = [course.get(day) for day in days]
        series += [
            Series(_("Forecast, low"), [_float(one.low) if one else None for one in ends], "c1", "average"),
            Series(_("Forecast, high"), [_float(one.high) if one else None for one in ends], "c1", "area"),
        ]
        legend.append(("b2", _("Forecast range")))
    amount = page.budget.amount if page.budget else None
    chart = Chart(
        id="chart-budget",
        kind="band",
        unit="usd",
        label=_budget_finding(page),
        starts=[start_of(day) for day in days],
        bucket_ms=DAY_MS * (30 if page.course.is_monthly else 1),
        titles=_end_titles(page, days),
        series=series,
        window=(start_of(page.period.start), start_of(page.period.end)),
        height="large",
        limit=Threshold(float(amount), _("Budget {amount}").format(amount=money(amount)))
        if amount is not None
        else None,
    )
    return [chart], [*legend, ("dash", _("Budget"))] if amount is not None else legend


def _end_titles(page: CostPage, days: Sequence[date]) -> list[str]:
    if page.course.is_monthly:
        return [month_words(day) for day in days]
    words = _("by the end of {day}")
    return [words.format(day=day_words(day)) for day in days]


def _length(page: CostPage) -> int:
    return (page.period.end - page.period.start).days


def _cumulative(page: CostPage) -> tuple[list[date], dict[date, Decimal]]:
    buckets, costs = page.course.buckets(page.period.days), page.course.costs
    sums, total = dict[date, Decimal](), Decimal(0)
    for bucket in buckets:
        total += costs.get(bucket, Decimal(0))
        sums[bucket] = total
    return buckets, sums


def _by_provider(page: CostPage, providers: Sequence[NamedLine]) -> list[Series]:
    names = [(line.key, line.name) for line in providers]
    return _split(page, lambda cell: str(provider_key(cell)), names)


def _by_kind(page: CostPage, _providers: Sequence[NamedLine]) -> list[Series]:
    sums = sums_by(page.course.now, lambda cell: cell.kind)
    order = sorted(sums, key=lambda kind: (-(sums[kind].cost_usd or Decimal(0)), kind))
    return _split(page, lambda cell: str(cell.kind), [(str(kind), kind_words(kind)) for kind in order])


def _by_workflow(page: CostPage, _providers: Sequence[NamedLine]) -> list[Series]:
    """The dearest ones, and what is left of the whole as others."""
    buckets, whole = page.course.buckets(page.period.days), page.course.costs
    left = {bucket: whole.get(bucket, Decimal(0)) for bucket in buckets}
    series = []
    for row, colour in zip(page.workflows, COLOURS, strict=False):
        told = page.courses.get(row.id, {})
        for bucket in buckets:
            left[bucket] -= told.get(bucket) or Decimal(0)
        series.append(_series(row.name or no_workflow_words(), buckets, told, colour))
    return [*series, _series(_("Others"), buckets, left, OTHERS)] if len(page.workflows) > len(COLOURS) else series


def _split(page: CostPage, key: Callable[[Spent], str], names: Sequence[tuple[str, str]]) -> list[Series]:
    """A series for each of the first names; the others are one."""
    places = {name: min(place, len(COLOURS)) for place, (name, _text) in enumerate(names)}
    # Where all lines of a bucket have no price there is a gap, never 0.
    sums: dict[int, dict[date, Decimal | None]] = defaultdict(dict)
    for cell in page.course.spent:
        told = sums[places[key(cell)]]
        told[cell.bucket] = add_known((told.get(cell.bucket), cell.figures.cost_usd))
    buckets = page.course.buckets(page.period.days)
    shown = [text for _name, text in names[: len(COLOURS)]]
    series = [_series(text, buckets, sums[place], COLOURS[place]) for place, text in enumerate(shown)]
    return [*series, _series(_("Others"), buckets, sums[len(COLOURS)], OTHERS)] if len(names) > len(COLOURS) else series


def _series(label: str, buckets: Sequence[date], costs: Mapping[date, Decimal | None], colour: Colour) -> Series:
    return Series(label, [_float(costs.get(bucket, Decimal(0))) for bucket in buckets], colour)


def _highest(page: CostPage, buckets: Sequence[date]) -> str:
    costs = page.course.costs
    told = [(costs[day], day) for day in buckets if day in costs]
    if not told:
        return _("Nothing was spent.")
    most, day = max(told)
    name = formats.month(day) if page.course.is_monthly else day_words(day)
    words = _("{usd} in all, most in {period}: {most}.")
    return words.format(usd=money(page.now.cost_usd), period=name, most=money(most))


def _budget_finding(page: CostPage) -> str:
    told = {"usd": money(page.now.cost_usd), "limit": money(page.budget.amount) if page.budget else ""}
    found = page.forecast
    if found and found.usd is not None:
        words = (
            _("Cumulative cost: {usd} so far, {low} to {high} expected by {day}, budget {limit}.")
            if page.budget
            else _("Cumulative cost: {usd} so far, {low} to {high} expected by {day}.")
        )
        return words.format(**told, low=money(found.low), high=money(found.high), day=_last(page))
    words = _("Cumulative cost: {usd} so far, budget {limit}.") if page.budget else _("Cumulative cost: {usd} so far.")
    return words.format(**told)


def _last(page: CostPage) -> str:
    return day_words(page.period.end - DAY)


def _inside(marks: Sequence[Marker], page: CostPage) -> list[Marker]:
    return [mark for mark in marks if page.period.start <= mark.at.date() < page.period.end]


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _float(usd: Decimal | None) -> float | None:
    return None if usd is None else float(usd if abs(usd) < 1 else cents(usd))
