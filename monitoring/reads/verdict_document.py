"""A verdict with all its facts as a document, for the API and the JSON of the page. Shares of 1, ms, aware times."""

from datetime import timedelta
from typing import Any

from monitoring.analysis.intervals import Interval
from monitoring.analysis.objectives import Proposal
from monitoring.analysis.ranges import Place
from monitoring.analysis.rhythm import Freshness, Rhythm, Streak
from monitoring.analysis.verdict import Judgement, Reach, Surroundings
from monitoring.reads.baselines import Proposals
from monitoring.reads.onsets import Began
from monitoring.reads.verdict import Verdict


def verdict_document(verdict: Verdict, began: Began | None = None) -> dict[str, Any]:
    """The verdict, what it was judged by, how far the failures reach, when it began and what that coincides with."""
    decision, around = verdict.decision, verdict.decision.surroundings
    return {
        "kind": verdict.kind.value,
        "environment": verdict.environment_words,
        "sentence": verdict.sentence,
        "facts": list(verdict.facts),
        "success_interval": _interval(decision.success),
        "judgements": [_judgement(one) for one in decision.judgements],
        "scope": _reach(decision.reach, verdict.scope_words),
        "usual_error_rate": _place(around.usual_error_rate),
        "usual_p95_ms": _place(around.usual_p95),
        **_history(around),
        "began": _began(began),
        "change": around.beginning.kind.value if around.beginning else None,
        "coincidences": [
            {
                "kind": one.kind.value,
                "events": [{"name": event.name, "at": event.at} for event in one.events],
                "chance": one.chance,
                "is_unusual": one.is_unusual,
                "words": one.words,
            }
            for one in around.coincidences
        ],
    }


def proposals_document(proposals: Proposals) -> dict[str, Any]:
    """What history proposes, with the arithmetic."""
    return {name: _proposal(getattr(proposals, name)) for name in ("success_rate", "p95_ms", "freshness_ms")}


def _proposal(one: Proposal) -> dict[str, Any]:
    return {"value": one.value, "words": one.words}


def _history(around: Surroundings) -> dict[str, Any]:
    burn = around.burn
    return {
        "burn": None
        if burn is None
        else {
            "rate": burn.rate,
            "hours": burn.hours,
            "budget": burn.budget,
            "is_too_fast": burn.is_too_fast,
            "words": burn.words,
        },
        "freshness": _freshness(around.freshness),
        "streak": _streak(around.streak),
        "rhythm": _rhythm(around.rhythm),
    }


def _interval(one: Interval | None) -> list[float] | None:
    return None if one is None else [one.low, one.high]


def _judgement(one: Judgement) -> dict[str, Any]:
    return {
        "subject": one.subject.value,
        "kind": one.kind.value,
        "objective": None if one.objective is None else one.objective.value,
        "is_proposed": bool(one.objective and one.objective.is_proposed),
        "interval": _interval(one.interval),
    }


def _reach(reach: Reach | None, words: str) -> dict[str, Any] | None:
    if reach is None:
        return None
    part = reach.part
    return {
        "kind": reach.scope.value,
        "is_known": reach.is_known,
        "words": words,
        "steps": list(reach.steps),
        "concentrated_in": None
        if part is None
        else {
            "kind": part.kind,
            "value": part.value,
            "failures": part.failures,
            "share": part.share,
            "lift": part.lift,
        },
    }


def _place(one: Place | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"value": one.value, "low": one.low, "high": one.high, "side": one.side.value, "words": one.words}


def _began(one: Began | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "at": one.at,
        "earliest": one.earliest,
        "latest": one.latest,
        "ended_at": one.ended_at,
        "of": "latency" if one.is_latency else "failures",
        "p_value": one.beginning.p_value,
        "words": one.beginning.words,
    }


def _freshness(one: Freshness | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "last_success_at": one.last_success_at,
        "limit_ms": _ms(one.limit),
        "is_objective": one.is_objective,
        "is_stale": one.is_stale,
        "words": one.words,
    }


def _streak(one: Streak | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "last_at": one.last_at,
        "last_success_at": one.last_success_at,
        "failures": one.failures,
        "began_at": one.began_at,
        "words": one.words,
    }


def _rhythm(one: Rhythm | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "interval_ms": _ms(one.interval),
        "is_regular": one.is_regular,
        "expected_at": one.expected_at,
        "late_at": one.late_at,
        "words": one.words,
    }


def _ms(length: timedelta | None) -> float | None:
    return None if length is None else length / timedelta(milliseconds=1)
