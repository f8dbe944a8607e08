"""The tables of the Development page: from what was read to rows of cells."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from monitoring import wording
from monitoring.analysis.difference import MIN_RUNS, Reading
from monitoring.analysis.intervals import Interval, wilson
from monitoring.analysis.triage import TriageStatus
from monitoring.cells import Cell, Column, Row, Rows, code, number, text
from monitoring.reads.development import MOST_FAILURES, Named, NewGroup, ReleasePair
from monitoring.reads.development_nodes import NodeRow, Nodes, Visits
from monitoring.reads.executions import ExecutionRow
from monitoring.reads.figures import Totals
from monitoring.templatetags.display import when_text
from monitoring.templatetags.triage import SIGNS
from monitoring.views.comparing import growth_tone, rate_tone, relative_change
from monitoring.views.execution_table import instant, milliseconds
from monitoring.views.release_words import known_words
from monitoring.views.shell import Scope

UNKNOWN = gettext_noop("unknown")
TRACE_HEADER = (
    *("Execution", "Attempt", "Workflow", "Status", "Started", "Duration, ms", "First failing node", "Error"),
    *("Release", "Environment"),
)
_METRICS = {
    gettext_noop("Failed visits"): "failed_visits",
    gettext_noop("Share of failures"): "failure_share",
    gettext_noop("Failure rate"): "failure_rate",
    gettext_noop("Before"): "before",
    gettext_noop("Visits"): "visits",
    gettext_noop("p95"): "p95",
    gettext_noop("Change"): "change",
    gettext_noop("Timed visits"): "timed_visits",
    gettext_noop("Failures"): "group_failures",
    gettext_noop("Runs"): "runs",
    gettext_noop("Success rate"): "success_rate",
    gettext_noop("Cost per successful run"): "cost_per_success",
}
_TONES = {Reading.WORSE: "fail", Reading.BETTER: "ok"}
# What is surely different: the success rate first, then the p95. None: no difference that is sure.
_CHANGED = {
    (Reading.WORSE, Reading.WORSE): gettext_noop("Success rate and p95 worse"),
    (Reading.WORSE, Reading.BETTER): gettext_noop("Success rate worse, p95 better"),
    (Reading.WORSE, None): gettext_noop("Success rate worse"),
    (Reading.BETTER, Reading.WORSE): gettext_noop("P95 worse, success rate better"),
    (Reading.BETTER, Reading.BETTER): gettext_noop("Success rate and p95 better"),
    (Reading.BETTER, None): gettext_noop("Success rate better"),
    (None, Reading.WORSE): gettext_noop("P95 worse"),
    (None, Reading.BETTER): gettext_noop("P95 better"),
}


def _numbers(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(title, is_number=True, metric=_METRICS[title]) for title in titles)


def failing_rows(scope: Scope, found: Nodes) -> Rows:
    """Nodes with failed visits, most first."""
    columns = (
        *(Column(gettext_noop("Node")), Column(gettext_noop("Workflow"))),
        *_numbers("Failed visits", "Share of failures", "Failure rate", "Before", "Visits"),
    )
    rows = [_failing(scope, one) for one in found.failing]
    none = _("No visit of a node failed.") if found.count else _("No node had a visit in this range.")
    return Rows("failing", "", columns, rows, none)


def _failing(scope: Scope, one: NodeRow) -> Row:
    now, before = one.failed_share, one.failed_share_before
    tone = "" if one.workflow.is_failures_only else rate_tone(_passed(one.now), _passed(one.before))
    return [
        code(one.name, href=scope.href("failures", one.workflow.slug, step=one.name, workflow=None)),
        _workflow(scope, one.workflow),
        number(wording.count(one.now.failures), one.now.failures, sub=_before(wording.count(one.before.failures))),
        Cell(wording.percent(one.share, 0), raw=one.share, is_number=True, share=one.share),
        number(_share(now), now, tone=tone),
        number(_share(before) if one.before.visits else _("no visits"), before),
        number(wording.count(one.now.visits), one.now.visits),
    ]


def _before(figure: str) -> str:
    return _("was {figure}").format(figure=figure)


def _passed(one: Visits) -> Interval | None:
    """The share of finished visits that did not fail, with its 95 % interval."""
    return wilson(one.succeeded, one.succeeded + one.failures)


def _share(value: float | None) -> str:
    return _(UNKNOWN) if value is None else wording.percent(value)


def slow_rows(scope: Scope, found: Nodes) -> Rows:
    """Nodes by p95, the slowest first."""
    columns = (
        *(Column(gettext_noop("Node")), Column(gettext_noop("Workflow"))),
        *_numbers("p95", "Before", "Change", "Timed visits"),
    )
    rows = [_slow(scope, one) for one in found.slow]
    few = _("No node has five visits whose duration is known.")
    return Rows("slow", "", columns, rows, few if found.count else _("No node had a visit in this range."))


def _slow(scope: Scope, one: NodeRow) -> Row:
    change = relative_change(one.now.p95_ms, one.before.p95_ms)
    slowest = {"step": one.name, "workflow": one.workflow.slug}
    before = one.before.p95_ms
    return [
        code(one.name, href=f"{scope.href('executions', **slowest)}&{urlencode({'sort': '-duration'})}"),
        _workflow(scope, one.workflow),
        number(wording.duration_ms(one.now.p95_ms), one.now.p95_ms),
        number(_ms(before), before),
        number("" if change is None else wording.signed_change(change), change, tone=growth_tone(change)),
        number(wording.count(one.now.timed), one.now.timed),
    ]


def group_rows(scope: Scope, found: Sequence[NewGroup]) -> Rows:
    """New failure groups, the newest first."""
    columns = (
        *(Column(gettext_noop("Failure group")), Column(gettext_noop("Workflow"))),
        *(Column(gettext_noop("New since")), Column(gettext_noop("Status"))),
        *_numbers("Failures"),
    )
    rows = [_group(scope, one) for one in found]
    return Rows("groups", "", columns, rows, _("No failure group is new in this range."))


def _group(scope: Scope, one: NewGroup) -> Row:
    most = _("over {count}").format(count=wording.count(MOST_FAILURES))
    since = when_text(one.first_seen_at)
    began = format_html(_("in release <bdi>{release}</bdi>"), release=one.release) if one.release else ""
    return [
        text(
            one.title,
            sub=format_html(_("at <bdi>{node}</bdi>"), node=one.node) if one.node else "",
            href=scope.href("failure_group", one.id),
        ),
        _workflow(scope, one.workflow),
        Cell(since, began, "", instant(one.first_seen_at)),
        text(SIGNS[TriageStatus(one.status)].word),
        number(most if one.failures > MOST_FAILURES else wording.count(one.failures), one.failures),
    ]


def release_rows(scope: Scope, found: Sequence[ReleasePair]) -> Rows:
    """The newest release of each workflow beside the one before it."""
    columns = (
        *(Column(gettext_noop("Release")), Column(gettext_noop("Workflow"))),
        *(Column(gettext_noop("Live since")), Column(gettext_noop("What changed"))),
        *_numbers("Runs", "Success rate", "p95", "Cost per successful run"),
    )
    rows = [_release(scope, one) for one in found]
    none = _("No release is known. Reports may tell one, or a pipeline announces it.")
    return Rows("releases", "", columns, rows, none)


def _release(scope: Scope, one: ReleasePair) -> Row:
    before = _("the first one known")
    if one.previous:
        before = format_html(_("after <bdi>{release}</bdi>"), release=one.previous.name)
    return [
        text(one.release.name, sub=before, href=compare_href(scope, one)),
        _workflow(scope, one.workflow),
        Cell(when_text(one.release.live_at), known_words(one.release), "", instant(one.release.live_at)),
        _changed(one),
        _was(wording.count(one.now.runs), one.now.runs, wording.count(one.before.runs), one),
        _compared(one, one.rate.reading, one.now.success_rate, one.before.success_rate, _share),
        _compared(one, one.p95.reading, one.now.duration_ms.p95, one.before.duration_ms.p95, _ms),
        _cost(one),
    ]


def _was(words: str, raw: Any, before: str, one: ReleasePair, tone: str = "") -> Cell:
    return number(words, raw, sub=_before(before) if one.previous else "", tone=tone)


def _compared(one: ReleasePair, reading: Reading, now: float | None, before: float | None, words: Any) -> Cell:
    return _was(words(now), now, words(before), one, _TONES.get(reading, ""))


def _ms(value: float | None) -> str:
    return _(UNKNOWN) if value is None else wording.duration_ms(value)


def _cost(one: ReleasePair) -> Cell:
    now, before = one.now.cost_per_success_usd, one.before.cost_per_success_usd
    few = min(one.now.succeeded, one.before.succeeded) < MIN_RUNS
    return _was(_usd(one.now), now, _usd(one.before), one, "" if few else growth_tone(relative_change(now, before)))


def _usd(totals: Totals) -> str:
    """Where tokens have no price, it is at least that."""
    cost = totals.cost_per_success_usd
    if cost is None:
        return _(UNKNOWN)
    return _("at least {amount}").format(amount=wording.usd(cost)) if totals.unpriced_tokens else wording.usd(cost)


def changed_words(one: ReleasePair) -> tuple[str, str]:
    """What is surely different from the release before, in words, and the tone of it."""
    readings = one.rate.reading, one.p95.reading
    sure = _sure(one.rate.reading), _sure(one.p95.reading)
    if words := _CHANGED.get(sure):
        return _(words), "fail" if Reading.WORSE in sure else "ok"
    if one.previous is None:
        return _("Nothing to compare it with"), ""
    if not one.now.runs:
        return _("No runs of the new release to compare"), ""
    if not one.before.runs:
        return _("No runs of the earlier release to compare"), ""
    if all(reading is Reading.NO_DIFFERENCE for reading in readings):
        return _("No difference shown"), ""
    more = max(one.rate.more or 0, one.p95.more or 0)
    if not more:
        return _("Cannot tell"), ""
    words = ngettext("Cannot tell yet: {count} more run needed", "Cannot tell yet: {count} more runs needed", more)
    return words.format(count=wording.count(more)), ""


def _sure(reading: Reading) -> Reading | None:
    return reading if reading in _TONES else None


def _changed(one: ReleasePair) -> Cell:
    words, tone = changed_words(one)
    commit = _("commit {commit}").format(commit=one.release.commit[:12]) if one.release.commit else ""
    return text(words, sub=(one.release.note or commit)[:200], tone=tone)


def compare_href(scope: Scope, one: ReleasePair) -> str:
    """Both releases side by side; the releases of the workflow where there is none before."""
    if one.previous is None:
        return scope.href("releases", one.workflow.slug, workflow=None)
    pair = {"a": one.previous.name, "b": one.release.name, **({"env": scope.environment} if scope.environment else {})}
    return f"{reverse('compare_releases', args=[scope.team.slug, one.workflow.slug])}?{urlencode(pair)}"


def trace_cells(row: ExecutionRow) -> list[Any]:
    """An execution as `TRACE_HEADER` names its cells. Times are ISO 8601 UTC."""
    return [
        *(row.external_id, row.attempt, row.workflow, row.status.word, instant(row.started_at)),
        *(milliseconds(row.duration_ms), row.failed_node, row.error, row.release, row.environment),
    ]


def _workflow(scope: Scope, one: Named | None) -> Cell:
    if one is None:
        return text(wording.not_told())
    return text(one.name, href=scope.href("trends", one.slug))
