"""The figures of the Trends page in words: KPIs, where to start, and the steps in the order they run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from monitoring import wording
from monitoring.definition import Line
from monitoring.reads.figures import Totals
from monitoring.reads.trends import ValueRow
from monitoring.reads.trends_page import NodeRow, TrendsPage
from monitoring.views.comparing import growth_tone, interval_words, previous_words, rate_tone, relative_change
from monitoring.views.criteria_words import progress_words
from monitoring.views.shell import Scope

MAX_LEADS = 3
KIND_WORDS = {
    "http": gettext_noop("HTTP call"),
    "llm": gettext_noop("Model"),
    "api": gettext_noop("API call"),
    "external": gettext_noop("External system"),
}
MAX_TITLE = 90
MAX_STEPS = 20
# Under this share of failed visits a full bar would cry wolf.
SMALLEST_FULL_BAR = 0.05


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure with what it is compared to, as `components/_kpi.html` takes it.

    `metric` is the key of its definition, `arithmetic` the figures that it is computed from.
    """

    label: str
    value: str
    unit: str = ""
    change: str = ""
    tone: str = ""
    note: str = ""
    points: Sequence[float | None] = field(default_factory=tuple)
    spark_tone: str = ""
    metric: str = ""
    arithmetic: Sequence[Line] = ()


@dataclass(frozen=True, slots=True)
class Lead:
    """A place to start: what explains failures, or where the time goes."""

    title: str
    share: str
    text: str
    href: str
    mono: bool = False
    failing: bool = True


@dataclass(frozen=True, slots=True)
class StepRow:
    """A row of the steps table. `calls` are the names of what it calls, each with the address of its page."""

    name: str
    kind: str
    kind_words: str
    calls: Sequence[tuple[str, str]]
    href: str
    visits: int
    failures: int
    failed_share: float | None
    meter_share: float
    meter_label: str
    p50_ms: float | None
    p95_ms: float | None
    points: Sequence[int]
    hot: bool
    tone: str


def kpis(page: TrendsPage) -> list[Kpi]:
    """Total runs, success rate, criteria met where there are any, latency and failures, beside the period before."""
    met = [met_kpi(page)] if page.criteria.criteria else []
    return [_runs(page), _success(page), *met, _latency(page), _failures(page)]


def leads(scope: Scope, page: TrendsPage) -> list[Lead]:
    """What explains most failures first: nodes by their failed visits, errors by failed runs; then the slowest node."""
    visits, runs = sum(node.totals.failures for node in page.nodes), page.totals.failures
    found: list[tuple[float, str, NodeRow | ValueRow]] = [
        *((node.totals.failures / visits if visits else 0, node.name, node) for node in page.nodes),
        *((row.totals.failures / runs if runs else 0, row.value, row) for row in page.errors),
    ]
    slow = _slow_lead(scope, page)
    ranked = sorted((one for one in found if one[0]), key=lambda one: (-one[0], one[1]))
    return [*(_lead(scope, page, row, share) for share, _name, row in ranked[: MAX_LEADS - len(slow)]), *slow]


def step_rows(scope: Scope, page: TrendsPage) -> list[StepRow]:
    """The nodes in the order they run. A row is hot when it has most of the failed visits."""
    failed = sum(node.totals.failures for node in page.nodes)
    full = max([SMALLEST_FULL_BAR, *(share for node in page.nodes if (share := failed_share(node.totals)))])
    return [_step_row(scope, node, failed, full) for node in page.nodes]


def leading_steps(rows: Sequence[StepRow]) -> list[StepRow]:
    """The rows that the page shows unasked: those with most failures, the earlier of equals, in the order they run."""
    ranked = sorted(range(len(rows)), key=lambda place: (-rows[place].failures, place))
    return [rows[place] for place in sorted(ranked[:MAX_STEPS])]


def failed_share(totals: Totals) -> float | None:
    """Failed and timed-out visits out of the finished ones; None without a finished one."""
    return totals.failures / totals.rated if totals.rated else None


