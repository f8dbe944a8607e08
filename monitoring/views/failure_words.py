"""The Failures page in words: the answer with its evidence, and what the rail and the chart say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString

from monitoring import wording
from monitoring.analysis.concentration import MIN_FAILURES, Answer, Finding, Reach, Reading, answer
from monitoring.presentation import Action, Fact, Tone
from monitoring.reads.concentration import Concentration
from monitoring.reads.groups import FailureGroups, GroupRow
from monitoring.reads.usual import KINDS, LOCAL_KINDS
from monitoring.views.failure_rows import href_of, kind_of, p_words, title_of
from monitoring.views.shell import Scope

LONG_RANGE = timedelta(days=90)
_SIGNS: dict[Reach, tuple[str, Tone]] = {
    Reach.LOCAL: ("Concentrated", "fail"),
    Reach.PART: ("Partly concentrated", "watch"),
    Reach.SPREAD: ("Spread out", "watch"),
    Reach.TOO_FEW: ("Not enough data", "idle"),
}
_ALONE: tuple[str, str, Tone] = (
    "Unknown: only failures are reported, not the runs to compare with.",
    "Unknown",
    "idle",
)
_FRACTIONS = (
    (0.995, "All"),
    (0.95, "Nearly all"),
    (0.85, "Nine in ten"),
    (0.775, "Four in five"),
    (0.71, "Three in four"),
    (0.64, "Two in three"),
    (0.54, "More than half"),
    (0.0, "Half"),
)


@dataclass(frozen=True, slots=True)
class Panel:
    """Arguments of the verdict component."""

    answer: str
    word: str
    tone: Tone
    paragraphs: Sequence[SafeString | str]
    pills: Sequence[Fact] = ()
    actions: Sequence[Action] = ()
    note: str = ""


def verdict_panel(scope: Scope, found: Concentration, groups: FailureGroups) -> Panel:
    """The answer to "are the failures concentrated?" with its evidence and the next actions."""
    told = Answer(Reach.SPREAD) if found.is_alone else answer(found.findings, found.failures, LOCAL_KINDS)
    typical = _typical(told, groups)
    replay = (
        Action("Replay a typical failure", scope.href("replay", str(typical.latest)), "redo", True) if typical else None
    )
    actions = [action for action in (replay, *_more(scope, told)) if action]
    if found.is_alone:
        return Panel(*_ALONE, _shared_most(found), (), actions)
    paragraphs = _evidence(told, found)
    return Panel(_sentence(told), *_SIGNS[told.reach], paragraphs, _facts(told, found), actions)


def _shared_most(found: Concentration) -> list[SafeString | str]:
    most = max((f for f in found.findings if f.kind in LOCAL_KINDS), key=lambda f: f.failures, default=None)
    if most is None:
        return []
    return [format_html("{} makes up <b>{}</b> of failures.", _named([most]), wording.percent(most.share))]


def _sentence(told: Answer) -> str:
    if told.reach is Reach.TOO_FEW:
        return "Not enough failures to say."
    if told.reach is Reach.SPREAD:
        return "Not concentrated. Failures are spread like all runs."
    kinds = [_kind_words(finding) for finding in told.leaders[:2]]
    if told.reach is Reach.LOCAL:
        fraction = next(words for least, words in _FRACTIONS if told.leaders[0].share >= least)
        return f"Yes. {fraction} share one {' and one '.join(kinds)}."
    return f"In part. {wording.percent(told.leaders[0].share)} of failures share one {kinds[0]}."


def _kind_words(finding: Finding) -> str:
    names = {"system": "system", "field": "input field", "hour": "hour of the day"}
    name = kind_of(finding).name
    if name == "field":
        return "input field" if finding.kind.startswith("input.") else "tag"
    return names.get(name, KINDS[name].title.lower())


def _evidence(told: Answer, found: Concentration) -> list[SafeString | str]:
    if told.reach is Reach.TOO_FEW:
        few = "1 failure is" if found.failures == 1 else f"{wording.count(found.failures)} failures are"
        return [
            f"{few} too few to tell a pattern from chance: {MIN_FAILURES} are needed. A longer range may have them."
        ]
    compared = wording.count(found.compared)
    if told.reach is Reach.SPREAD:
        texts: list[SafeString | str] = [
            f"None of the {compared} values compared is clearly more frequent among failures."
        ]
        return texts + [_next_best(finding) for finding in told.leaders]
    first = told.leaders[0]
    return [
        format_html(
            "{} makes up <b>{}</b> of failures but only <b>{}</b> of {}.",
            _named(told.leaders),
            wording.percent(first.share),
            wording.percent(first.usual),
            kind_of(first).base,
        ),
        format_html(
            "That is <b>{}</b> its usual share ({} to {}), {} after correction for {} comparisons: "
            "a pattern, not chance.",
            wording.times(first.lift),
            f"{first.low or 0:,.1f}",
            wording.times(first.high),
            p_words(first.p_value),
            compared,
        ),
    ]


def _next_best(finding: Finding) -> SafeString:
    is_usual = finding.reading is Reading.AS_USUAL
    return format_html(
        "Next is {} <b>{}</b> with {} its usual share: {}.",
        title_of(finding).lower(),
        finding.value,
        wording.times(finding.lift),
        "within what chance explains" if is_usual else "above usual, but less than twice",
    )


def _named(leaders: Sequence[Finding]) -> SafeString:
    """The leading values as a subject: a step calling a system where both lead, else the first one with its kind."""
    by_kind = {finding.kind: finding for finding in leaders}
    step, called = by_kind.get("step"), by_kind.get("system") or by_kind.get("tool") or by_kind.get("model")
    if step and called and step in leaders[:2] and step.value != called.value:
        return format_html('<span class="mono b">{}</span> calling <b>{}</b>', step.value, called.value)
    first = leaders[0]
    if first.kind == "step":
        return format_html('<span class="mono b">{}</span>', first.value)
    return format_html("{} <b>{}</b>", title_of(first), first.value or "(empty)")


def _facts(told: Answer, found: Concentration) -> list[Fact]:
    facts = {Reach.LOCAL: "Scope: local", Reach.SPREAD: "Scope: no value concentrated"}
    pills = [Fact(facts[told.reach], "flag")] if told.reach in facts else []
    for finding in told.leaders[2:5] if told.reach is Reach.LOCAL else told.leaders[1:4]:
        pills.append(Fact(f"{title_of(finding)} {finding.value}: {wording.percent(finding.share)}", "spark"))
    if found.is_cut:
        pills.append(Fact(f"Newest {wording.count(found.failures)} failures looked into", "clock"))
    return pills


def _typical(told: Answer, groups: FailureGroups) -> GroupRow | None:
    """The largest group at the leading step, else the largest group."""
    steps = {finding.value for finding in told.leaders if finding.kind == "step"}
    at_step = [group for group in groups.groups if group.node in steps]
    return next(iter(at_step or groups.groups), None)


def _more(scope: Scope, told: Answer) -> list[Action]:
    if told.reach is Reach.TOO_FEW:
        if scope.window.length >= LONG_RANGE:
            return []
        return [Action("Look at 90 days", scope.filters.query(from_="now-90d", to="now", after=None), "cal")]
    if told.reach is Reach.SPREAD or not (href := href_of(scope, told.leaders[0])):
        return []
    return [Action(f"See these {wording.count(told.leaders[0].failures)} failures", f"{href}#samples", "filter")]


def rail_note(scope: Scope, found: Concentration, groups: FailureGroups) -> dict[int, str]:
    """What step 2 of the rail says: how many, and how much of them the leading value explains."""
    told = answer(found.findings, found.failures, LOCAL_KINDS)
    if not groups.failures or not told.leaders or told.reach not in (Reach.LOCAL, Reach.PART):
        return {}
    first = told.leaders[0]
    return {2: f"{wording.count(groups.failures)}, {wording.percent(first.share, 0)} in one {_kind_words(first)}"}


def chart_label(groups: FailureGroups) -> str:
    """What the chart of failures over time says, for readers who do not see it."""
    peak = max(zip(groups.leading, groups.others, groups.starts, strict=True), key=lambda part: part[0] + part[1])
    most = f"most from {peak[2]:%d %b %H:%M} UTC on, {wording.count(peak[0] + peak[1])} in one bar"
    if not groups.leading_node:
        return f"Failures over time: {wording.count(groups.failures)}, {most}."
    leading = wording.count(sum(groups.leading))
    return f"Failures over time: {leading} of {wording.count(groups.failures)} at {groups.leading_node}, {most}."
