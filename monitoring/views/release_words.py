"""Releases in words: how one is known, what the latest did, and the figures of two side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import formats
from monitoring import wording
from monitoring.analysis.difference import Reading
from monitoring.analysis.release_metrics import Compared
from monitoring.presentation import Action, Tone
from monitoring.reads.figures import Totals
from monitoring.reads.release_comparison import Comparison, GroupChange
from monitoring.reads.releases import KnownRelease, ReleaseRow
from monitoring.views.shell import Scope

TITLES = {
    "success_rate": "Success rate",
    "p50_ms": "Latency, p50",
    "p95_ms": "Latency, p95",
    "p99_ms": "Latency, p99",
    "mean_ms": "Latency, average",
    "cost_usd": "Cost per run",
    "tokens": "Tokens per run",
    "retries": "Retries per run",
    "unmet_rate": "Unmet runs",
}
SIGNS = {
    Reading.BETTER: ("ok", "ok"),
    Reading.WORSE: ("fail", "fail"),
    Reading.NO_DIFFERENCE: ("check", "idle"),
    Reading.CANNOT_TELL: ("unknown", "idle"),
}
GROUP_TONES = {GroupChange.NEW: "fail", GroupChange.CAME_BACK: "fail", GroupChange.MORE: "fail"} | {
    GroupChange.FEWER: "ok",
    GroupChange.GONE: "ok",
}


@dataclass(frozen=True, slots=True)
class Panel:
    """Arguments of the verdict component."""

    question: str
    answer: str
    word: str
    tone: Tone
    paragraphs: Sequence[SafeString]
    actions: Sequence[Action]


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A figure of both in words; `icon` and `tone` belong to the reading."""

    title: str
    before: str
    after: str
    change: str
    interval: str
    reading: str
    icon: str
    tone: str


def known_words(release: KnownRelease) -> str:
    """How it is known: who announced it, or that executions told it."""
    if release.announced_at is None:
        return "seen in executions"
    seen = "" if release.first_seen_at else ", no execution yet"
    return f"announced by {release.announced_by or 'a former member'}{seen}"


def cost_a_run(totals: Totals) -> str:
    """The cost over all runs; empty where none was told."""
    if totals.cost_usd is None or not totals.runs:
        return ""
    return wording.usd(totals.cost_usd / totals.runs)


def latest_panel(rows: Sequence[ReleaseRow], scope: Scope, href: Callable[[Scope, str, str], str]) -> Panel:
    """What the latest release that has runs did to the success rate."""
    question = "What did the latest release change?"
    row = next((one for one in rows if one.totals.runs), rows[0])
    name, found = row.release.name, row.change
    if found is None:
        why = "it has no finished runs yet" if not row.totals.rated else "there is no release with runs before it"
        return Panel(question, f"Release {name} cannot be compared: {why}", "Unknown", "idle", (), ())
    tone: Tone = "ok" if found.direction > 0 else "fail" if found.direction else "idle"
    answer = f"No difference is shown between {row.previous} and {name}"
    if found.direction:
        answer = f"Release {name} succeeds {'more' if found.direction > 0 else 'less'} often than {row.previous}"
    text = format_html(
        "<b>{}</b> of {} runs succeed, before it were <b>{}</b> of {}: {}, 95% interval {} to {}.",
        wording.percent(found.after),
        wording.count(found.runs_after),
        wording.percent(found.before),
        wording.count(found.runs_before),
        wording.percent_points(found.change),
        wording.percent_points(found.low),
        wording.percent_points(found.high),
    )
    action = Action(f"Compare {row.previous} and {name}", href(scope, row.previous, name), "bars", True)
    return Panel(
        question, answer, {"ok": "Better", "fail": "Worse"}.get(tone, "No difference"), tone, (text,), (action,)
    )


def comparison_panel(found: Comparison) -> Panel:
    """Whether the later release is better, in one sentence, and the figures that say so."""
    before, after = found.before.release.name, found.after.release.name
    worse = [TITLES[one.name] for one in found.metrics if one.reading == Reading.WORSE]
    better = [TITLES[one.name] for one in found.metrics if one.reading == Reading.BETTER]
    question = f"Is release {after} better than {before}?"
    parts = [
        format_html("<b>{}:</b> {}.", word, ", ".join(told))
        for word, told in (("Worse", worse), ("Better", better))
        if told
    ]
    if worse and better:
        return Panel(question, "Better in some, worse in others", "Mixed", "watch", parts, ())
    if worse:
        return Panel(question, f"Release {after} is worse than {before}", "Worse", "fail", parts, ())
    if better:
        return Panel(question, f"Release {after} is better than {before}", "Better", "ok", parts, ())
    success = found.metrics[0]
    if success.reading == Reading.CANNOT_TELL:
        return Panel(question, f"Cannot tell yet: {more_words(success)}", "Cannot tell", "idle", parts, ())
    return Panel(question, "No difference is shown", "No difference", "idle", parts, ())


def metric_row(one: Compared) -> MetricRow:
    """The words of a figure."""
    icon, tone = SIGNS[one.reading]
    reading = one.reading.value.capitalize()
    if one.reading == Reading.CANNOT_TELL:
        reading = f"Cannot tell: {more_words(one)}"
    return MetricRow(
        TITLES[one.name],
        figure(one.before, one.unit),
        figure(one.after, one.unit),
        *_change_words(one),
        reading,
        icon,
        tone,
    )


def more_words(one: Compared) -> str:
    """What is missing to tell."""
    if one.before is None and one.after is None and not (one.runs_before or one.runs_after):
        return "nobody told it"
    if one.more is None:
        return "too few runs of the earlier release"
    return f"{wording.count(one.more)} more {'run' if one.more == 1 else 'runs'} needed"


def figure(value: float | None, unit: str) -> str:
    """A figure in its unit."""
    if value is None:
        return wording.NOT_TOLD
    if unit == "rate":
        return wording.percent(value)
    if unit == "ms":
        return wording.duration_ms(value)
    if unit == "usd":
        return wording.usd(Decimal(repr(value)))
    return wording.tokens(value) if unit == "tokens" else formats.number(f"{value:.2f}")


def _change_words(one: Compared) -> tuple[str, str]:
    """The difference and its interval: points of a rate, else a share of what it was."""
    found = one.found
    if found is None:
        return "", ""
    if one.unit == "rate":
        points = wording.percent_points
        return points(found.change), f"{points(found.low)} to {points(found.high)}"
    if found.ratio is None or found.ratio_low is None or found.ratio_high is None:
        return f"{found.change:+.2f}".replace("-", wording.MINUS), ""
    share = wording.signed_change
    return share(found.ratio - 1), f"{share(found.ratio_low - 1)} to {share(found.ratio_high - 1)}"
