"""The Failures page in words: the answer with its evidence, and what the rail and the chart say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from accounts import formats
from monitoring import wording
from monitoring.analysis.concentration import MIN_FAILURES, Reach, Reading
from monitoring.analysis.explanation import Combination, Explanation, Part
from monitoring.analysis.relations import Relation
from monitoring.presentation import Action, Fact, Tone
from monitoring.reads.concentration import Concentration, Shared
from monitoring.reads.groups import FailureGroups, GroupRow
from monitoring.reads.kinds import LOCAL_KINDS, kind_named, title_of
from monitoring.reads.populations import FAILED
from monitoring.views.failure_rows import href_of, kind_of, noun_of, p_words, title_of_row, value_of_row
from monitoring.views.population_words import counted, many, many_first, often_words
from monitoring.views.shell import Scope

LONG_RANGE = timedelta(days=90)
_SIGNS: dict[Reach, tuple[str, Tone]] = {
    Reach.LOCAL: (gettext_noop("Concentrated"), "fail"),
    Reach.PART: (gettext_noop("Partly concentrated"), "watch"),
    Reach.SPREAD: (gettext_noop("Spread out"), "watch"),
    Reach.TOO_FEW: (gettext_noop("Not enough data"), "idle"),
}
_FRACTIONS = (
    (0.995, gettext_noop("All")),
    (0.95, gettext_noop("Nearly all")),
    (0.85, gettext_noop("Nine in ten")),
    (0.775, gettext_noop("Four in five")),
    (0.71, gettext_noop("Three in four")),
    (0.64, gettext_noop("Two in three")),
    (0.54, gettext_noop("More than half")),
    (0.0, gettext_noop("Half")),
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
    answer = found.explanation
    question = _("Are the {runs} concentrated?").format(runs=many(found.population))
    actions = _more(scope, found, zone)
    if typical := _typical(answer, groups) if found.population is FAILED else None:
        href = scope.href("replay", str(typical.latest))
        actions.insert(0, Action(_("Replay a typical failure"), href, "redo", True))
    if found.is_alone:
        alone = _("Unknown: only failures are reported, not the runs to compare with.")
        return Panel(question, alone, _("Unknown"), "idle", _shared_most(found), (), actions)
    word, tone = _SIGNS[answer.reach]
    return Panel(question, _sentence(found), _(word), tone, _evidence(found), _facts(found), actions)


def _shared_most(found: Concentration) -> list[SafeString | str]:
    told = [one for one in found.shared if kind_of(one.row.combination).name in LOCAL_KINDS]
    most = max(told, key=lambda one: one.finding.failures, default=None)
    if most is None:
        return []
    values, share = _named(most.row.combination), wording.percent(most.finding.share)
    return [format_html(_("{values} makes up <b>{share}</b> of failures."), values=values, share=share)]


def _sentence(found: Concentration) -> str:
    answer, runs = found.explanation, many(found.population)
    if answer.reach is Reach.TOO_FEW:
        return _("Not enough {runs} to say.").format(runs=runs)
    if answer.reach is Reach.SPREAD:
        text = _("Not concentrated. {runs} are spread like all runs.")
        return text.format(runs=many_first(found.population))
    covered, parts = answer.parts[-1].covered, len(answer.parts)
    kinds = _one_of_each([attribute for attribute, _value in _subject(found, answer.parts[0])])
    if answer.reach is Reach.LOCAL:
        fraction = _(next(words for least, words in _FRACTIONS if covered >= least))
        text = _("Yes. {fraction} share one {kinds}.")
        if parts > 1:
            text = _("Yes. {fraction} share one of {count} values or combinations.")
        return text.format(fraction=fraction, kinds=kinds, count=parts)
    text = _("In part. {share} of {runs} share one {kinds}.")
    if parts > 1:
        text = _("In part. {share} of {runs} share one of {count} values or combinations.")
    return text.format(share=wording.percent(covered), runs=runs, kinds=kinds, count=parts)


def _subject(found: Concentration, part: Part) -> Combination:
    """A part of the answer, with a value that nearly the same runs have: a step with the system that it calls."""
    told = {attribute for attribute, _value in part.combination}
    for one in found.shared:
        row = one.row
        is_same = row.relation is Relation.SAME_RUNS and row.because == part.combination
        if is_same and len(row.combination) == 1 and row.combination[0][0] not in told:
            return (*part.combination, *row.combination)
    return part.combination


def _one_of_each(attributes: Sequence[str]) -> str:
    """What follows "one": `step`, `step and one system`."""
    text = _("{first} and one {second}")
    words = (_kind_words(attribute) for attribute in attributes)
    return reduce(lambda first, second: text.format(first=first, second=second), words)


def _kind_words(attribute: str) -> str:
    if kind_named(attribute).name == "field":
        return _("input field") if attribute.startswith("input.") else _("tag")
    names = {"system": _("system"), "hour": _("hour of the day")}
    return names.get(attribute) or noun_of(attribute)


def _evidence(found: Concentration) -> list[SafeString | str]:
    answer = found.explanation
    if answer.reach is Reach.TOO_FEW:
        few = ngettext(
            "{runs} is too few to tell a pattern from chance: {least} are needed. A longer range may have them.",
            "{runs} are too few to tell a pattern from chance: {least} are needed. A longer range may have them.",
            found.failures,
        )
        return [few.format(runs=counted(found.population, found.failures), least=MIN_FAILURES)]
    if answer.reach is Reach.SPREAD:
        none = _("None of the {count} values and combinations compared explains them.")
        best = [_next_best(one) for one in found.shared[:1]]
        return [none.format(count=wording.count(found.compared)), *best]
    return [*(_part_words(found, part) for part in answer.parts), *_together(found)]


def _part_words(found: Concentration, part: Part) -> SafeString:
    """One part of the answer: its share, its usual share, the lift with its interval, and that it is not chance."""
    one = next(shared for shared in found.shared if shared.row.combination == part.combination)
    finding = one.finding
    about = {
        "values": _named(_subject(found, part)),
        "share": wording.percent(finding.share),
        "runs": many(found.population),
        "base": _(kind_of(part.combination).base),
    }
    if not finding.usual:
        return format_html(_("{values} makes up <b>{share}</b> of {runs} and none of {base}."), **about)
    text = _(
        "{values} makes up <b>{share}</b> of {runs} but only <b>{usual}</b> of {base}: <b>{lift}</b> its usual share "
        "({low} to {high}), {p_value} after correction for {count} comparisons."
    )
    return format_html(
        text,
        **about,
        usual=wording.percent(finding.usual),
        lift=wording.times(finding.lift),
        low=formats.number(f"{finding.low or 0:,.1f}"),
        high=wording.times(finding.high),
        p_value=p_words(finding.p_value),
        count=wording.count(found.compared),
    )


def _together(found: Concentration) -> list[SafeString | str]:
    """What all parts hold, and how much more often their runs are in question than the others."""
    answer, texts = found.explanation, list[SafeString | str]()
    if len(answer.parts) > 1:
        text = _("Together they hold <b>{share}</b> of {runs} in <b>{run_share}</b> of the runs.")
        covered, run_share = wording.percent(answer.parts[-1].covered), wording.percent(answer.run_share)
        texts.append(format_html(text, share=covered, runs=many(found.population), run_share=run_share))
    if answer.contrast:
        times, gone = wording.times(answer.contrast), wording.percent(answer.attributable)
        texts.append(format_html(often_words(found.population), times=times, share=gone))
    alone = [one.row for one in found.shared if _is_shadow(one)]
    text = _("{values} stands out only because of <b>{because}</b>.")
    for row in alone[:2]:
        because = value_of_row(row.because or row.combination)
        texts.append(format_html(text, values=_named(row.combination), because=because))
    return texts


def _is_shadow(one: Shared) -> bool:
    """Whether a single value stands out, but only because of the answer."""
    is_striking = one.finding.reading in (Reading.CONCENTRATED, Reading.ABOVE_USUAL)
    return is_striking and one.row.relation is Relation.SHADOW and len(one.row.combination) == 1


def _next_best(one: Shared) -> SafeString:
    if one.finding.reading is Reading.AS_USUAL:
        text = _("Next is {values} with {lift} its usual share: within what chance explains.")
    else:
        text = _("Next is {values} with {lift} its usual share: more than usual, but it explains too little.")
    return format_html(text, values=_named(one.row.combination), lift=wording.times(one.finding.lift))


def _named(combination: Combination) -> SafeString:
    """The values as a subject: a step calling a system where both are told, else each with its kind."""
    told = dict(combination)
    called = told.get("system") or told.get("tool") or told.get("model")
    if set(told) <= {"step", "system", "tool", "model"} and "step" in told and called and called != told["step"]:
        text = _('<span class="mono b">{step}</span> calling <b>{called}</b>')
        return format_html(text, step=told["step"], called=called)
    if set(told) == {"step"}:
        return format_html('<span class="mono b">{}</span>', told["step"])
    text, empty = _("{first} with {second}"), _("(empty)")
    named = (format_html("{} <b>{}</b>", title_of(attribute), value or empty) for attribute, value in combination)
    return reduce(lambda first, second: format_html(text, first=first, second=second), named)


def _facts(found: Concentration) -> list[Fact]:
    answer = found.explanation
    pills = []
    if answer.reach is Reach.LOCAL and any(_says_where(part.combination) for part in answer.parts):
        pills.append(Fact(_("Scope: local"), "flag"))
    elif answer.reach is Reach.SPREAD:
        pills.append(Fact(_("Scope: no value concentrated"), "flag"))
    parts = {part.combination for part in answer.parts}
    same = [one for one in found.shared if one.row.relation is Relation.SAME_RUNS and one.row.combination not in parts]
    text = _("{kind} {value}: nearly the same runs")
    for one in same[1:4]:
        kind, value = title_of_row(one.row.combination), value_of_row(one.row.combination)
        pills.append(Fact(text.format(kind=kind, value=value), "spark"))
    if found.looked_at < found.failures:
        counts = {"count": wording.count(found.looked_at), "total": wording.count(found.failures)}
        pills.append(Fact(_("A random {count} of {total} looked into").format(**counts), "clock"))
    return pills


def _says_where(combination: Combination) -> bool:
    return any(kind_named(attribute).name in (*LOCAL_KINDS, "field") for attribute, _value in combination)


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
        return [Action(_("Look at 90 days"), scope.filters.query(from_="now-90d", to="now", after=None), "cal")]
    if not answer.parts:
        return []
    part = answer.parts[0]
    label = _("See these {runs}").format(runs=counted(found.population, part.failures))
    return [Action(label, f"{href_of(scope, part.combination, zone)}#samples", "filter")]


def rail_note(found: Concentration, groups: FailureGroups) -> dict[int, str]:
    """What step 2 of the rail says: how many, and how much of them the leading part explains."""
    parts = found.explanation.parts
    if not groups.failures or not parts or found.population is not FAILED:
        return {}
    kinds = _one_of_each([attribute for attribute, _value in parts[0].combination[:2]])
    share = wording.percent(parts[0].failures / found.explanation.failures, 0)
    text = _("{count}, {share} in one {kinds}")
    return {2: text.format(count=wording.count(groups.failures), share=share, kinds=kinds)}


def chart_label(groups: FailureGroups) -> str:
    """What the chart of failures over time says, for readers who do not see it."""
    peak = max(zip(groups.leading, groups.others, groups.starts, strict=True), key=lambda part: part[0] + part[1])
    told = {
        "failures": wording.count(groups.failures),
        "time": f"{formats.moment(peak[2], year=False)} UTC",
        "most": wording.count(peak[0] + peak[1]),
    }
    if not groups.leading_node:
        return _("Failures over time: {failures}, most from {time} on, {most} in one bar.").format(**told)
    text = _("Failures over time: {leading} of {failures} at {node}, most from {time} on, {most} in one bar.")
    return text.format(**told, leading=wording.count(sum(groups.leading)), node=groups.leading_node)
