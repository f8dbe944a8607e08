"""Releases in words: how one is known, what the latest did, and the figures of two side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

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
    "success_rate": gettext_noop("Success rate"),
    "p50_ms": gettext_noop("Latency, p50"),
    "p95_ms": gettext_noop("Latency, p95"),
    "p99_ms": gettext_noop("Latency, p99"),
    "mean_ms": gettext_noop("Latency, average"),
    "cost_usd": gettext_noop("Cost per run"),
    "tokens": gettext_noop("Tokens per run"),
    "retries": gettext_noop("Retries per run"),
    "unmet_rate": gettext_noop("Unmet runs"),
}
# Icon, tone and word of a reading.
SIGNS = {
    Reading.BETTER: ("ok", "ok", gettext_noop("Better")),
    Reading.WORSE: ("fail", "fail", gettext_noop("Worse")),
    Reading.NO_DIFFERENCE: ("check", "idle", gettext_noop("No difference shown")),
    Reading.CANNOT_TELL: ("unknown", "idle", gettext_noop("Cannot tell")),
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
        return _("seen in executions")
    by = release.announced_by or _("a former member")
    if release.first_seen_at:
        return _("announced by {name}").format(name=by)
    return _("announced by {name}, no execution yet").format(name=by)


def cost_a_run(totals: Totals) -> str:
    """The cost over all runs; empty where none was told."""
    if totals.cost_usd is None or not totals.runs:
        return ""
    return wording.usd(totals.cost_usd / totals.runs)


def latest_panel(rows: Sequence[ReleaseRow], scope: Scope, href: Callable[[Scope, str, str], str]) -> Panel:
    """What the latest release that has runs did to the success rate."""
    question = _("What did the latest release change?")
    row = next((one for one in rows if one.totals.runs), rows[0])
    name, found = row.release.name, row.change
    if found is None:
        why = _("Release {release} cannot be compared: there is no release with runs before it")
        if not row.totals.rated:
            why = _("Release {release} cannot be compared: it has no finished runs yet")
        return Panel(question, why.format(release=name), _("Unknown"), "idle", (), ())
    tone: Tone = "ok" if found.direction > 0 else "fail" if found.direction else "idle"
    answer, word = {
        "ok": (_("Release {release} succeeds more often than {before}"), _("Better")),
        "fail": (_("Release {release} succeeds less often than {before}"), _("Worse")),
        "idle": (_("No difference is shown between {before} and {release}"), _("No difference")),
    }[tone]
    text = format_html(
        _(
            "<b>{after}</b> of {runs_after} runs succeed, before it were <b>{before}</b> of {runs_before}: {change}, "
            "95% interval {low} to {high}."
        ),
        after=wording.percent(found.after),
        runs_after=wording.count(found.runs_after),
        before=wording.percent(found.before),
        runs_before=wording.count(found.runs_before),
        change=wording.percent_points(found.change),
        low=wording.percent_points(found.low),
        high=wording.percent_points(found.high),
    )
    label = _("Compare {before} and {release}").format(before=row.previous, release=name)
    action = Action(label, href(scope, row.previous, name), "bars", True)
    return Panel(question, answer.format(release=name, before=row.previous), word, tone, (text,), (action,))


def comparison_panel(found: Comparison) -> Panel:
    """Whether the later release is better, in one sentence, and the figures that say so."""
    before, after = found.before.release.name, found.after.release.name
    worse = [_(TITLES[one.name]) for one in found.metrics if one.reading == Reading.WORSE]
    better = [_(TITLES[one.name]) for one in found.metrics if one.reading == Reading.BETTER]
    question = _("Is release {release} better than {before}?").format(release=after, before=before)
    parts = [
        format_html(words, figures=", ".join(told))
        for words, told in ((_("<b>Worse:</b> {figures}."), worse), (_("<b>Better:</b> {figures}."), better))
        if told
    ]
    if worse and better:
        return Panel(question, _("Better in some, worse in others"), _("Mixed"), "watch", parts, ())
    if worse:
        answer = _("Release {release} is worse than {before}").format(release=after, before=before)
        return Panel(question, answer, _("Worse"), "fail", parts, ())
    if better:
        answer = _("Release {release} is better than {before}").format(release=after, before=before)
        return Panel(question, answer, _("Better"), "ok", parts, ())
    success = found.metrics[0]
    if success.reading == Reading.CANNOT_TELL:
        answer = _("Cannot tell yet: {missing}").format(missing=more_words(success))
        return Panel(question, answer, _("Cannot tell"), "idle", parts, ())
    return Panel(question, _("No difference is shown"), _("No difference"), "idle", parts, ())


def metric_row(one: Compared) -> MetricRow:
    """The words of a figure."""
    icon, tone, word = SIGNS[one.reading]
    reading = _(word)
    if one.reading == Reading.CANNOT_TELL:
        reading = _("Cannot tell: {missing}").format(missing=more_words(one))
    return MetricRow(
        _(TITLES[one.name]),
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
        return _("nobody told it")
    if one.more is None:
        return _("too few runs of the earlier release")
    words = ngettext("{count} more run needed", "{count} more runs needed", one.more)
    return words.format(count=wording.count(one.more))


def figure(value: float | None, unit: str) -> str:
    """A figure in its unit."""
    if value is None:
        return wording.not_told()
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
        return points(found.change), _("{low} to {high}").format(low=points(found.low), high=points(found.high))
    if found.ratio is None or found.ratio_low is None or found.ratio_high is None:
        return f"{found.change:+.2f}".replace("-", wording.MINUS), ""
    share = wording.signed_change
    interval = _("{low} to {high}").format(low=share(found.ratio_low - 1), high=share(found.ratio_high - 1))
    return share(found.ratio - 1), interval
