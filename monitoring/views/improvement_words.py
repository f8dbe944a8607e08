"""Improvements in words: statuses with their signs, figures of a metric, the comparison, what happened."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts import formats
from monitoring import wording
from monitoring.models import ImprovementEvent, ImprovementStatus, Metric
from monitoring.reads.proof_hours import SHARES
from monitoring.templatetags.components import Sign
from monitoring.templatetags.display import when_text

STATUS_SIGNS: dict[str, Sign] = {
    ImprovementStatus.PLANNED: Sign("flag", "Planned", "acc"),
    ImprovementStatus.RELEASED: Sign("clock", "Released", "run"),
    ImprovementStatus.HELPED: Sign("ok", "Helped", "ok"),
    ImprovementStatus.NO_HELP: Sign("skip", "Did not help", "idle"),
    ImprovementStatus.REOPENED: Sign("redo", "Reopened", "fail"),
}
_METHODS = {
    "before_after": "Runs since the release against the same {alike} in up to four weeks before it.",
    "canary": "Runs of the new release against those of the old one in the same hours: both are live.",
}
_ALIKE = {"hour of the week": "hours of the week", "hour of the day": "hours of the day", "all hours": "hours"}
_FIELDS = {
    "kind": "kind of change",
    "owner_id": "owner",
    "expected_change": "expected change",
    "expected_effect": "expected effect",
    "environment_id": "environment",
    "tracker_url": "tracker link",
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


def value_words(metric: str, value: float | None) -> str:
    """A figure of a metric: `4.2%`, `36 s`, `$0.019`."""
    if value is None:
        return wording.NOT_TOLD
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
        return "unbounded"
    if metric in SHARES:
        return wording.percent_points(value)
    sign = "+" if value > 0 else wording.MINUS if value < 0 else ""
    return f"{sign}{value_words(metric, abs(value))}"


def expected_words(change: float | None) -> str:
    """`−50%`, or that nobody said."""
    return wording.signed_change(change) if change is not None else f"{wording.MINUS}50%, as nobody said"


def proof_card(metric: str, result: dict[str, Any] | None, measured_at: datetime | None) -> ProofCard | None:
    """The comparison of an improvement; None before it is measured."""
    if not result:
        return None
    outcome, reason = str(result.get("outcome")), str(result.get("reason", ""))
    word, tone, icon = {
        "helped": ("Helped", "ok", "ok"),
        "worse": ("Got worse", "fail", "fail"),
        "no_help": ("Did not help", "idle", "skip"),
    }.get(outcome, ("Cannot tell yet", "run", "clock"))
    if result.get("runs_needed") and result.get("days_needed") is not None:
        reason = f"{reason} At the present volume about {days_words(result['days_needed'])}."
    expected = expected_words(result.get("expected_change"))
    if result.get("before") is None or result.get("after") is None:
        return ProofCard(word, tone, icon, reason, expected=expected)
    before, after = result["before"], result["after"]
    notes = [f"{wording.count(result[name])} runs" for name in ("runs_before", "runs_after")]
    figures = [value_words(metric, before), value_words(metric, after)]
    if metric == Metric.P95_MS and result.get("p95_before_ms"):
        slower = f"at {wording.duration_ms(result['threshold_ms'])} or above"
        notes = [f"{figure} {slower}, {note}" for figure, note in zip(figures, notes, strict=True)]
        figures = [wording.duration_ms(result[name]) for name in ("p95_before_ms", "p95_after_ms")]
    bounds = result.get("low"), result.get("high")
    interval = "" if None in bounds else " and ".join(change_words(metric, bound) for bound in bounds)
    progress = result.get("progress")
    return ProofCard(
        *(word, tone, icon, reason),
        before=figures[0],
        before_note=notes[0],
        after=figures[1],
        after_note=notes[1],
        change=change_words(metric, result.get("change")),
        interval=interval,
        relative=wording.signed_change(result.get("relative")) if result.get("relative") is not None else "",
        method=_method(result),
        progress=progress,
        progress_words=f"{wording.percent(progress, 0)} of the planned evidence, as of {when_text(measured_at)}",
        expected=expected,
    )


def _method(result: dict[str, Any]) -> str:
    alike = _ALIKE.get(str(result.get("alike")), "hours")
    return _METHODS.get(str(result.get("method")), "").format(alike=alike)


def days_words(days: float) -> str:
    """`3 days`, `5 hours`: how long it takes, rounded up."""
    hours = max(round(days * 24 + 0.49), 1)
    number, unit = (round(days + 0.49), "day") if hours >= 48 else (hours, "hour")
    return f"{number} {unit}{'' if number == 1 else 's'}"


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
    return f"{wording.count(runs)} more run{'' if runs == 1 else 's'} needed" if runs else ""


def who(event: ImprovementEvent) -> str:
    """Who did it."""
    if event.by is not None:
        return str(event.by.email)
    return f"API key {event.key_name}" if event.key_name else "Steadyrun"


def event_words(event: ImprovementEvent) -> str:
    """What happened, in one line; a comment's own text stands below."""
    told = event.detail
    if event.kind == "status":
        return _status_words(told)
    if event.kind == "changed":
        names = ", ".join(_FIELDS.get(name, name) for name in told)
        return f"changed {names}"
    words = {"created": "planned it", "comment": "commented", "tracker": "linked the issue in the tracker"}
    return words.get(event.kind, event.kind)


def _status_words(told: dict[str, Any]) -> str:
    sign = STATUS_SIGNS.get(str(told.get("to")))
    then = sign.word.lower() if sign else str(told.get("to"))
    if told.get("returned_in"):
        return f"reopened it: the failure group is back in release {told['returned_in']}"
    if told.get("release"):
        return f"set it to released in release {told['release']}"
    if told.get("by_hand"):
        return f"set it to {then} by hand"
    reason = (told.get("result") or {}).get("reason", "")
    return f"measured it: {then}. {reason}".strip()
