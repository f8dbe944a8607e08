"""The Failures page in words: the answer, the rows of what failed runs have in common, its tabs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from monitoring import wording
from monitoring.analysis.concentration import MIN_FAILURES, Answer, Finding, Reach, Reading, answer
from monitoring.presentation import Action, Fact, Link, Tone
from monitoring.reads.concentration import Concentration
from monitoring.reads.groups import FailureGroups, GroupRow
from monitoring.reads.usual import KINDS, LOCAL_KINDS, Kind
from monitoring.views.shell import Scope

ROWS_SHOWN = 12
LONG_RANGE = timedelta(days=90)
_PILLS = {
    Reading.CONCENTRATED: ("fail", "fail"),
    Reading.ABOVE_USUAL: ("warn", "warn"),
    Reading.AS_USUAL: ("", ""),
    Reading.BELOW_USUAL: ("", ""),
    Reading.TOO_FEW: ("", ""),
    Reading.NOT_COMPARED: ("", ""),
}
_STRIKING = frozenset({Reading.CONCENTRATED, Reading.ABOVE_USUAL})
_MONO = frozenset({"step", "tool", "field"})
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


@dataclass(frozen=True, slots=True)
class CommonRow:
    """A row of the table, ready to show. `href` filters by the value where a parameter can; `mono` for identifiers."""

    title: str
    value: str
    href: str
    mono: bool
    finding: Finding
    meter_label: str
    interval: str
    p_value: str
    pill_tone: str
    pill_glyph: str

    @property
    def is_hot(self) -> bool:
        """Whether the row stands out."""
        return self.finding.reading is Reading.CONCENTRATED


def title_of(finding: Finding) -> str:
    """The kind of a finding in words; of a facet its own name: `Input field country`, `Tag channel`."""
    start, _, name = finding.kind.partition(".")
    if not name:
        return KINDS[finding.kind].title
    return f"{'Input field' if start == 'input' else 'Tag'} {name}"


def kind_of(finding: Finding) -> Kind:
    """The kind that a finding belongs to; facets share one."""
    return KINDS.get(finding.kind) or KINDS["field"]


def p_words(p_value: float | None) -> str:
    """A corrected p-value as people read it; empty where there is none."""
    if p_value is None:
        return ""
    return "p under 0.001" if p_value < 0.001 else f"p {p_value:.3f}" if p_value < 0.1 else f"p {p_value:.2f}"


def kind_tabs(scope: Scope, found: Concentration, by: str) -> list[Link]:
    """`All, by lift` and one tab for each kind that failures share a value of."""
    present = {kind_of(finding).name for finding in found.findings}
    links = [Link("All, by lift", scope.filters.query(by=None, after=None), by not in present)]
    return links + [
        Link(kind.title, scope.filters.query(by=name, after=None), by == name)
        for name, kind in KINDS.items()
        if name in present
    ]


def shown_findings(found: Concentration, by: str) -> list[Finding]:
    """The rows of a tab. The first tab shows what stands out, and of each kind without such a row the leading one."""
    of_kind = [finding for finding in found.findings if kind_of(finding).name == by]
    if of_kind:
        return of_kind
    if found.is_alone:
        return sorted(found.findings, key=lambda f: (-f.failures, f.kind, f.value))[:ROWS_SHOWN]
    striking = [f for f in found.findings if f.reading in _STRIKING][:ROWS_SHOWN]
    seen = {kind_of(f).name for f in striking}
    usual = []
    for finding in sorted(found.findings, key=lambda f: (-f.failures, f.kind, f.value)):
        kind = kind_of(finding).name
        if finding.reading not in _STRIKING and finding.lift is not None and kind not in seen:
            seen.add(kind)
            usual.append(finding)
    return [*striking, *sorted(usual, key=lambda f: -(f.lift or 0))][:ROWS_SHOWN]


def common_rows(scope: Scope, findings: Sequence[Finding]) -> list[CommonRow]:
    """The rows of the table, ready to show."""
    return [_row(scope, finding) for finding in findings]


def _row(scope: Scope, finding: Finding) -> CommonRow:
    tone, glyph = _PILLS[finding.reading]
    usual = f", {wording.percent(finding.usual)} usually" if finding.usual is not None else ""
    interval = f"{finding.low:,.1f} to {finding.high:,.1f}" if finding.low is not None else ""
    return CommonRow(
        title=title_of(finding),
        value=finding.value or "(empty)",
        href=href_of(scope, finding),
        mono=kind_of(finding).name in _MONO,
        finding=finding,
        meter_label=f"{wording.percent(finding.share)} of failures{usual}",
        interval=interval,
        p_value=p_words(finding.p_value),
        pill_tone=tone,
        pill_glyph=glyph,
    )


def href_of(scope: Scope, finding: Finding) -> str:
    """The page filtered by the value; empty where no filter can."""
    param = kind_of(finding).param
    return scope.filters.query(after=None, by=None, **{param: finding.value}) if param else ""


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


def finding_cells(finding: Finding) -> list[Any]:
    """A finding as the export's cells: shares of 1, lift with its interval, the corrected p-value, the reading."""
    figures = (finding.share, finding.usual, finding.lift, finding.low, finding.high, finding.p_value)
    rounded = [None if figure is None else float(f"{figure:.6g}") for figure in figures]
    return [title_of(finding), finding.value, finding.failures, *rounded, finding.reading.value]
