"""A verdict on a set of figures, in words. What it is decided from stands in `monitoring.analysis.verdict`."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from monitoring import wording
from monitoring.analysis.verdict import (
    ENOUGH_RUNS,
    SEVERITY,
    Decision,
    Figures,
    Kind,
    Objective,
    Scope,
    Subject,
    Surroundings,
    decide,
)
from monitoring.reads.figures import Totals
from monitoring.reads.verdict_words import evidence, reach_words, say

__all__ = ["SEVERITY", "Kind", "Verdict", "verdict"]

WORDS = {
    Kind.NOT_STABLE: (gettext_noop("Not stable"), "fail"),
    Kind.WATCH: (gettext_noop("Watch"), "watch"),
    Kind.NO_OBJECTIVE: (gettext_noop("No objective set"), "idle"),
    Kind.NOT_ENOUGH_DATA: (gettext_noop("Not enough data"), "idle"),
    Kind.FAILURES_ONLY: (gettext_noop("No verdict"), "idle"),
    Kind.STABLE: (gettext_noop("Stable"), "ok"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict: `word` ("Not stable"), `tone` (ok, watch, fail, idle), one `sentence`, and evidence in `facts`.

    `decision` has all that it rests on; `environment` the one that it is about, None for all together. `subjects` says
    what each fact is about; None: the runs that succeeded.
    """

    kind: Kind
    word: str
    tone: str
    sentence: str
    facts: tuple[str, ...]
    decision: Decision
    environment: str | None = None
    subjects: tuple[Subject | None, ...] = ()

    @property
    def environment_words(self) -> str:
        """`production`, or `all environments`."""
        return self.environment or _("all environments")

    @property
    def scope(self) -> Scope | None:
        """How far the failures reach; None without failures."""
        return self.decision.reach.scope if self.decision.reach else None

    @property
    def scope_words(self) -> str:
        """How far the failures reach, in a sentence; empty without failures."""
        return reach_words(self.decision)


def verdict(
    totals: Totals,
    *,
    success_rate: Objective | None = None,
    p95_ms: Objective | None = None,
    freshness_ms: Objective | None = None,
    surroundings: Surroundings | None = None,
    environment: str | None = None,
) -> Verdict:
    """The verdict on the figures of a window; objectives as shares of 1 and milliseconds.

    Fewer than 50 runs that count in the success rate are not enough, whatever their outcome. Where only failures are
    reported there is no verdict.
    """
    decision = decide(_figures(totals, p95_ms), success_rate=success_rate, p95_ms=p95_ms, surroundings=surroundings)
    sentence, told = _told(decision, totals, freshness_ms)
    word, tone = WORDS[decision.kind]
    facts, subjects = tuple(told.values()), tuple(told)
    return Verdict(decision.kind, _(word), tone, sentence, facts, decision, environment, subjects)


def _told(decision: Decision, totals: Totals, freshness_ms: Objective | None) -> tuple[str, dict[Subject | None, str]]:
    """The sentence, and facts by what they are about."""
    if decision.kind is Kind.FAILURES_ONLY:
        return _("Only failures are reported, so there is no success rate and no verdict."), {}
    if decision.kind is Kind.NOT_ENOUGH_DATA:
        return _too_few(totals), {}
    said = {
        judgement.subject: say(judgement, totals, decision.surroundings, freshness_ms)
        for judgement in decision.judgements
    }
    facts: dict[Subject | None, str] = {None: evidence(totals)}
    facts |= {subject: fact for subject in Subject if subject in said and (fact := said[subject].fact)}
    if decision.kind is Kind.NO_OBJECTIVE:
        text = _("{rate} of runs succeed. Set an objective to get a verdict.")
        return text.format(rate=wording.percent(totals.success_rate)), facts
    return said[decision.judgements[0].subject].sentence, facts


def _figures(totals: Totals, p95_ms: Objective | None) -> Figures:
    return Figures(
        rated=totals.rated,
        succeeded=totals.succeeded - totals.unrated_succeeded,
        timed=totals.timed_runs,
        within_p95=0 if p95_ms is None else totals.within_ms(p95_ms.value),
        is_failures_only=totals.is_failures_only,
    )


def _too_few(totals: Totals) -> str:
    if not totals.runs:
        return _("No runs in this range.")
    if totals.runs == totals.rated:
        text = ngettext(
            "Only {rated} run succeeded or failed; a verdict needs {needed}.",
            "Only {rated} runs succeeded or failed; a verdict needs {needed}.",
            totals.rated,
        )
    else:
        text = ngettext(
            "Only {rated} of {runs} run succeeded or failed; a verdict needs {needed}.",
            "Only {rated} of {runs} runs succeeded or failed; a verdict needs {needed}.",
            totals.rated,
        )
    return text.format(rated=wording.count(totals.rated), runs=wording.count(totals.runs), needed=ENOUGH_RUNS)
