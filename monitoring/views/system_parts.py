"""The figures of one external system, model or tool in words: KPIs, who depends on it, its errors, shared failures."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from monitoring import wording
from monitoring.reads.calls import MODELS
from monitoring.reads.system_nodes import Dependent
from monitoring.reads.system_page import SystemPage
from monitoring.views.comparing import growth_tone, interval_words, previous_words, rate_tone, relative_change
from monitoring.views.shell import Scope
from monitoring.views.systems import cost_words
from monitoring.views.trends_parts import Kpi, outcome_lines

NO_WORKFLOW_WORDS = gettext_noop("Workflow not told")


@dataclass(frozen=True, slots=True)
class DependentRow:
    """A node of a workflow that calls it. `node` is None where it is not told, or its records are gone.

    `note` says what the figures are of where that is not the whole range; `share` is of all calls.
    """

    workflow: str
    href: str
    node: str | None
    note: str
    calls: int
    failures: int
    rate: float | None
    p95_ms: float | None
    share: float | None
    is_hot: bool


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """An error that it gave, with the latest execution that met it."""

    title: str
    failures: int
    workflows: int
    latest_at: datetime | None
    href: str


@dataclass(frozen=True, slots=True)
class MomentRow:
    """A minute or an hour in which it failed in several workflows."""

    start: datetime
    end: datetime
    unit: str
    workflows: str
    count: int
    failures: int


def kpis(page: SystemPage) -> list[Kpi]:
    """Calls, failure rate and latency beside the period before, where it fails now, and of a model what it used."""
    used = [_tokens(page)] if page.kind is MODELS else []
    return [_calls(page), _rate(page), _latency(page), *used, _now(page)]


def dependents(scope: Scope, page: SystemPage) -> list[DependentRow]:
    """Workflow and node: most failures first, then most calls."""
    failing = {one.name for one in page.decision.failing}
    return [_dependent(scope, page, one, str(one.workflow_id) in failing) for one in page.dependents]


def dependents_reading(page: SystemPage) -> str:
    """How many there are, and what nodes are known from."""
    count = len(page.by_workflow)
    words = ngettext("{count} workflow", "{count} workflows", count).format(count=wording.count(count))
    if not page.records.cut:
        return words
    most = wording.count(max(page.records.looked_at[workflow] for workflow in page.records.cut))
    return _("{workflows}; nodes as in the latest {most} executions of each").format(workflows=words, most=most)


def errors(scope: Scope, page: SystemPage) -> list[ErrorLine]:
    """What failed calls said, most frequent first."""
    return [
        ErrorLine(
            title=one.error or _("Failed without an error text"),
            failures=one.failures,
            workflows=one.workflows,
            latest_at=one.latest_at,
            href=scope.href("replay", one.latest),
        )
        for one in page.records.errors
    ]


def moments(page: SystemPage) -> list[MomentRow]:
    """When it failed in several workflows at once, latest first."""
    return [
        MomentRow(
            start=one.start,
            end=one.start + one.length,
            unit=_("minute") if one.length.total_seconds() < 3600 else _("hour"),
            workflows=", ".join(sorted(workflow_name(page, workflow) for workflow in one.workflows)),
            count=len(one.workflows),
            failures=one.failures,
        )
        for one in page.moments
    ]


def workflow_name(page: SystemPage, workflow: UUID) -> str:
    """The name of a workflow."""
    found = page.workflows.get(workflow)
    return found.name if found else _(NO_WORKFLOW_WORDS)


def _dependent(scope: Scope, page: SystemPage, one: Dependent, is_hot: bool) -> DependentRow:
    note = "" if one.node else _("step not told, or its records are gone")
    if one.looked_at is not None:
        note = _("in its latest {count} executions").format(count=wording.count(one.looked_at))
    href = scope.href("failures", one.slug, **{page.kind.param: [page.name]}) if one.slug else ""
    return DependentRow(
        workflow=one.workflow or _(NO_WORKFLOW_WORDS),
        href=href,
        node=one.node,
        note=note,
        calls=one.calls,
        failures=one.failures,
        rate=one.rate,
        p95_ms=one.p95_ms,
        share=one.share,
        is_hot=is_hot and one.failures > 0,
    )


def _calls(page: SystemPage) -> Kpi:
    now, before = page.totals, page.previous
    change = wording.signed_change(relative_change(now.runs, before.runs)) if before.runs else ""
    count = len(page.by_workflow)
    words = ngettext("None in {period}, by {count} workflow", "None in {period}, by {count} workflows", count)
    if before.runs:
        words = ngettext("on {period}, by {count} workflow", "on {period}, by {count} workflows", count)
    note = words.format(period=previous_words(page.window), count=wording.count(count))
    points = [point.totals.runs for point in page.series.points]
    return Kpi(_("Calls"), wording.count(now.runs), change=change, note=note, points=points, metric="calls")


def _rate(page: SystemPage) -> Kpi:
    now, before = page.totals.failure, page.previous.failure
    tone = rate_tone(page.totals.success, page.previous.success)
    rate = wording.percent(now.rate) if now else _("unknown")
    note = _("Only failures are reported, or none finished")
    if now:
        words = _("on {period}. 95% interval {interval}") if before else _("95% interval {interval}")
        note = words.format(period=previous_words(page.window), interval=interval_words(now))
    return Kpi(
        _("Failure rate"),
        rate.removesuffix("%").rstrip(),
        unit="%" if rate.endswith("%") else "",
        change=wording.percent_points(now.rate - before.rate) if now and before else "",
        tone=tone,
        note=note,
        points=[one.rate if one else None for one in (point.totals.failure for point in page.series.points)],
        spark_tone="fail",
        metric="failure_rate",
        arithmetic=outcome_lines(page.totals),
    )


def _latency(page: SystemPage) -> Kpi:
    now, before = page.totals.duration_ms, page.previous.duration_ms
    change = relative_change(now.p95, before.p95)
    words = _("on {period}. p50 {p50}, p99 {p99}") if change is not None else _("p50 {p50}, p99 {p99}")
    p50, p99 = wording.duration_ms(now.p50), wording.duration_ms(now.p99)
    note = words.format(period=previous_words(page.window), p50=p50, p99=p99)
    return Kpi(
        _("Latency, p95"),
        wording.duration_ms(now.p95),
        change=wording.signed_change(change) if change is not None else "",
        tone=growth_tone(change),
        note=note if now.p95 is not None else "",
        points=[point.totals.duration_ms.p95 for point in page.series.points],
        metric="p95",
    )


def _tokens(page: SystemPage) -> Kpi:
    now, before = page.totals.tokens.total, page.previous.tokens.total
    change = relative_change(now, before)
    cost = cost_words(page.totals) or _("Cost not told")
    words = _("on {period}. Cost: {cost}") if change is not None else _("Cost: {cost}")
    return Kpi(
        _("Tokens"),
        wording.tokens(now) if now is not None else _("unknown"),
        change=wording.signed_change(change) if change is not None else "",
        note=words.format(period=previous_words(page.window), cost=cost),
        points=[point.totals.tokens.total for point in page.series.points],
        metric="tokens",
    )


def _now(page: SystemPage) -> Kpi:
    calling, failing = page.now.calling, page.now.failing
    note = _("of {count} that called it in the last 15 minutes").format(count=wording.count(calling))
    if not calling:
        note = _("No workflow called it in the last 15 minutes")
    unit = ngettext("workflow", "workflows", failing)
    return Kpi(_("Failing now"), wording.count(failing), unit=f" {unit}", note=note, metric="failing_now")