def kind_words(kind: str) -> str:
    """A kind of node as people write it."""
    if known := KIND_WORDS.get(kind.lower()):
        return _(known)
    return kind[:1].upper() + kind[1:].replace("_", " ") or _("Kind not told")


def _step_row(scope: Scope, node: NodeRow, failed: int, full: float) -> StepRow:
    share = failed_share(node.totals)
    kind = node.place.kind if node.place and node.place.kind else ""
    hot = share is not None and node.totals.failures >= 5 and node.totals.failures * 2 > failed
    return StepRow(
        name=node.name,
        kind=kind,
        kind_words=kind_words(kind),
        calls=[(name, scope.href(param, name)) for param, name in (node.place.calls if node.place else ())],
        href=scope.href("failures", step=node.name),
        visits=node.totals.runs,
        failures=node.totals.failures,
        failed_share=share,
        meter_share=(share or 0) / full,
        meter_label=_("{share} of the visits of this step fail").format(share=wording.percent(share)),
        p50_ms=node.totals.duration_ms.p50,
        p95_ms=node.totals.duration_ms.p95,
        points=node.points,
        hot=hot,
        tone="fail" if hot else "",
    )


def outcome_lines(totals: Totals) -> list[Line]:
    """The counts that a success rate is computed from; runs of workflows that report failures alone are left out."""
    counted = [
        (_("Succeeded"), totals.succeeded - totals.unrated_succeeded),
        (_("Failed"), totals.failed),
        (_("Timed out"), totals.timed_out),
    ]
    if unrated := totals.unrated - totals.unrated_succeeded:
        counted.append((_("Of which not rated"), unrated))
    counted.append((_("Finished, rated"), totals.rated))
    return [(name, wording.count(number)) for name, number in counted]


def met_kpi(page: TrendsPage) -> Kpi:
    """The share of runs that met the success criteria; where none could be checked it says so."""
    now, before = page.totals.met, page.previous.met
    if now is None:
        words = progress_words(page.criteria.progress, running_only=True)
        return Kpi(_("Met criteria"), _("not checked"), note=words, metric="met_rate")
    tone, rate = rate_tone(now, before), wording.percent(now.rate)
    words = _("on {period}. 95% interval {interval}") if before else _("95% interval {interval}")
    if untold := page.totals.unchecked:
        words = _("95% interval {interval}. {count} could not be told and count as met")
        if before:
            words = _("on {period}. 95% interval {interval}. {count} could not be told and count as met")
    note = words.format(period=previous_words(page.window), interval=interval_words(now), count=wording.count(untold))
    return Kpi(
        _("Met criteria"),
        rate.removesuffix("%").rstrip(),
        unit="%" if rate.endswith("%") else "",
        change=wording.percent_points(now.rate - before.rate) if before else "",
        tone=tone,
        note=note,
        points=[point.totals.met.rate if point.totals.met else None for point in page.series.points],
        spark_tone="fail" if tone == "fail" else "",
        metric="met_rate",
        arithmetic=[*outcome_lines(page.totals), (_("Unmet"), wording.count(page.totals.unmet))],
    )


def _runs(page: TrendsPage) -> Kpi:
    now, before = page.totals, page.previous
    points = [point.totals.runs for point in page.series.points]
    words = _("on {period}") if before.runs else _("None in {period}")
    note = words.format(period=previous_words(page.window))
    change = wording.signed_change(relative_change(now.runs, before.runs)) if before.runs else ""
    return Kpi(_("Total runs"), wording.count(now.runs), change=change, note=note, points=points, metric="runs")


def _success(page: TrendsPage) -> Kpi:
    now, before = page.totals.success, page.previous.success
    tone = rate_tone(now, before)
    none = _("unknown") if page.totals.is_failures_only else _("none finished")
    rate = wording.percent(now.rate) if now else none
    between = _("95% interval {interval}").format(interval=interval_words(now)) if now else ""
    if page.totals.is_failures_only:
        between = _("Only failures are reported")
    if before:
        between = _("on {period}. {rest}").format(period=previous_words(page.window), rest=between)
    return Kpi(
        _("Success rate"),
        rate.removesuffix("%").rstrip(),
        unit="%" if rate.endswith("%") else "",
        change=wording.percent_points(now.rate - before.rate) if now and before else "",
        tone=tone,
        note=between,
        points=[point.totals.success_rate for point in page.series.points],
        spark_tone="fail" if tone == "fail" else "",
        metric="success_rate",
        arithmetic=outcome_lines(page.totals),
    )


