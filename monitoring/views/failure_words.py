"""The Failures page in words: the answer with its evidence, and what the rail and the chart say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts import formats
from monitoring import wording
from monitoring.analysis.concentration import MIN_FAILURES, Reach, Reading
from monitoring.analysis.explanation import Combination, Explanation, Part
from monitoring.analysis.relations import Relation
from monitoring.presentation import Action, Fact, Tone
from monitoring.reads.concentration import Concentration, Shared
from monitoring.reads.groups import FailureGroups, GroupRow
from monitoring.reads.kinds import KINDS, LOCAL_KINDS, kind_named, title_of
from monitoring.reads.populations import FAILED
from monitoring.views.failure_rows import href_of, kind_of, p_words, title_of_row, value_of_row
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

    question: str
    answer: str
    word: str
    tone: Tone
    paragraphs: Sequence[SafeString | str]
    pills: Sequence[Fact] = ()
    actions: Sequence[Action] = ()
    note: str = ""


def verdict_panel(scope: Scope, found: Concentration, groups: FailureGroups, zone: str) -> Panel:
    """The answer to "are they concentrated?" with its evidence and the next actions."""
    answer, question = found.explanation, f"Are the {found.population.noun}s concentrated?"
    typical = _typical(answer, groups) if found.population is FAILED else None
    replay = (
        Action("Replay a typical failure", scope.href("replay", str(typical.latest)), "redo", True) if typical else None
    )
    actions = [action for action in (replay, *_more(scope, found, zone)) if action]
    if found.is_alone:
        return Panel(question, *_ALONE, _shared_most(found), (), actions)
    return Panel(question, _sentence(found), *_SIGNS[answer.reach], _evidence(found), _facts(found), actions)


def _shared_most(found: Concentration) -> list[SafeString | str]:
    told = [one for one in found.shared if kind_of(one.row.combination).name in LOCAL_KINDS]
    most = max(told, key=lambda one: one.finding.failures, default=None)
    if most is None:
        return []
    return [
        format_html(
            "{} makes up <b>{}</b> of failures.", _named(most.row.combination), wording.percent(most.finding.share)
        )
    ]


def _many(found: Concentration) -> str:
    return f"{found.population.noun}s"


def _sentence(found: Concentration) -> str:
    answer, many = found.explanation, _many(found)
    if answer.reach is Reach.TOO_FEW:
        return f"Not enough {many} to say."
    if answer.reach is Reach.SPREAD:
        return f"Not concentrated. {many.capitalize()} are spread like all runs."
    covered = answer.parts[-1].covered
    kinds = " and one ".join(_kind_words(attribute) for attribute, _ in _subject(found, answer.parts[0]))
    if len(answer.parts) > 1:
        share = f"share one of {len(answer.parts)} values or combinations"
    else:
        share = f"share one {kinds}"
    if answer.reach is Reach.LOCAL:
        fraction = next(words for least, words in _FRACTIONS if covered >= least)
        return f"Yes. {fraction} {share}."
    return f"In part. {wording.percent(covered)} of {many} {share}."


def _subject(found: Concentration, part: Part) -> Combination:
    """A part of the answer, with a value that nearly the same runs have: a step with the system that it calls."""
    told = {attribute for attribute, _ in part.combination}
    for one in found.shared:
        row = one.row
        is_same = row.relation is Relation.SAME_RUNS and row.because == part.combination
        if is_same and len(row.combination) == 1 and row.combination[0][0] not in told:
            return (*part.combination, *row.combination)
    return part.combination


def _kind_words(attribute: str) -> str:
    names = {"system": "system", "hour": "hour of the day"}
    if kind_named(attribute).name == "field":
        return "input field" if attribute.startswith("input.") else "tag"
    return names.get(attribute, KINDS[attribute].title.lower()) if attribute in KINDS else attribute


def _evidence(found: Concentration) -> list[SafeString | str]:
    answer = found.explanation
    if answer.reach is Reach.TOO_FEW:
        few = (
            f"1 {found.population.noun} is"
            if found.failures == 1
            else f"{wording.count(found.failures)} {_many(found)} are"
        )
        return [
            f"{few} too few to tell a pattern from chance: {MIN_FAILURES} are needed. A longer range may have them."
        ]
    if answer.reach is Reach.SPREAD:
        texts: list[SafeString | str] = [
            f"None of the {wording.count(found.compared)} values and combinations compared explains them."
        ]
        return texts + [_next_best(one) for one in found.shared[:1]]
    return [*(_part_words(found, part) for part in answer.parts), *_together(found)]


def _part_words(found: Concentration, part: Part) -> SafeString:
    """One part of the answer: its share, its usual share, the lift with its interval, and that it is not chance."""
    one = next(shared for shared in found.shared if shared.row.combination == part.combination)
    finding = one.finding
    if not finding.usual:
        return format_html(
            "{} makes up <b>{}</b> of {} and none of {}.",
            _named(_subject(found, part)),
            wording.percent(finding.share),
            _many(found),
            kind_of(part.combination).base,
        )
    return format_html(
        "{} makes up <b>{}</b> of {} but only <b>{}</b> of {}: <b>{}</b> its usual share ({} to {}), {} after "
        "correction for {} comparisons.",
        _named(_subject(found, part)),
        wording.percent(finding.share),
        _many(found),
        wording.percent(finding.usual),
        kind_of(part.combination).base,
        wording.times(finding.lift),
        formats.number(f"{finding.low or 0:,.1f}"),
        wording.times(finding.high),
        p_words(finding.p_value),
        wording.count(found.compared),
    )


def _together(found: Concentration) -> list[SafeString | str]:
    """What all parts hold, and how much more often their runs are in question than the others."""
    answer, texts = found.explanation, list[SafeString | str]()
    if len(answer.parts) > 1:
        text = "Together they hold <b>{}</b> of {} in <b>{}</b> of the runs."
        covered, runs = wording.percent(answer.parts[-1].covered), wording.percent(answer.run_share)
        texts.append(format_html(text, covered, _many(found), runs))
    if answer.contrast:
        times, gone = wording.times(answer.contrast), wording.percent(answer.attributable)
        text = "Runs with that {} <b>{}</b> as often as the others; at their rate <b>{}</b> of {} would be gone."
        texts.append(format_html(text, found.population.verb, times, gone, _many(found)))
    alone = [one.row for one in found.shared if _is_shadow(one)]
    for row in alone[:2]:
        because = value_of_row(row.because or row.combination)
        texts.append(format_html("{} stands out only because of <b>{}</b>.", _named(row.combination), because))
    return texts


def _is_shadow(one: Shared) -> bool:
    """Whether a single value stands out, but only because of the answer."""
    is_striking = one.finding.reading in (Reading.CONCENTRATED, Reading.ABOVE_USUAL)
    return is_striking and one.row.relation is Relation.SHADOW and len(one.row.combination) == 1


def _next_best(one: Shared) -> SafeString:
    is_usual = one.finding.reading is Reading.AS_USUAL
    return format_html(
        "Next is {} with {} its usual share: {}.",
        _named(one.row.combination),
        wording.times(one.finding.lift),
        "within what chance explains" if is_usual else "more than usual, but it explains too little",
    )


def _named(combination: Combination) -> SafeString:
    """The values as a subject: a step calling a system where both are told, else each with its kind."""
    told = dict(combination)
    called = told.get("system") or told.get("tool") or told.get("model")
    if set(told) <= {"step", "system", "tool", "model"} and "step" in told and called and called != told["step"]:
        return format_html('<span class="mono b">{}</span> calling <b>{}</b>', told["step"], called)
    if set(told) == {"step"}:
        return format_html('<span class="mono b">{}</span>', told["step"])
    return format_html_join(
        " with ", "{} <b>{}</b>", ((title_of(attribute), value or "(empty)") for attribute, value in combination)
    )


def _facts(found: Concentration) -> list[Fact]:
    answer = found.explanation
    pills = []
    if answer.reach is Reach.LOCAL and any(_says_where(part.combination) for part in answer.parts):
        pills.append(Fact("Scope: local", "flag"))
    elif answer.reach is Reach.SPREAD:
        pills.append(Fact("Scope: no value concentrated", "flag"))
    parts = {part.combination for part in answer.parts}
    same = [one for one in found.shared if one.row.relation is Relation.SAME_RUNS and one.row.combination not in parts]
    for one in same[1:4]:
        text = f"{title_of_row(one.row.combination)} {value_of_row(one.row.combination)}: nearly the same runs"
        pills.append(Fact(text, "spark"))
    if found.looked_at < found.failures:
        pills.append(
            Fact(f"A random {wording.count(found.looked_at)} of {wording.count(found.failures)} looked into", "clock")
        )
    return pills


def _says_where(combination: Combination) -> bool:
    return any(kind_named(attribute).name in (*LOCAL_KINDS, "field") for attribute, _ in combination)


def _typical(answer: Explanation, groups: FailureGroups) -> GroupRow | None:
    """The largest group at a step of the answer, else the largest group."""
    steps = {value for part in answer.parts for attribute, value in part.combination if attribute == "step"}
    at_step = [group for group in groups.groups if group.node in steps]
    return next(iter(at_step or groups.groups), None)


def _more(scope: Scope, found: Concentration, zone: str) -> list[Action]:
    answer = found.explanation
    if answer.reach is Reach.TOO_FEW:
        if scope.window.length >= LONG_RANGE:
            return []
        return [Action("Look at 90 days", scope.filters.query(from_="now-90d", to="now", after=None), "cal")]
    if not answer.parts:
        return []
    part = answer.parts[0]
    return [
        Action(
            f"See these {wording.count(part.failures)} {_many(found)}",
            f"{href_of(scope, part.combination, zone)}#samples",
            "filter",
        )
    ]


def rail_note(found: Concentration, groups: FailureGroups) -> dict[int, str]:
    """What step 2 of the rail says: how many, and how much of them the leading part explains."""
    parts = found.explanation.parts
    if not groups.failures or not parts or found.population is not FAILED:
        return {}
    kinds = " and one ".join(_kind_words(attribute) for attribute, _ in parts[0].combination[:2])
    share = wording.percent(parts[0].failures / found.explanation.failures, 0)
    return {2: f"{wording.count(groups.failures)}, {share} in one {kinds}"}


def chart_label(groups: FailureGroups) -> str:
    """What the chart of failures over time says, for readers who do not see it."""
    peak = max(zip(groups.leading, groups.others, groups.starts, strict=True), key=lambda part: part[0] + part[1])
    most = f"most from {formats.moment(peak[2], year=False)} UTC on, {wording.count(peak[0] + peak[1])} in one bar"
    if not groups.leading_node:
        return f"Failures over time: {wording.count(groups.failures)}, {most}."
    leading = wording.count(sum(groups.leading))
    return f"Failures over time: {leading} of {wording.count(groups.failures)} at {groups.leading_node}, {most}."
