"""Is this process running stably? The verdict on a set of figures, with its words.

Decided from 95 % Wilson intervals against objectives that somebody set, and from nothing else: an objective is
missed when even the favourable end of the interval is below it, kept when the unfavourable end is not, and open
in between.
"""

from dataclasses import dataclass
from enum import StrEnum

from monitoring import wording
from monitoring.analysis.intervals import Interval, wilson
from monitoring.reads.figures import Totals

ENOUGH_RUNS = 50
# A p95 objective is kept when 95 % of the runs are inside it.
P95_SHARE = 0.95


class Kind(StrEnum):
    """The verdicts, in the order in which workflows are listed."""

    NOT_STABLE = "not_stable"
    WATCH = "watch"
    NO_OBJECTIVE = "no_objective"
    NOT_ENOUGH_DATA = "not_enough_data"
    FAILURES_ONLY = "failures_only"
    STABLE = "stable"


WORDS = {
    Kind.NOT_STABLE: ("Not stable", "fail"),
    Kind.WATCH: ("Watch", "watch"),
    Kind.NO_OBJECTIVE: ("No objective set", "idle"),
    Kind.NOT_ENOUGH_DATA: ("Not enough data", "idle"),
    Kind.FAILURES_ONLY: ("No verdict", "idle"),
    Kind.STABLE: ("Stable", "ok"),
}
FAILURES_ONLY = "Only failures are reported, so there is no success rate and no verdict."
SEVERITY = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict: `word` ("Not stable"), `tone` (ok, watch, fail, idle), one `sentence`, and evidence in `facts`."""

    kind: Kind
    word: str
    tone: str
    sentence: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Finding:
    kind: Kind
    sentence: str
    fact: str


def verdict(totals: Totals, *, objective_success_rate: float | None, objective_p95_ms: float | None) -> Verdict:
    """The verdict on the figures of a window; objectives as shares of 1 and milliseconds, None where not set.

    Fewer than 50 runs that count in the success rate are not enough, whatever their outcome. Where only failures are
    reported there is no verdict.
    """
    success = totals.success
    if totals.is_failures_only:
        return _made(Kind.FAILURES_ONLY, FAILURES_ONLY, ())
    if totals.rated < ENOUGH_RUNS or success is None:
        return _made(Kind.NOT_ENOUGH_DATA, _too_few(totals), ())
    findings = []
    if objective_success_rate is not None:
        findings.append(_judge_success(success, objective_success_rate))
    if objective_p95_ms is not None and totals.timed_runs >= ENOUGH_RUNS:
        findings.append(_judge_p95(totals, objective_p95_ms))
    if not findings:
        rate = wording.percent(success.rate)
        return _made(
            Kind.NO_OBJECTIVE, f"{rate} of runs succeed. Set an objective to get a verdict.", (_evidence(totals),)
        )
    worst = min(findings, key=lambda finding: SEVERITY[finding.kind])
    return _made(worst.kind, worst.sentence, (_evidence(totals), *(finding.fact for finding in findings)))


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


def _judge(interval: Interval, objective: float) -> Kind:
    if interval.high < objective:
        return Kind.NOT_STABLE
    return Kind.STABLE if interval.low >= objective else Kind.WATCH


def _judge_success(success: Interval, objective: float) -> _Finding:
    kind = _judge(success, objective)
    rate, goal = wording.percent(success.rate), wording.plain_percent(objective)
    sentences = {
        Kind.NOT_STABLE: f"{rate} of runs succeed; the objective of {goal} is missed.",
        Kind.WATCH: f"{rate} of runs succeed; so few runs do not settle whether the objective of {goal} is kept.",
        Kind.STABLE: f"{rate} of runs succeed; the objective of {goal} is kept.",
    }
    return _Finding(kind, sentences[kind], f"Objective for the success rate: {goal}")


def _judge_p95(totals: Totals, objective_ms: float) -> _Finding:
    """p95 inside the objective is the same as: at least 95 % of the runs inside it; which is a rate again."""
    within = wilson(totals.within_ms(objective_ms), totals.timed_runs)
    kind = _judge(within, P95_SHARE) if within else Kind.WATCH
    p95, goal = wording.duration_ms(totals.duration_ms.p95), wording.plain_duration_ms(objective_ms)
    sentences = {
        Kind.NOT_STABLE: f"Slow runs take {p95} (p95); the objective of {goal} is missed.",
        Kind.WATCH: f"Slow runs take {p95} (p95); so few runs do not settle whether the objective of {goal} is kept.",
        Kind.STABLE: f"Slow runs take {p95} (p95); the objective of {goal} is kept.",
    }
    return _Finding(kind, sentences[kind], f"Objective for p95: {goal}")