def _latency(page: TrendsPage) -> Kpi:
    now, before = page.totals.duration_ms, page.previous.duration_ms
    change = relative_change(now.p95, before.p95)
    value, unit = _split_unit(wording.duration_ms(now.p95))
    average, p50, p99 = (wording.duration_ms(ms) for ms in (now.avg, now.p50, now.p99))
    words = _("Average {average}, p50 {p50}, p99 {p99}")
    if change is not None:
        words = _("on {period}. Average {average}, p50 {p50}, p99 {p99}")
    note = words.format(period=previous_words(page.window), average=average, p50=p50, p99=p99)
    return Kpi(
        _("Latency, p95"),
        value,
        unit=unit,
        change=wording.signed_change(change) if change is not None else "",
        tone=growth_tone(change),
        note=note if now.p95 is not None else "",
        points=[point.totals.duration_ms.p95 for point in page.series.points],
        spark_tone="fail" if growth_tone(change) == "fail" else "",
        metric="p95",
        arithmetic=[(_("Runs whose duration is known"), wording.count(page.totals.timed_runs))],
    )


def _failures(page: TrendsPage) -> Kpi:
    now, before = page.totals, page.previous
    change = now.failures - before.failures
    tone = growth_tone(relative_change(now.failures, before.failures)) if before.runs else ""
    since = [_("on {period}").format(period=previous_words(page.window))] if before.runs else []
    late = [_("{count} timed out").format(count=wording.count(now.timed_out))] if now.timed_out else []
    return Kpi(
        _("Failures"),
        wording.count(now.failures),
        change=wording.signed_count(change) if before.runs else "",
        tone=tone,
        note=", ".join([*since, *late]),
        points=[point.totals.failures for point in page.series.points],
        spark_tone="fail" if tone == "fail" else "",
        metric="failures",
        arithmetic=[(_("Failed"), wording.count(now.failed)), (_("Timed out"), wording.count(now.timed_out))],
    )


def _split_unit(text: str) -> tuple[str, str]:
    value, _space, unit = text.partition(" ")
    return (value, f" {unit}") if unit in ("s", "ms") else (text, "")


def _lead(scope: Scope, page: TrendsPage, row: NodeRow | ValueRow, share: float) -> Lead:
    failures, part = wording.count(row.totals.failures), wording.percent(share, 0)
    if isinstance(row, NodeRow):
        text = _("{failures} of its {visits} visits failed.")
        text = text.format(failures=failures, visits=wording.count(row.totals.runs))
        told = _("{share} of failed step visits").format(share=part)
        return Lead(row.name, told, text, scope.href("failures", step=row.name), mono=True)
    text = _("{failures} of {count} failed runs ended with it.")
    text = text.format(failures=failures, count=wording.count(page.totals.failures))
    title = Truncator(row.value).chars(MAX_TITLE)
    return Lead(title, _("{share} of failures").format(share=part), text, scope.href("failures", error=row.value))


def _slow_lead(scope: Scope, page: TrendsPage) -> list[Lead]:
    timed = [node for node in page.nodes if node.totals.duration_ms.p95]
    if len(timed) < 2:
        return []
    slowest = max(timed, key=lambda node: (node.totals.duration_ms.p95 or 0, node.name))
    text = _("The slowest step: half of its visits take under {duration}.")
    text = text.format(duration=wording.duration_ms(slowest.totals.duration_ms.p50))
    href = (
        scope.href("executions", workflow=page.workflow.slug, step=slowest.name)
        + "&"
        + urlencode({"sort": "-duration"})
    )
    share = f"p95 {wording.duration_ms(slowest.totals.duration_ms.p95)}"
    return [Lead(slowest.name, share, text, href, mono=True, failing=False)]
