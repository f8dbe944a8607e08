"""The words of a verdict on a set of figures. What it is decided from stands in `monitoring.analysis.verdict`."""

from dataclasses import dataclass

from monitoring import wording
from monitoring.analysis.verdict import ENOUGH_RUNS, SEVERITY, Figures, Judgement, Kind, Objective, Subject, decide
from monitoring.reads.figures import Totals

__all__ = ["SEVERITY", "Kind", "Verdict", "verdict"]

WORDS = {
    Kind.NOT_STABLE: ("Not stable", "fail"),
    Kind.WATCH: ("Watch", "watch"),
    Kind.NO_OBJECTIVE: ("No objective set", "idle"),
    Kind.NOT_ENOUGH_DATA: ("Not enough data", "idle"),
    Kind.FAILURES_ONLY: ("No verdict", "idle"),
    Kind.STABLE: ("Stable", "ok"),
}
FAILURES_ONLY = "Only failures are reported, so there is no success rate and no verdict."


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict: `word` ("Not stable"), `tone` (ok, watch, fail, idle), one `sentence`, and evidence in `facts`."""

    kind: Kind
    word: str
    tone: str
    sentence: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    sentence: str
    fact: str


def verdict(totals: Totals, *, objective_success_rate: float | None, objective_p95_ms: float | None) -> Verdict:
    """The verdict on the figures of a window; objectives as shares of 1 and milliseconds, None where not set.

    Fewer than 50 runs that count in the success rate are not enough, whatever their outcome. Where only failures are
    reported there is no verdict.
    """
    decision = decide(
        _figures(totals, objective_p95_ms),
        success_rate=None if objective_success_rate is None else Objective(objective_success_rate),
        p95_ms=None if objective_p95_ms is None else Objective(objective_p95_ms),
    )
    if decision.kind is Kind.FAILURES_ONLY:
        return _made(Kind.FAILURES_ONLY, FAILURES_ONLY, ())
    if decision.kind is Kind.NOT_ENOUGH_DATA:
        return _made(Kind.NOT_ENOUGH_DATA, _too_few(totals), ())
    if not decision.judgements:
        rate = wording.percent(totals.success_rate)
        sentence = f"{rate} of runs succeed. Set an objective to get a verdict."
        return _made(decision.kind, sentence, (_evidence(totals),))
    said = {judgement.subject: _say(judgement, totals) for judgement in decision.judgements}
    facts = [said[subject].fact for subject in Subject if subject in said]
    return _made(decision.kind, said[decision.judgements[0].subject].sentence, (_evidence(totals), *facts))


def _figures(totals: Totals, objective_p95_ms: float | None) -> Figures:
    return Figures(
        rated=totals.rated,
        succeeded=totals.succeeded - totals.unrated_succeeded,
        timed=totals.timed_runs,
        within_p95=0 if objective_p95_ms is None else totals.within_ms(objective_p95_ms),
        is_failures_only=totals.is_failures_only,
    )


def _made(kind: Kind, sentence: str, facts: tuple[str, ...]) -> Verdict:
    word, tone = WORDS[kind]
    return Verdict(kind, word, tone, sentence, facts)


def _too_few(totals: Totals) -> str:
    if not totals.runs:
        return "No runs in this range."
    others = f" of {wording.count(totals.runs)}" if totals.runs != totals.rated else ""
    runs = "run" if totals.rated == 1 else "runs"
    return f"Only {wording.count(totals.rated)}{others} {runs} succeeded or failed; a verdict needs {ENOUGH_RUNS}."


def _evidence(totals: Totals) -> str:
    success = totals.success
    if success is None:
        return ""
    low, high = wording.percent(success.low), wording.percent(success.high)
    succeeded = totals.succeeded - totals.unrated_succeeded
    return (
        f"{wording.count(succeeded)} of {wording.count(totals.rated)} runs succeeded: "
        f"{wording.percent(success.rate)}, 95% interval {low} to {high}"
    )


def _say(judgement: Judgement, totals: Totals) -> _Said:
    objective = 0.0 if judgement.objective is None else judgement.objective.value
    if judgement.subject is Subject.P95:
        goal = wording.plain_duration_ms(objective)
        return _Said(
            _sentence(judgement.kind, f"Slow runs take {wording.duration_ms(totals.duration_ms.p95)} (p95)", goal),
            f"Objective for p95: {goal}",
        )
    goal = wording.plain_percent(objective)
    return _Said(
        _sentence(judgement.kind, f"{wording.percent(totals.success_rate)} of runs succeed", goal),
        f"Objective for the success rate: {goal}",
    )


def _sentence(kind: Kind, figure: str, goal: str) -> str:
    said = {
        Kind.NOT_STABLE: f"the objective of {goal} is missed",
        Kind.WATCH: f"so few runs do not settle whether the objective of {goal} is kept",
    }
    return f"{figure}; {said.get(kind, f'the objective of {goal} is kept')}."
