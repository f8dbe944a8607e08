"""Is it us or them: the verdict panel of what steps call, for the list of all and for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import formats
from monitoring import wording
from monitoring.analysis.dependence import Decision, Evidence, Side
from monitoring.presentation import Action
from monitoring.reads.calls import CallingWorkflow, Kind
from monitoring.reads.figures import Totals, together
from monitoring.reads.systems import SystemRow, Systems
from monitoring.statuses import FAILING
from monitoring.views.shell import Scope
from monitoring.views.trends_verdict import Panel

QUESTION = "Is it us or them?"
MAX_NAMED = 3
FAILED_WORDS = [status.word for status in sorted(FAILING, reverse=True)]


@dataclass(frozen=True, slots=True)
class Words:
    """A kind in words: `an external system`, `external systems`, as a heading, and its icon."""

    one: str
    many: str
    title: str
    icon: str


WORDS: Mapping[str, Words] = {
    "system": Words("external system", "external systems", "External systems", "globe"),
    "model": Words("model", "models", "Models", "spark"),
    "tool": Words("tool", "tools", "Tools", "tool"),
}


@dataclass(frozen=True, slots=True)
class Context:
    """What evidence needs to be written: the names of workflows, and where the buckets of decisions lie."""

    workflows: Mapping[UUID, CallingWorkflow]
    starts: Sequence[datetime]
    bucket: timedelta

    def name(self, evidence: Evidence) -> str:
        """The workflow that saw it."""
        found = self.workflows.get(UUID(evidence.name))
        return found.name if found else "runs without a workflow"

    def time_words(self, decision: Decision) -> str:
        """When it failed: `11 Nov, 06:00 to 12:00 UTC`; several stretches by their ends and number."""
        if len(decision.buckets) == len(self.starts):
            return "in the whole range"
        stretches = 1 + sum(b - a > 1 for a, b in zip(decision.buckets, decision.buckets[1:], strict=False))
        start = timezone.localtime(self.starts[decision.buckets[0]])
        end = timezone.localtime(self.starts[decision.buckets[-1]] + self.bucket)
        now = timezone.localtime(timezone.now())
        first = wording.moment(start, now, zone=False)
        last = (
            f"{formats.clock(end)} {wording.zone_name(end)}" if start.date() == end.date() else wording.moment(end, now)
        )
        return f"{first} to {last}" if stretches == 1 else f"{first} to {last}, {stretches} times"


def reading(decision: Decision) -> tuple[str, str, str]:
    """A decision as the cell of a table: words, tone and icon."""
    if decision.side is Side.THEM:
        return f"Above usual in {wording.count(len(decision.failing))} workflows at once", "fail", "fail"
    if decision.side is Side.US:
        return "Above usual in one workflow", "warn", "warn"
    if decision.side is Side.UNCLEAR:
        return "Above usual", "warn", "warn"
    if decision.side is Side.USUAL:
        return "As usual", "ok", "ok"
    return "Too little history", "idle", "skip"


def list_panel(scope: Scope, kind: Kind, found: Systems) -> Panel:
    """The answer over all of a kind: what fails in several workflows at once first, what in one alone second."""
    context = Context(found.workflows, found.starts, found.bucket)
    unusual = [row for row in found.rows if row.decision.side.is_unusual]
    if not unusual:
        return _calm_panel(scope, kind, found)
    first = unusual[0]
    of_side = [row for row in unusual if row.decision.side is first.decision.side]
    paragraphs = [evidence(context, row.name, row.decision) for row in unusual[:MAX_NAMED]]
    if len(unusual) > MAX_NAMED:
        rest = len(unusual) - MAX_NAMED
        paragraphs.append(format_html("{} more fail more than usual: see the table.", wording.count(rest)))
    actions = [
        Action(f"Open {first.name}", scope.href(kind.param, first.name, q=None), WORDS[kind.param].icon, primary=True),
        *_sample_action(scope, kind, first.name, first.totals),
    ]
    word, tone = ("Above usual", "fail" if first.decision.side is Side.THEM else "watch")
    return Panel(QUESTION, answer(context, of_side), word, tone, paragraphs, [], actions)


def page_panel(scope: Scope, kind: Kind, name: str, decision: Decision, totals: Totals, context: Context) -> Panel:
    """The answer for one."""
    actions = []
    if totals.failures:
        (samples,) = _sample_action(scope, kind, name, totals)
        actions.append(Action(samples.label, samples.href, samples.icon, primary=True))
    if decision.side is Side.US and (found := context.workflows.get(UUID(decision.failing[0].name))):
        href = scope.href("failures", found.slug, **{kind.param: [name]})
        actions.append(Action(f"See the failures of {found.name}", href, "flow"))
    if decision.side.is_unusual:
        tone = "fail" if decision.side is Side.THEM else "watch"
        text = _sentence(context, "it", decision)
        return Panel(QUESTION, text, "Above usual", tone, [evidence(context, name, decision)], [], actions)
    counts = [_counts(totals)] if totals.runs else []
    if not totals.runs:
        return Panel(QUESTION, "No calls in this range.", "No calls", "idle", [], [], [])
    if decision.side is Side.UNKNOWN:
        text = "Cannot tell: too few calls to say what is usual."
        return Panel(QUESTION, text, "Too little history", "idle", counts, [], actions)
    return Panel(QUESTION, "Neither: it fails as often as usual.", "As usual", "ok", counts, [], actions)


def answer(context: Context, rows: Sequence[SystemRow]) -> str:
    """One sentence about rows of the same side, the most striking first."""
    first, more = rows[0], len(rows) - 1
    if more and first.decision.side is Side.THEM:
        return f"Them: {first.name} and {wording.count(more)} more fail more than usual in several workflows at once."
    return _sentence(context, first.name, first.decision)


def evidence(context: Context, name: str, decision: Decision) -> SafeString:
    """The numbers behind a decision: how many calls failed and how many usually do, when, where, what others saw."""
    failures, calls = sum(e.failures for e in decision.failing), sum(e.calls for e in decision.failing)
    usual = sum(one.expected for one in decision.failing) / calls if calls else 0.0
    named = [
        f"{context.name(one)} {wording.count(one.failures)} of {wording.count(one.calls)}"
        for one in decision.failing[:MAX_NAMED]
    ]
    if len(decision.failing) > MAX_NAMED:
        named.append(f"{wording.count(len(decision.failing) - MAX_NAMED)} more")
    return format_html(
        "<b>{}</b>: <b>{} of {} calls</b> failed, {} usually ({}): {}.{}",
        name,
        wording.count(failures),
        wording.count(calls),
        wording.percent(usual),
        context.time_words(decision),
        ", ".join(named),
        _others_words(decision),
    )


def _sentence(context: Context, name: str, decision: Decision) -> str:
    count, worst = len(decision.failing), context.name(decision.failing[0])
    if decision.side is Side.THEM:
        return f"Them: {name} fails more than usual in {wording.count(count)} workflows at once."
    if decision.side is Side.US:
        return f"Us: {name} fails more than usual in {worst} alone."
    why = "others called it too rarely then" if decision.others else "no other workflow called it then"
    return f"Cannot tell: {name} fails more than usual in {worst}, and {why}."


def _others_words(decision: Decision) -> str:
    others = decision.others
    if not others:
        return ""
    failures, calls = sum(one.failures for one in others), sum(one.calls for one in others)
    which = "other workflow" if len(others) == 1 else "other workflows"
    told = f"{wording.count(failures)} of {wording.count(calls)} calls failed"
    return f" In {wording.count(len(others))} {which} that called it then, {told}."


def _calm_panel(scope: Scope, kind: Kind, found: Systems) -> Panel:
    words, totals = WORDS[kind.param], together([row.totals for row in found.rows])
    if not found.rows:
        return Panel(QUESTION, f"No calls of {words.many} in this range.", "No calls", "idle", [], [], [])
    counts = [_counts(totals)]
    if all(row.decision.side is Side.UNKNOWN for row in found.rows):
        text = "Cannot tell: too few calls to say what is usual."
        return Panel(QUESTION, text, "Too little history", "idle", counts, [], [])
    return Panel(QUESTION, f"Neither: no {words.one} stands out.", "As usual", "ok", counts, [], [])


def _counts(totals: Totals) -> SafeString:
    return format_html(
        "<b>{} of {} calls</b> failed in this range; none of it is clearly more than usual.",
        wording.count(totals.failures),
        wording.count(totals.runs),
    )


def _sample_action(scope: Scope, kind: Kind, name: str, totals: Totals) -> list[Action]:
    if not totals.failures:
        return []
    href = scope.href("executions", **{kind.param: [name], "status": FAILED_WORDS, "q": None})
    return [Action("See the failed samples", href, "list")]
