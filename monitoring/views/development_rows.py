"""The tables of the Development page: from what was read to rows of cells."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html

from monitoring import wording
from monitoring.analysis.difference import MIN_RUNS, Reading
from monitoring.analysis.intervals import Interval, wilson
from monitoring.cells import Cell, Column, Row, Rows, code, number, text
from monitoring.reads.development import MOST_FAILURES, Named, NewGroup, ReleasePair
from monitoring.reads.development_nodes import NodeRow, Nodes, Visits
from monitoring.reads.executions import ExecutionRow
from monitoring.reads.figures import Totals
from monitoring.templatetags.display import when_text
from monitoring.views.comparing import growth_tone, rate_tone, relative_change
from monitoring.views.execution_table import instant, milliseconds
from monitoring.views.release_words import known_words
from monitoring.views.shell import Scope

UNKNOWN = "unknown"
TRACE_HEADER = (
    *("Execution", "Attempt", "Workflow", "Status", "Started", "Duration, ms", "First failing node", "Error"),
    *("Release", "Environment"),
)
_METRICS = {
    "Failed visits": "failed_visits",
    "Share of failures": "failure_share",
    "Failure rate": "failure_rate",
    "Before": "before",
    "Visits": "visits",
    "p95": "p95",
    "Change": "change",
    "Timed visits": "timed_visits",
    "Failures": "group_failures",
    "Runs": "runs",
    "Success rate": "success_rate",
    "Cost per successful run": "cost_per_success",
}
_TONES = {Reading.WORSE: "fail", Reading.BETTER: "ok"}


def _numbers(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(title, is_number=True, metric=_METRICS[title]) for title in titles)


def failing_rows(scope: Scope, found: Nodes) -> Rows:
    """Nodes with failed visits, most first."""
    columns = (
        *(Column("Node"), Column("Workflow")),
        *_numbers("Failed visits", "Share of failures", "Failure rate", "Before", "Visits"),
    )
    rows = [_failing(scope, one) for one in found.failing]
    none = "No visit of a node failed." if found.count else "No node had a visit in this range."
    return Rows("failing", "", columns, rows, none)


def _failing(scope: Scope, one: NodeRow) -> Row:
    now, before = one.failed_share, one.failed_share_before
    tone = "" if one.workflow.is_failures_only else rate_tone(_passed(one.now), _passed(one.before))
    return [
        code(one.name, href=scope.href("failures", one.workflow.slug, step=one.name, workflow=None)),
        _workflow(scope, one.workflow),
        number(wording.count(one.now.failures), one.now.failures, sub=f"was {wording.count(one.before.failures)}"),
        Cell(wording.percent(one.share, 0), raw=one.share, is_number=True, share=one.share),
        number(_share(now), now, tone=tone),
        number(_share(before) if one.before.visits else "no visits", before),
        number(wording.count(one.now.visits), one.now.visits),
    ]


def _passed(one: Visits) -> Interval | None:
    """The share of finished visits that did not fail, with its 95 % interval."""
    return wilson(one.succeeded, one.succeeded + one.failures)


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else wording.percent(value)


def slow_rows(scope: Scope, found: Nodes) -> Rows:
    """Nodes by p95, the slowest first."""
    columns = (Column("Node"), Column("Workflow"), *_numbers("p95", "Before", "Change", "Timed visits"))
    rows = [_slow(scope, one) for one in found.slow]
    none = "No node has five visits whose duration is known." if found.count else "No node had a visit in this range."
    return Rows("slow", "", columns, rows, none)


def _slow(scope: Scope, one: NodeRow) -> Row:
    change = relative_change(one.now.p95_ms, one.before.p95_ms)
    slowest = {"step": one.name, "workflow": one.workflow.slug}
    before = one.before.p95_ms
    return [
        code(one.name, href=f"{scope.href('executions', **slowest)}&{urlencode({'sort': '-duration'})}"),
        _workflow(scope, one.workflow),
        number(wording.duration_ms(one.now.p95_ms), one.now.p95_ms),
        number(UNKNOWN if before is None else wording.duration_ms(before), before),
        number("" if change is None else wording.signed_change(change), change, tone=growth_tone(change)),
        number(wording.count(one.now.timed), one.now.timed),
    ]


def group_rows(scope: Scope, found: Sequence[NewGroup]) -> Rows:
    """New failure groups, the newest first."""
    columns = (
        *(Column(title) for title in ("Failure group", "Workflow", "New since", "Status")),
        *_numbers("Failures"),
    )
    rows = [_group(scope, one) for one in found]
    return Rows("groups", "", columns, rows, "No failure group is new in this range.")


def _group(scope: Scope, one: NewGroup) -> Row:
    many = one.failures > MOST_FAILURES
    since = when_text(one.first_seen_at)
    began = format_html("in release <bdi>{}</bdi>", one.release) if one.release else ""
    return [
        text(
            one.title,
            sub=format_html("at <bdi>{}</bdi>", one.node) if one.node else "",
            href=scope.href("failure_group", one.id),
        ),
        _workflow(scope, one.workflow),
        Cell(since, began, "", instant(one.first_seen_at)),
        text(one.status.capitalize()),
        number(f"over {wording.count(MOST_FAILURES)}" if many else wording.count(one.failures), one.failures),
    ]


def release_rows(scope: Scope, found: Sequence[ReleasePair]) -> Rows:
    """The newest release of each workflow beside the one before it."""
    columns = (
        *(Column(title) for title in ("Release", "Workflow", "Live since", "What changed")),
        *_numbers("Runs", "Success rate", "p95", "Cost per successful run"),
    )
    rows = [_release(scope, one) for one in found]
    return Rows("releases", "", columns, rows, "No release is known. Reports may tell one, or a pipeline announces it.")


def _release(scope: Scope, one: ReleasePair) -> Row:
    before = format_html("after <bdi>{}</bdi>", one.previous.name) if one.previous else "the first one known"
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
    return number(words, raw, sub=f"was {before}" if one.previous else "", tone=tone)


def _compared(one: ReleasePair, reading: Reading, now: float | None, before: float | None, words: Any) -> Cell:
    return _was(words(now), now, words(before), one, _TONES.get(reading, ""))


def _ms(value: float | None) -> str:
    return UNKNOWN if value is None else wording.duration_ms(value)


def _cost(one: ReleasePair) -> Cell:
    now, before = one.now.cost_per_success_usd, one.before.cost_per_success_usd
    few = min(one.now.succeeded, one.before.succeeded) < MIN_RUNS
    return _was(_usd(one.now), now, _usd(one.before), one, "" if few else growth_tone(relative_change(now, before)))


def _usd(totals: Totals) -> str:
    """Where tokens have no price, it is at least that."""
    cost = totals.cost_per_success_usd
    return UNKNOWN if cost is None else f"{'at least ' if totals.unpriced_tokens else ''}{wording.usd(cost)}"


def changed_words(one: ReleasePair) -> tuple[str, str]:
    """What is surely different from the release before, in words, and the tone of it."""
    told = {"success rate": one.rate, "p95": one.p95}
    parts = []
    for reading, word in ((Reading.WORSE, "worse"), (Reading.BETTER, "better")):
        names = [name for name, compared in told.items() if compared.reading is reading]
        parts += [f"{' and '.join(names)} {word}"] if names else []
    if parts:
        is_worse = any(compared.reading is Reading.WORSE for compared in told.values())
        words = ", ".join(parts)
        return words[:1].upper() + words[1:], "fail" if is_worse else "ok"
    if one.previous is None:
        return "Nothing to compare it with", ""
    if not one.now.runs or not one.before.runs:
        return f"No runs of the {'new' if not one.now.runs else 'earlier'} release to compare", ""
    if all(compared.reading is Reading.NO_DIFFERENCE for compared in told.values()):
        return "No difference shown", ""
    more = max((compared.more or 0 for compared in told.values()), default=0)
    return (f"Cannot tell yet: {wording.count(more)} more runs needed" if more else "Cannot tell"), ""


def _changed(one: ReleasePair) -> Cell:
    words, tone = changed_words(one)
    about = one.release.note or (f"commit {one.release.commit[:12]}" if one.release.commit else "")
    return text(words, sub=about[:200], tone=tone)


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
        return text(wording.NOT_TOLD)
    return text(one.name, href=scope.href("trends", one.slug))
