"""The classification card of Replay and of a failure group: the suggestion with its evidence, and what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from accounts import formats
from monitoring import wording
from monitoring.analysis.agreement import Agreement
from monitoring.analysis.signals import DECIDABLE, Cause
from monitoring.reads.classifications import Decision, in_force
from monitoring.services.suggestions import Suggested

CAUSE_TEXTS = {
    Cause.DESIGN: gettext_noop(
        "The process itself: a step, its order, its expressions, its data. It fails whoever it calls."
    ),
    Cause.EXTERNAL: gettext_noop("Something that it calls, a service, a model or a machine, did not do its part."),
    Cause.LATENCY: gettext_noop("Time: it was slow, waited or ran into a limit of time."),
    Cause.UNDECIDED: gettext_noop("Not clear yet. Saying so is better than a guess."),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One piece of evidence for or against: the facts, the rule, and what it weighs."""

    words: str
    reason: str
    weight: str
    is_for: bool


@dataclass(frozen=True, slots=True)
class CauseOption:
    """One cause to choose, with its score and the evidence."""

    cause: Cause
    text: str
    score: str
    is_suggested: bool
    is_chosen: bool
    evidence: Sequence[Said]


@dataclass(frozen=True, slots=True)
class ClassifyCard:
    """The card. `group_href` leads to the failure group (empty: none, or the page is the group's own)."""

    words: str
    computed_at: datetime
    options: Sequence[CauseOption]
    decided: Decision | None
    history: Sequence[Decision]
    action: str
    may_decide: bool
    group_href: str = ""
    reasons: Mapping[str, str] | None = None
    note: str = ""


def classify_card(
    suggested: Suggested,
    history: Sequence[Decision],
    execution_id: UUID | None,
    *,
    action: str,
    may_decide: bool,
    group_href: str = "",
) -> ClassifyCard:
    """The card of an execution, or without one of a group. What was decided is chosen, else what is suggested."""
    decided = in_force(history, execution_id)
    told = suggested.suggestion
    chosen = decided.cause if decided else Cause(told["cause"])
    options = [_option(cause, told, chosen) for cause in (*DECIDABLE, Cause.UNDECIDED)]
    options.sort(key=lambda one: not one.is_suggested)
    return ClassifyCard(
        words=told["words"],
        computed_at=suggested.computed_at,
        options=options,
        decided=decided,
        history=history,
        action=action,
        may_decide=may_decide,
        group_href=group_href,
    )


def rail_words(card: ClassifyCard | None) -> str:
    """The note of step 4 of the rail."""
    if card is None:
        return _("Nothing to classify")
    if card.decided:
        return _("Decided: {cause}").format(cause=_(card.decided.cause))
    suggested = next(one.cause for one in card.options if one.is_suggested)
    return _("Suggested: {cause}").format(cause=_(suggested))


def agreement_words(rows: Sequence[Agreement]) -> str:
    """How often members kept what was suggested; empty where nobody has decided yet."""
    first = rows[0]
    if first.share is None:
        return ""
    # English says "decisions" whatever their number; other languages may not.
    words = ngettext(
        "Members kept the suggestion in {agreed} of {decided} decisions: {share} ({low} to {high})",
        "Members kept the suggestion in {agreed} of {decided} decisions: {share} ({low} to {high})",
        first.decided,
    )
    return words.format(
        agreed=wording.count(first.agreed),
        decided=wording.count(first.decided),
        share=wording.percent(first.share.rate),
        low=wording.percent(first.share.low),
        high=wording.percent(first.share.high),
    )


def _option(cause: Cause, told: dict[str, Any], chosen: Cause) -> CauseOption:
    evidence = [one for one in told["evidence"] if one["cause"] == cause]
    score = told["scores"].get(cause)
    return CauseOption(
        cause=cause,
        text=_(CAUSE_TEXTS[cause]),
        score="" if score is None else _signed(score),
        is_suggested=told["cause"] == cause,
        is_chosen=cause is chosen,
        evidence=[Said(one["words"], one["reason"], _signed(one["weight"]), one["weight"] > 0) for one in evidence],
    )


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{formats.number(f'{value:.1f}')}" if value else "0"
