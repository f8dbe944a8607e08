"""The verdict panel of the Trends page: is this process running stably, on what evidence, and what to open first."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

from monitoring import wording
from monitoring.presentation import Action, Fact
from monitoring.reads.trends_page import TrendsPage
from monitoring.reads.verdict import Kind
from monitoring.statuses import UNMET
from monitoring.views.comparing import previous_words
from monitoring.views.criteria_words import unmet_sentence
from monitoring.views.shell import Scope

ANSWERS = {Kind.NOT_STABLE: "No. ", Kind.WATCH: "Not certain. ", Kind.STABLE: "Yes. "}


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
    paragraphs = [_rate_sentence(page), *_varying_sentence(page), *_concentrated_sentence(page), *unmet_sentence(page)]
    actions = []
    if totals.failures:
        failed = "failed sample" if totals.failures == 1 else f"{wording.count(totals.failures)} failed samples"
        actions.append(Action(f"See the {failed}", scope.href("failures"), "list", primary=True))
        if page.typical_failure:
            href = scope.href("replay", str(page.typical_failure))
            actions.append(Action("Replay a typical failure", href, "redo"))
    elif totals.runs:
        href = scope.href("executions", workflow=page.workflow.slug)
        actions.append(Action("See the executions", href, "list", primary=True))
    if totals.unmet:
        unmet = "unmet sample" if totals.unmet == 1 else f"{wording.count(totals.unmet)} unmet samples"
        href = scope.href("executions", workflow=page.workflow.slug, status=UNMET)
        actions.append(Action(f"See the {unmet}", href, "list"))
    note = "Check concentration before changing the process." if totals.failures else ""
    return Panel(
        "Is this process running stably?",
        ANSWERS.get(page.verdict.kind, "") + page.verdict.sentence,
        page.verdict.word,
        page.verdict.tone,
        paragraphs if totals.runs else [],
        [Fact(text, _fact_icon(text)) for text in page.verdict.facts],
        actions,
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


def _concentrated_sentence(page: TrendsPage) -> list[SafeString]:
    failing = [node for node in page.nodes if node.totals.failures]
    if not failing:
        return []
    most = max(failing, key=lambda node: (node.totals.failures, node.name))
    share = most.totals.failures / sum(node.totals.failures for node in failing)
    return [
        format_html(
            '<span class="mono">{}</span> has <b>{}</b> of the failed step visits, more than any other of {} steps.',
            most.name,
            wording.percent(share, 0),
            wording.count(len(page.nodes)),
        )
        if len(page.nodes) > 1
        else format_html('All failed step visits are of <span class="mono">{}</span>.', most.name)
    ]


def _fact_icon(text: str) -> str:
    words = text.lower()
    return "clock" if "p95" in words or "latency" in words else "flag"
