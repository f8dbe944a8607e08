"""The verdict panel of the Trends page: is this process running stably, on what evidence, and what to open first."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from monitoring import wording
from monitoring.analysis.change_point import Kind as Change
from monitoring.analysis.rhythm import Rhythm
from monitoring.analysis.verdict import ENOUGH_RUNS, Part, Subject
from monitoring.analysis.verdict import Scope as Reaching
from monitoring.presentation import Action, Fact
from monitoring.reads.trends_page import TrendsPage
from monitoring.reads.verdict import Kind, Verdict
from monitoring.statuses import UNMET
from monitoring.templatetags.display import when_text
from monitoring.views.comparing import previous_words
from monitoring.views.criteria_words import unmet_sentence
from monitoring.views.shell import Scope

ANSWERS = {
    Kind.NOT_STABLE: gettext_noop("No. {sentence}"),
    Kind.WATCH: gettext_noop("Not certain. {sentence}"),
    Kind.STABLE: gettext_noop("Yes. {sentence}"),
}
# The filter of the Failures page for each kind of value that failures may be concentrated in.
PARAMS = {"step": "step", "input type": "input", "external system": "system", "model": "model", "tool": "tool"}
# When it began, by whether runs became slower, and that it ended again.
_ROSE = {
    False: (
        gettext_noop("Failures rose on <b>{at}</b> (it may have begun between {earliest} and {latest}): {levels}."),
        gettext_noop(
            "Failures rose on <b>{at}</b> and fell again on {end} (it may have begun between {earliest} and {latest}): "
            "{levels}."
        ),
    ),
    True: (
        gettext_noop(
            "Runs became slower on <b>{at}</b> (it may have begun between {earliest} and {latest}): {levels}."
        ),
        gettext_noop(
            "Runs became slower on <b>{at}</b> and fell again on {end} (it may have begun between {earliest} and "
            "{latest}): {levels}."
        ),
    ),
}
MAX_COINCIDENCES = 2
# What chance does more often than this is not worth a line.
MAX_CHANCE = 0.5


@dataclass(frozen=True, slots=True)
class Panel:
    """The verdict panel. `word` is what its sign says."""

    question: str
    answer: str
    word: str
    tone: str
    paragraphs: Sequence[SafeString]
    facts: Sequence[Fact]
    actions: Sequence[Action]
    note: str = ""


def panel(scope: Scope, page: TrendsPage) -> Panel:
    """Is this process running stably, on what evidence, and what to open first."""
    totals = page.totals
    paragraphs: list[SafeString] = []
    if totals.runs:
        paragraphs = [
            _rate_sentence(page),
            *_varying_sentence(page),
            *_reach(page),
            *_began(page),
            *unmet_sentence(page),
        ]
    if totals.rated < ENOUGH_RUNS and not totals.is_failures_only:
        paragraphs += _last_runs(page)
    note = _("Check concentration before changing the process.") if totals.failures else ""
    answer, sentence = ANSWERS.get(page.verdict.kind), page.verdict.sentence
    return Panel(
        _("Is this process running stably in {environment}?").format(environment=scope.environment_words),
        _(answer).format(sentence=sentence) if answer else sentence,
        page.verdict.word,
        page.verdict.tone,
        paragraphs,
        _facts(page.verdict),
        _actions(scope, page),
        note,
    )


def _rate_sentence(page: TrendsPage) -> SafeString:
    totals, before = page.totals, page.previous.success
    if totals.is_failures_only:
        reported = _("<b>{count} failures</b> were reported. Runs that succeed are not.")
        return format_html(reported, count=wording.count(totals.failures))
    words = _("<b>{failures} of {runs} runs</b> failed.")
    if before:
        words = _("<b>{failures} of {runs} runs</b> failed; {period} <b>{share}</b> succeeded.")
    told = format_html(
        words,
        failures=wording.count(totals.failures),
        runs=wording.count(totals.runs),
        period=previous_words(page.window) if before else "",
        share=wording.percent(before.rate) if before else "",
    )
    p95 = totals.duration_ms.p95
    if p95 is None:
        return told
    slow = format_html(_("One run in twenty takes over <b>{duration}</b>."), duration=wording.duration_ms(p95))
    return format_html("{} {}", told, slow)


def _varying_sentence(page: TrendsPage) -> list[SafeString]:
    """A caution where runs do not all stand for the same number of runs."""
    lowest, highest = page.workflow.sample_rate, page.workflow.sample_rate_max
    if page.totals.is_failures_only or lowest is None or highest is None or lowest == highest:
        return []
    return [
        format_html(
            _(
                "Runs are sampled at <b>{rate}</b>, and each counts once: where failures are kept more often than "
                "successes, the success rate is too low."
            ),
            rate=wording.sampling_rate(lowest, highest),
        )
    ]


def _reach(page: TrendsPage) -> list[SafeString]:
    """How far the failures reach: occasional, local or systemic."""
    words = page.verdict.scope_words
    if not words:
        return []
    head, _space, rest = words.partition(" ")
    return [format_html("<b>{}</b> {}", head, rest)]


def _began(page: TrendsPage) -> list[SafeString]:
    """When it began and what that coincides with; nothing where nothing changed for the worse."""
    around = page.verdict.decision.surroundings
    beginning, began = around.beginning, page.began
    if beginning is not None and beginning.kind is Change.GRADUAL:
        told = beginning.levels or beginning.words
        return [format_html(_("No single beginning: {levels}."), levels=told)]
    if began is None:
        return []
    once, ended = _ROSE[began.is_latency]
    text = format_html(
        _(ended if began.ended_at else once),
        at=when_text(began.at),
        end=when_text(began.ended_at) if began.ended_at else "",
        earliest=when_text(began.earliest),
        latest=when_text(began.latest),
        levels=began.beginning.words,
    )
    unusual = [one for one in around.coincidences if one.is_unusual]
    near = unusual[:MAX_COINCIDENCES] or [one for one in around.coincidences[:1] if one.chance < MAX_CHANCE]
    said = _("It coincides with: {what}.") if unusual else _("Near it, as chance may have it: {what}.")
    return [text, *(format_html(said, what=one.words) for one in near)]


def _last_runs(page: TrendsPage) -> list[SafeString]:
    """What is known of a workflow with too few runs: its last success, the failures since, the next run expected."""
    around = page.verdict.decision.surroundings
    streak, rhythm, fresh = around.streak, around.rhythm, around.freshness
    if streak is None or streak.last_at is None:
        return []
    last = streak.last_success_at or (fresh.last_success_at if fresh else None)
    failures = streak.words[:1].upper() + streak.words[1:]
    if streak.failures and streak.began_at:
        failures = _("{failures}, since {at}").format(failures=failures, at=when_text(streak.began_at))
    words = _("Last success: <b>{at}</b>. {failures}.") if last else _("No success is known. {failures}.")
    found = [format_html(words, at=when_text(last) if last else "", failures=failures)]
    if rhythm is not None:
        found.append(_rhythm_sentence(rhythm))
    return found


def _rhythm_sentence(rhythm: Rhythm) -> SafeString:
    """How it runs, and when the next run is expected, or was; the latter with a regular rhythm alone."""
    words = _("Runs: {rhythm}.")
    if rhythm.expected_at is not None:
        words = _("Runs: {rhythm}. The next one is expected on <b>{at}</b>.")
        if rhythm.late_at and timezone.now() > rhythm.late_at:
            words = _("Runs: {rhythm}. The next one was expected on <b>{at}</b> and has not come.")
    return format_html(words, rhythm=rhythm.words, at=when_text(rhythm.expected_at) if rhythm.expected_at else "")


def _actions(scope: Scope, page: TrendsPage) -> list[Action]:
    """The next step: where failures are concentrated, else the slow tail, else the failures and a typical one."""
    totals, found = page.totals, list[Action]()
    reach = page.verdict.decision.reach
    if reach is not None and reach.scope is Reaching.LOCAL and reach.part is not None:
        found.append(_concentrated(scope, reach.part))
    decisive = page.verdict.decision.decisive
    if decisive and decisive.kind is not Kind.STABLE and decisive.subject in (Subject.P95, Subject.USUAL_P95):
        found.append(Action(_("See where slow runs spend their time"), "#tail", "clock", primary=not found))
    if totals.failures:
        words = ngettext("See the failed sample", "See the {count} failed samples", totals.failures)
        label = words.format(count=wording.count(totals.failures))
        found.append(Action(label, scope.href("failures"), "list", primary=not found))
        if page.typical_failure:
            href = scope.href("replay", str(page.typical_failure))
            found.append(Action(_("Replay a typical failure"), href, "redo"))
    elif totals.runs:
        href = scope.href("executions", workflow=page.workflow.slug)
        found.append(Action(_("See the executions"), href, "list", primary=not found))
    if totals.unmet:
        words = ngettext("See the unmet sample", "See the {count} unmet samples", totals.unmet)
        href = scope.href("executions", workflow=page.workflow.slug, status=UNMET)
        found.append(Action(words.format(count=wording.count(totals.unmet)), href, "list"))
    return found


def _concentrated(scope: Scope, part: Part) -> Action:
    words = ngettext("See the failure in {place}", "See the {count} failures in {place}", part.failures)
    href = scope.href("failures", **{PARAMS[part.kind]: part.value})
    label = words.format(count=wording.count(part.failures), place=part.value)
    return Action(label, href, "flow", primary=True)


def _facts(verdict: Verdict) -> list[Fact]:
    timed = (Subject.P95, Subject.USUAL_P95, Subject.FRESHNESS)
    told = zip(verdict.facts, verdict.subjects, strict=True)
    return [Fact(text, "clock" if subject in timed else "flag") for text, subject in told]
