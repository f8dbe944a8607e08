"""The sentences of a verdict: what each judgement says, and how far failures reach. Times are written elsewhere."""

from dataclasses import dataclass

from monitoring import wording
from monitoring.analysis.ranges import Place
from monitoring.analysis.verdict import Decision, Judgement, Kind, Objective, Part, Scope, Subject, Surroundings
from monitoring.reads.figures import Totals


@dataclass(frozen=True, slots=True)
class Said:
    """A judgement as the sentence of a verdict, and as a fact beside others (empty: not worth one)."""

    sentence: str
    fact: str


def say(judgement: Judgement, totals: Totals, around: Surroundings, freshness_ms: Objective | None) -> Said:
    """What a judgement says."""
    if judgement.subject is Subject.P95:
        return _of_p95(judgement, totals)
    if judgement.subject is Subject.FRESHNESS:
        return _of_freshness(judgement, around, freshness_ms)
    if judgement.subject is Subject.BURN:
        return _of_burn(judgement, around)
    if judgement.subject is Subject.USUAL_ERROR_RATE:
        return _of_usual("Error rate", judgement, around.usual_error_rate)
    if judgement.subject is Subject.USUAL_P95:
        return _of_usual("p95", judgement, around.usual_p95)
    return _of_success_rate(judgement, totals)


def evidence(totals: Totals) -> str:
    """The success rate with its interval."""
    success = totals.success
    if success is None:
        return ""
    low, high = wording.percent(success.low), wording.percent(success.high)
    succeeded = totals.succeeded - totals.unrated_succeeded
    return (
        f"{wording.count(succeeded)} of {wording.count(totals.rated)} runs succeeded: "
        f"{wording.percent(success.rate)}, 95% interval {low} to {high}"
    )


def _of_success_rate(judgement: Judgement, totals: Totals) -> Said:
    objective = judgement.objective or Objective(0.0)
    goal = wording.plain_percent(objective.value)
    figure = f"{wording.percent(totals.success_rate)} of runs succeed"
    return Said(_against(judgement, figure, goal), f"{_objective(judgement)} for the success rate: {goal}")


def _of_p95(judgement: Judgement, totals: Totals) -> Said:
    objective = judgement.objective or Objective(0.0)
    goal = wording.plain_duration_ms(objective.value)
    figure = f"Slow runs take {wording.duration_ms(totals.duration_ms.p95)} (p95)"
    return Said(_against(judgement, figure, goal), f"{_objective(judgement)} for p95: {goal}")


def _against(judgement: Judgement, figure: str, goal: str) -> str:
    whose = f"{_objective(judgement).lower()} of {goal}"
    said = {
        Kind.NOT_STABLE: f"the {whose} is missed",
        Kind.WATCH: f"so few runs do not settle whether the {whose} is kept",
    }
    return f"{figure}; {said.get(judgement.kind, f'the {whose} is kept')}."


def _objective(judgement: Judgement) -> str:
    return "Proposed objective" if judgement.objective and judgement.objective.is_proposed else "Objective"


def _of_freshness(judgement: Judgement, around: Surroundings, objective: Objective | None) -> Said:
    found = around.freshness
    if found is None or found.age is None:
        return Said("", "")
    words = found.words[:1].upper() + found.words[1:]
    ago = wording.duration_ms(found.age.total_seconds() * 1000)
    if objective is not None:
        goal = wording.plain_duration_ms(objective.value)
        return Said(_against(judgement, f"The last success was {ago} ago", goal), words)
    if judgement.kind is Kind.STABLE or found.limit is None:
        return Said(f"{words}.", "")
    usual = wording.duration_ms(found.limit.total_seconds() * 1000)
    return Said(f"No run has succeeded for {ago}; one does at least every {usual} as a rule.", words)


def _of_burn(judgement: Judgement, around: Surroundings) -> Said:
    if around.burn is None or judgement.kind is Kind.STABLE:
        return Said(f"{around.burn.words}." if around.burn else "", "")
    words = around.burn.words
    return Said(f"Failures use up the error budget too fast: {words[:1].lower()}{words[1:]}.", words)


def _of_usual(figure: str, judgement: Judgement, place: Place | None) -> Said:
    if place is None:
        return Said("", "")
    name = figure if figure == "p95" else figure.lower()
    inside = judgement.kind is Kind.STABLE
    sentence = f"The {name} is {'' if inside else 'not '}as usual: {place.words}."
    return Said(sentence, f"{figure} {place.words}")


def reach_words(decision: Decision) -> str:
    """How far the failures reach, in a sentence; empty without failures."""
    reach, failures = decision.reach, decision.surroundings.failures
    if reach is None:
        return ""
    if reach.scope is Scope.LOCAL and reach.part:
        return f"Local: failures are concentrated in {_part(reach.part)}."
    if reach.scope is Scope.SYSTEMIC:
        if reach.workflows is not None:
            return f"Systemic: another workflow began to fail at the same time ({reach.workflows.words})."
        return f"Systemic: {_listed(reach.steps)} fail more than usual, and they call nothing in common."
    if not reach.is_known:
        return (
            f"Occasional as far as can be told: {wording.count(failures)} failure{'' if failures == 1 else 's'} "
            "are too few to share anything, 10 are needed."
            if failures != 1
            else "Occasional as far as can be told: one failure shares nothing with others."
        )
    return "Occasional: no step, system, model, tool or input type has half of the failures at twice its usual share."


def _part(part: Part) -> str:
    lift = "never seen otherwise" if part.lift is None else f"{wording.times(part.lift)} its usual share"
    share = wording.percent(part.share, 0)
    return f"the {part.kind} {part.value}: {share} of them ({wording.count(part.failures)}), {lift}"


def _listed(names: tuple[str, ...]) -> str:
    shown = names[:3]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (", ".join(shown) + more) if more else " and ".join([", ".join(shown[:-1]), shown[-1]])
