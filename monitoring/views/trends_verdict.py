"""The verdict panel of the Trends page: is this process running stably, on what evidence, and what to open first."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

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

ANSWERS = {Kind.NOT_STABLE: "No. ", Kind.WATCH: "Not certain. ", Kind.STABLE: "Yes. "}
# The filter of the Failures page for each kind of value that failures may be concentrated in.
PARAMS = {"step": "step", "input type": "input", "external system": "system", "model": "model", "tool": "tool"}
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
    note = "Check concentration before changing the process." if totals.failures else ""
    return Panel(
        f"Is this process running stably in {scope.environment_words}?",
        ANSWERS.get(page.verdict.kind, "") + page.verdict.sentence,
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
        return format_html(
            "<b>{} failures</b> were reported. Runs that succeed are not.", wording.count(totals.failures)
        )
    since = ""
    if before:
        since = format_html("; {} <b>{}</b> succeeded", previous_words(page.window), wording.percent(before.rate))
    p95 = totals.duration_ms.p95
    slow = format_html(" One run in twenty takes over <b>{}</b>.", wording.duration_ms(p95)) if p95 is not None else ""
    return format_html(
        "<b>{} of {} runs</b> failed{}.{}", wording.count(totals.failures), wording.count(totals.runs), since, slow
    )


def _varying_sentence(page: TrendsPage) -> list[SafeString]:
    """A caution where runs do not all stand for the same number of runs."""
    lowest, highest = page.workflow.sample_rate, page.workflow.sample_rate_max
    if page.totals.is_failures_only or lowest is None or highest is None or lowest == highest:
        return []
    return [
        format_html(
            "Runs are sampled at <b>{}</b>, and each counts once: where failures are kept more often than successes, "
            "the success rate is too low.",
            wording.sampling_rate(lowest, highest),
        )
    ]


def _reach(page: TrendsPage) -> list[SafeString]:
    """How far the failures reach: occasional, local or systemic."""
    words = page.verdict.scope_words
    if not words:
        return []
    head, _, rest = words.partition(" ")
    return [format_html("<b>{}</b> {}", head, rest)]


def _began(page: TrendsPage) -> list[SafeString]:
    """When it began and what that coincides with; nothing where nothing changed for the worse."""
    around = page.verdict.decision.surroundings
    beginning, began = around.beginning, page.began
    if beginning is not None and beginning.kind is Change.GRADUAL:
        return [format_html("No single beginning: {}.", beginning.words.removeprefix(f"{beginning.kind}: "))]
    if began is None:
        return []
    what = "Runs became slower" if began.is_latency else "Failures rose"
    ended = format_html(" and fell again on {}", when_text(began.ended_at)) if began.ended_at else ""
    text = format_html(
        "{} on <b>{}</b>{} (it may have begun between {} and {}): {}.",
        what,
        when_text(began.at),
        ended,
        when_text(began.earliest),
        when_text(began.latest),
        began.beginning.words,
    )
    unusual = [one for one in around.coincidences if one.is_unusual]
    near = unusual[:MAX_COINCIDENCES] or [one for one in around.coincidences[:1] if one.chance < MAX_CHANCE]
    said = "It coincides with" if unusual else "Near it, as chance may have it"
    return [text, *(format_html("{}: {}.", said, one.words) for one in near)]


def _last_runs(page: TrendsPage) -> list[SafeString]:
    """What is known of a workflow with too few runs: its last success, the failures since, the next run expected."""
    around = page.verdict.decision.surroundings
    streak, rhythm, fresh = around.streak, around.rhythm, around.freshness
    if streak is None or streak.last_at is None:
        return []
    last = streak.last_success_at or (fresh.last_success_at if fresh else None)
    success = format_html("Last success: <b>{}</b>", when_text(last)) if last else "No success is known"
    failures = streak.words[:1].upper() + streak.words[1:]
    if streak.failures and streak.began_at:
        failures += f", since {when_text(streak.began_at)}"
    found = [format_html("{}. {}.", success, failures)]
    if rhythm is not None:
        found.append(format_html("Runs: {}.{}", rhythm.words, _expected(rhythm)))
    return found


def _expected(rhythm: Rhythm) -> SafeString | str:
    """When the next run is expected, or was; empty without a regular rhythm."""
    if rhythm.expected_at is None:
        return ""
    when = when_text(rhythm.expected_at)
    if rhythm.late_at and timezone.now() > rhythm.late_at:
        return format_html(" The next one was expected on <b>{}</b> and has not come.", when)
    return format_html(" The next one is expected on <b>{}</b>.", when)


def _actions(scope: Scope, page: TrendsPage) -> list[Action]:
    """The next step: where failures are concentrated, else the slow tail, else the failures and a typical one."""
    totals, found = page.totals, list[Action]()
    reach = page.verdict.decision.reach
    if reach is not None and reach.scope is Reaching.LOCAL and reach.part is not None:
        found.append(_concentrated(scope, reach.part))
    decisive = page.verdict.decision.decisive
    if decisive and decisive.kind is not Kind.STABLE and decisive.subject in (Subject.P95, Subject.USUAL_P95):
        found.append(Action("See where slow runs spend their time", "#tail", "clock", primary=not found))
    if totals.failures:
        failed = "failed sample" if totals.failures == 1 else f"{wording.count(totals.failures)} failed samples"
        found.append(Action(f"See the {failed}", scope.href("failures"), "list", primary=not found))
        if page.typical_failure:
            href = scope.href("replay", str(page.typical_failure))
            found.append(Action("Replay a typical failure", href, "redo"))
    elif totals.runs:
        href = scope.href("executions", workflow=page.workflow.slug)
        found.append(Action("See the executions", href, "list", primary=not found))
    if totals.unmet:
        unmet = "unmet sample" if totals.unmet == 1 else f"{wording.count(totals.unmet)} unmet samples"
        href = scope.href("executions", workflow=page.workflow.slug, status=UNMET)
        found.append(Action(f"See the {unmet}", href, "list"))
    return found


def _concentrated(scope: Scope, part: Part) -> Action:
    count = "failure" if part.failures == 1 else f"{wording.count(part.failures)} failures"
    href = scope.href("failures", **{PARAMS[part.kind]: part.value})
    return Action(f"See the {count} in {part.value}", href, "flow", primary=True)


def _facts(verdict: Verdict) -> list[Fact]:
    timed = (Subject.P95, Subject.USUAL_P95, Subject.FRESHNESS)
    told = zip(verdict.facts, verdict.subjects, strict=True)
    return [Fact(text, "clock" if subject in timed else "flag") for text, subject in told]
