"""Improvements in words: statuses with their signs, figures of a metric, the comparison, what happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from accounts import formats
from monitoring import wording
from monitoring.models import ImprovementEvent, ImprovementStatus, Metric
from monitoring.reads.proof_hours import SHARES
from monitoring.templatetags.components import Sign
from monitoring.templatetags.display import when_text

STATUS_SIGNS: dict[str, Sign] = {
    ImprovementStatus.PLANNED: Sign("flag", gettext_noop("Planned"), "acc"),
    ImprovementStatus.RELEASED: Sign("clock", gettext_noop("Released"), "run"),
    ImprovementStatus.HELPED: Sign("ok", gettext_noop("Helped"), "ok"),
    ImprovementStatus.NO_HELP: Sign("skip", gettext_noop("Did not help"), "idle"),
    ImprovementStatus.REOPENED: Sign("redo", gettext_noop("Reopened"), "fail"),
}
# Within a sentence.
_STATUSES = {
    "planned": gettext_noop("planned"),
    "released": gettext_noop("released"),
    "helped": gettext_noop("helped"),
    "no_help": gettext_noop("did not help"),
    "reopened": gettext_noop("reopened"),
}
_OUTCOMES = {
    "helped": (gettext_noop("Helped"), "ok", "ok"),
    "worse": (gettext_noop("Got worse"), "fail", "fail"),
    "no_help": (gettext_noop("Did not help"), "idle", "skip"),
}
_UNDECIDED = (gettext_noop("Cannot tell yet"), "run", "clock")
# By method, and for the comparison with earlier weeks by which of their hours are alike.
_BEFORE_AFTER = {
    "hour of the week": gettext_noop(
        "Runs since the release against the same hours of the week in up to four weeks before it."
    ),
    "hour of the day": gettext_noop(
        "Runs since the release against the same hours of the day in up to four weeks before it."
    ),
    "all hours": gettext_noop("Runs since the release against the same hours in up to four weeks before it."),
}
_CANARY = gettext_noop("Runs of the new release against those of the old one in the same hours: both are live.")
_FIELDS = {
    "kind": gettext_noop("kind of change"),
    "title": gettext_noop("title"),
    "text": gettext_noop("text"),
    "owner_id": gettext_noop("owner"),
    "metric": gettext_noop("metric"),
    "expected_change": gettext_noop("expected change"),
    "expected_effect": gettext_noop("expected effect"),
    "links": gettext_noop("links"),
    "environment_id": gettext_noop("environment"),
    "tracker_url": gettext_noop("tracker link"),
}
# What cannot be saved, by field; the reason follows.
_REFUSED = {
    "title": gettext_noop("the title {reason}"),
    "text": gettext_noop("the text {reason}"),
    "effect": gettext_noop("the effect {reason}"),
    "kind": gettext_noop("the kind {reason}"),
    "metric": gettext_noop("the metric {reason}"),
    "expected change": gettext_noop("the expected change {reason}"),
    "links": gettext_noop("the links {reason}"),
    "tracker link": gettext_noop("the tracker link {reason}"),
    "owner": gettext_noop("the owner {reason}"),
    "workflow": gettext_noop("the workflow {reason}"),
    "finding": gettext_noop("the finding {reason}"),
    "group": gettext_noop("the group {reason}"),
    "environment": gettext_noop("the environment {reason}"),
    "status": gettext_noop("the status {reason}"),
    "release": gettext_noop("the release {reason}"),
}


@dataclass(frozen=True, slots=True)
class ProofCard:
    """The comparison as the page shows it; figures are written out, empty where there are none."""

    word: str
    tone: str
    icon: str
    reason: str
    before: str = ""
    before_note: str = ""
    after: str = ""
    after_note: str = ""
    change: str = ""
    interval: str = ""
    relative: str = ""
    method: str = ""
    progress: float | None = None
    progress_words: str = ""
    expected: str = ""


def status_name(status: str) -> str:
    """A status within a sentence; one that is not known as it is."""
    return _(_STATUSES[status]) if status in _STATUSES else status


def refused_words(reasons: Mapping[str, str]) -> str:
    """Why something cannot be saved: `the title must be told; the owner must be a member of the team`."""
    return "; ".join(_(_REFUSED[field]).format(reason=reason) for field, reason in reasons.items())


def value_words(metric: str, value: float | None) -> str:
    """A figure of a metric: `4.2%`, `36 s`, `$0.019`."""
    if value is None:
        return wording.not_told()
    if metric in SHARES:
        return wording.percent(value)
    if metric == Metric.MEAN_MS:
        return wording.duration_ms(value)
    if metric == Metric.COST_USD:
        return wording.usd(Decimal(str(value)))
    return wording.tokens(value) if metric == Metric.TOKENS else formats.number(f"{value:.2f}")


def change_words(metric: str, value: float | None) -> str:
    """A difference of two figures, with its sign."""
    if value is None:
        return _("unbounded")
    if metric in SHARES:
        return wording.percent_points(value)
    sign = "+" if value > 0 else wording.MINUS if value < 0 else ""
    return f"{sign}{value_words(metric, abs(value))}"


def expected_words(change: float | None) -> str:
    """`−50%`, or that nobody said."""
    if change is None:
        return _("{change}, as nobody said").format(change=f"{wording.MINUS}50%")
    return wording.signed_change(change)


def proof_card(metric: str, result: dict[str, Any] | None, measured_at: datetime | None) -> ProofCard | None:
    """The comparison of an improvement; None before it is measured."""
    if not result:
        return None
    outcome, reason = str(result.get("outcome")), str(result.get("reason", ""))
    word, tone, icon = _OUTCOMES.get(outcome, _UNDECIDED)
    word = _(word)
    if result.get("runs_needed") and result.get("days_needed") is not None:
        volume = _("At the present volume about {time}.").format(time=days_words(result["days_needed"]))
        reason = f"{reason} {volume}"
    expected = expected_words(result.get("expected_change"))
    if result.get("before") is None or result.get("after") is None:
        return ProofCard(word, tone, icon, reason, expected=expected)
    before, after = result["before"], result["after"]
    notes = [_runs(result[name]) for name in ("runs_before", "runs_after")]
    figures = [value_words(metric, before), value_words(metric, after)]
    if metric == Metric.P95_MS and result.get("p95_before_ms"):
        text, slow = _("{share} at {duration} or above, {runs}"), wording.duration_ms(result["threshold_ms"])
        pairs = zip(figures, notes, strict=True)
        notes = [text.format(share=figure, duration=slow, runs=note) for figure, note in pairs]
        figures = [wording.duration_ms(result[name]) for name in ("p95_before_ms", "p95_after_ms")]
    progress = result.get("progress")
    return ProofCard(
        *(word, tone, icon, reason),
        before=figures[0],
        before_note=notes[0],
        after=figures[1],
        after_note=notes[1],
        change=change_words(metric, result.get("change")),
        interval=_interval(metric, result),
        relative=wording.signed_change(result.get("relative")) if result.get("relative") is not None else "",
        method=_method(result),
        progress=progress,
        progress_words=_("{share} of the planned evidence, as of {time}").format(
            share=wording.percent(progress, 0), time=when_text(measured_at)
        ),
        expected=expected,
    )


def _runs(number: int) -> str:
    return ngettext("{count} run", "{count} runs", number).format(count=wording.count(number))


def _interval(metric: str, result: dict[str, Any]) -> str:
    low, high = result.get("low"), result.get("high")
    if low is None or high is None:
        return ""
    return _("{low} and {high}").format(low=change_words(metric, low), high=change_words(metric, high))


def _method(result: dict[str, Any]) -> str:
    method = str(result.get("method"))
    if method == "before_after":
        return _(_BEFORE_AFTER.get(str(result.get("alike")), _BEFORE_AFTER["all hours"]))
    return _(_CANARY) if method == "canary" else ""


def days_words(days: float) -> str:
    """`3 days`, `5 hours`: how long it takes, rounded up."""
    hours = max(round(days * 24 + 0.49), 1)
    if hours < 48:
        return ngettext("{count} hour", "{count} hours", hours).format(count=hours)
    number = round(days + 0.49)
    return ngettext("{count} day", "{count} days", number).format(count=number)


def row_words(metric: str, result: dict[str, Any] | None) -> str:
    """Before and after in one cell: `20.0% → 0%`, or how much is missing."""
    if not result:
        return ""
    if result.get("before") is not None and result.get("after") is not None:
        pair = [value_words(metric, result[name]) for name in ("before", "after")]
        if metric == Metric.P95_MS and result.get("p95_before_ms") and result.get("p95_after_ms"):
            pair = [wording.duration_ms(result[name]) for name in ("p95_before_ms", "p95_after_ms")]
        return f"{pair[0]} \N{RIGHTWARDS ARROW} {pair[1]}"
    return ""


def missing_words(result: dict[str, Any] | None) -> str:
    """`212 more runs needed`; empty where none are."""
    runs = (result or {}).get("runs_needed")
    if not runs:
        return ""
    return ngettext("{count} more run needed", "{count} more runs needed", runs).format(count=wording.count(runs))


def who(event: ImprovementEvent) -> str:
    """Who did it."""
    if event.by is not None:
        return str(event.by.email)
    return _("API key {name}").format(name=event.key_name) if event.key_name else "Steadyrun"


def event_words(event: ImprovementEvent) -> str:
    """What happened, in one line; a comment's own text stands below."""
    told = event.detail
    if event.kind == "status":
        return _status_words(told)
    if event.kind == "changed":
        names = ", ".join(_(_FIELDS[name]) if name in _FIELDS else name for name in told)
        return _("changed {fields}").format(fields=names)
    words = {
        "created": _("planned it"),
        "comment": _("commented"),
        "tracker": _("linked the issue in the tracker"),
    }
    return words.get(event.kind, event.kind)


def _status_words(told: dict[str, Any]) -> str:
    then = status_name(str(told.get("to")))
    if told.get("returned_in"):
        text = _("reopened it: the failure group is back in release {release}")
        return text.format(release=told["returned_in"])
    if told.get("release"):
        return _("set it to released in release {release}").format(release=told["release"])
    if told.get("by_hand"):
        return _("set it to {status} by hand").format(status=then)
    reason = (told.get("result") or {}).get("reason", "")
    return f"{_('measured it: {status}.').format(status=then)} {reason}".strip()
