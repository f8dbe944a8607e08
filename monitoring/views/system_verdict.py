"""Is it us or them: the verdict panel of what steps call, for the list of all and for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

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

QUESTION = gettext_noop("Is it us or them?")
MAX_NAMED = 3
FAILED_WORDS = [status.word for status in sorted(FAILING, reverse=True)]


@dataclass(frozen=True, slots=True)
class Words:
    """A kind in words, marked for translation: one, several, how many, as a heading, without calls, and calm; its icon.

    `key` is that of `WORDS`.
    """

    key: str
    forms: tuple[str, str]
    counts: tuple[str, str]
    heading: str
    none: str
    calm: str
    icon: str

    @property
    def one(self) -> str:
        """`external system`."""
        return _(self.forms[0])

    @property
    def many(self) -> str:
        """`external systems`."""
        return _(self.forms[1])

    @property
    def title(self) -> str:
        """`External systems`."""
        return _(self.heading)

    def counted(self, number: int) -> str:
        """`3 external systems`."""
        return ngettext(*self.counts, number).format(count=wording.count(number))


WORDS: Mapping[str, Words] = {
    "system": Words(
        "system",
        (gettext_noop("external system"), gettext_noop("external systems")),
        (gettext_noop("{count} external system"), gettext_noop("{count} external systems")),
        gettext_noop("External systems"),
        gettext_noop("No calls of external systems in this range."),
        gettext_noop("Neither: no external system stands out."),
        "globe",
    ),
    "model": Words(
        "model",
        (gettext_noop("model"), gettext_noop("models")),
        (gettext_noop("{count} model"), gettext_noop("{count} models")),
        gettext_noop("Models"),
        gettext_noop("No calls of models in this range."),
        gettext_noop("Neither: no model stands out."),
        "spark",
    ),
    "tool": Words(
        "tool",
        (gettext_noop("tool"), gettext_noop("tools")),
        (gettext_noop("{count} tool"), gettext_noop("{count} tools")),
        gettext_noop("Tools"),
        gettext_noop("No calls of tools in this range."),
        gettext_noop("Neither: no tool stands out."),
        "tool",
    ),
}
# A decision as a sentence about a name, and about what the page is of.
_THEM = (
    gettext_noop("Them: {name} fails more than usual in {count} workflows at once."),
    gettext_noop("Them: it fails more than usual in {count} workflows at once."),
)
_US = (
    gettext_noop("Us: {name} fails more than usual in {workflow} alone."),
    gettext_noop("Us: it fails more than usual in {workflow} alone."),
)
_TOO_RARE = (
    gettext_noop("Cannot tell: {name} fails more than usual in {workflow}, and others called it too rarely then."),
    gettext_noop("Cannot tell: it fails more than usual in {workflow}, and others called it too rarely then."),
)
_ALONE = (
    gettext_noop("Cannot tell: {name} fails more than usual in {workflow}, and no other workflow called it then."),
    gettext_noop("Cannot tell: it fails more than usual in {workflow}, and no other workflow called it then."),
)


@dataclass(frozen=True, slots=True)
class Context:
    """What evidence needs to be written: the names of workflows, and where the buckets of decisions lie."""

    workflows: Mapping[UUID, CallingWorkflow]
    starts: Sequence[datetime]
    bucket: timedelta

    def name(self, evidence: Evidence) -> str:
        """The workflow that saw it."""
        found = self.workflows.get(UUID(evidence.name))
        return found.name if found else _("runs without a workflow")

    def time_words(self, decision: Decision) -> str:
        """When it failed: `11 Nov, 06:00 to 12:00 UTC`; several stretches by their ends and number."""
        if len(decision.buckets) == len(self.starts):
            return _("in the whole range")
        stretches = 1 + sum(b - a > 1 for a, b in zip(decision.buckets, decision.buckets[1:], strict=False))
        start = timezone.localtime(self.starts[decision.buckets[0]])
        end = timezone.localtime(self.starts[decision.buckets[-1]] + self.bucket)
        now = timezone.localtime(timezone.now())
        first = wording.moment(start, now, zone=False)
        last = (
            f"{formats.clock(end)} {wording.zone_name(end)}" if start.date() == end.date() else wording.moment(end, now)
        )
        words = _("{first} to {last}") if stretches == 1 else _("{first} to {last}, {count} times")
        return words.format(first=first, last=last, count=stretches)


def reading(decision: Decision) -> tuple[str, str, str]:
    """A decision as the cell of a table: words, tone and icon."""
    if decision.side is Side.THEM:
        words = _("Above usual in {count} workflows at once")
        return words.format(count=wording.count(len(decision.failing))), "fail", "fail"
    if decision.side is Side.US:
        return _("Above usual in one workflow"), "warn", "warn"
    if decision.side is Side.UNCLEAR:
        return _("Above usual"), "warn", "warn"
    if decision.side is Side.USUAL:
        return _("As usual"), "ok", "ok"
    return _("Too little history"), "idle", "skip"


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
        more = _("{count} more fail more than usual: see the table.")
        paragraphs.append(format_html(more, count=wording.count(rest)))
    actions = [
        Action(
            _("Open {name}").format(name=first.name),
            scope.href(kind.param, first.name, q=None),
            WORDS[kind.param].icon,
            primary=True,
        ),
        *_sample_action(scope, kind, first.name, first.totals),
    ]
    word, tone = (_("Above usual"), "fail" if first.decision.side is Side.THEM else "watch")
    return Panel(_(QUESTION), answer(context, of_side), word, tone, paragraphs, [], actions)


def page_panel(scope: Scope, kind: Kind, name: str, decision: Decision, totals: Totals, context: Context) -> Panel:
    """The answer for one."""
    actions = []
    if totals.failures:
        (samples,) = _sample_action(scope, kind, name, totals)
        actions.append(Action(samples.label, samples.href, samples.icon, primary=True))
    if decision.side is Side.US and (found := context.workflows.get(UUID(decision.failing[0].name))):
        href = scope.href("failures", found.slug, **{kind.param: [name]})
        actions.append(Action(_("See the failures of {workflow}").format(workflow=found.name), href, "flow"))
    if decision.side.is_unusual:
        tone = "fail" if decision.side is Side.THEM else "watch"
        text = _sentence(context, "", decision)
        return Panel(_(QUESTION), text, _("Above usual"), tone, [evidence(context, name, decision)], [], actions)
    counts = [_counts(totals)] if totals.runs else []
    if not totals.runs:
        return Panel(_(QUESTION), _("No calls in this range."), _("No calls"), "idle", [], [], [])
    if decision.side is Side.UNKNOWN:
        text = _("Cannot tell: too few calls to say what is usual.")
        return Panel(_(QUESTION), text, _("Too little history"), "idle", counts, [], actions)
    return Panel(_(QUESTION), _("Neither: it fails as often as usual."), _("As usual"), "ok", counts, [], actions)


def answer(context: Context, rows: Sequence[SystemRow]) -> str:
    """One sentence about rows of the same side, the most striking first."""
    first, more = rows[0], len(rows) - 1
    if more and first.decision.side is Side.THEM:
        words = _("Them: {name} and {count} more fail more than usual in several workflows at once.")
        return words.format(name=first.name, count=wording.count(more))
    return _sentence(context, first.name, first.decision)


def evidence(context: Context, name: str, decision: Decision) -> SafeString:
    """The numbers behind a decision: how many calls failed and how many usually do, when, where, what others saw."""
    failures, calls = sum(e.failures for e in decision.failing), sum(e.calls for e in decision.failing)
    usual = sum(one.expected for one in decision.failing) / calls if calls else 0.0
    words = _("{workflow} {failures} of {calls}")
    named = [
        words.format(workflow=context.name(one), failures=wording.count(one.failures), calls=wording.count(one.calls))
        for one in decision.failing[:MAX_NAMED]
    ]
    if len(decision.failing) > MAX_NAMED:
        named.append(_("{count} more").format(count=wording.count(len(decision.failing) - MAX_NAMED)))
    told = format_html(
        _("<b>{name}</b>: <b>{failures} of {calls} calls</b> failed, {usual} usually ({when}): {workflows}."),
        name=name,
        failures=wording.count(failures),
        calls=wording.count(calls),
        usual=wording.percent(usual),
        when=context.time_words(decision),
        workflows=", ".join(named),
    )
    others = _others_words(decision)
    return format_html("{} {}", told, others) if others else told


def _sentence(context: Context, name: str, decision: Decision) -> str:
    """The decision about what has this name; without one about what the page is of."""
    forms = _TOO_RARE if decision.others else _ALONE
    forms = {Side.THEM: _THEM, Side.US: _US}.get(decision.side, forms)
    return _(forms[0] if name else forms[1]).format(
        name=name, count=wording.count(len(decision.failing)), workflow=context.name(decision.failing[0])
    )


def _others_words(decision: Decision) -> str:
    others = decision.others
    if not others:
        return ""
    failures, calls = sum(one.failures for one in others), sum(one.calls for one in others)
    words = ngettext(
        "In {count} other workflow that called it then, {failures} of {calls} calls failed.",
        "In {count} other workflows that called it then, {failures} of {calls} calls failed.",
        len(others),
    )
    return words.format(count=wording.count(len(others)), failures=wording.count(failures), calls=wording.count(calls))


def _calm_panel(scope: Scope, kind: Kind, found: Systems) -> Panel:
    words, totals = WORDS[kind.param], together([row.totals for row in found.rows])
    if not found.rows:
        return Panel(_(QUESTION), _(words.none), _("No calls"), "idle", [], [], [])
    counts = [_counts(totals)]
    if all(row.decision.side is Side.UNKNOWN for row in found.rows):
        text = _("Cannot tell: too few calls to say what is usual.")
        return Panel(_(QUESTION), text, _("Too little history"), "idle", counts, [], [])
    return Panel(_(QUESTION), _(words.calm), _("As usual"), "ok", counts, [], [])


def _counts(totals: Totals) -> SafeString:
    return format_html(
        _("<b>{failures} of {calls} calls</b> failed in this range; none of it is clearly more than usual."),
        failures=wording.count(totals.failures),
        calls=wording.count(totals.runs),
    )


def _sample_action(scope: Scope, kind: Kind, name: str, totals: Totals) -> list[Action]:
    if not totals.failures:
        return []
    href = scope.href("executions", **{kind.param: [name], "status": FAILED_WORDS, "q": None})
    return [Action(_("See the failed samples"), href, "list")]
