"""The sentences of a verdict: what each judgement says, and how far failures reach. Times are written elsewhere."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

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
        return _of_usual(judgement, around.usual_error_rate)
    if judgement.subject is Subject.USUAL_P95:
        return _of_usual(judgement, around.usual_p95)
    return _of_success_rate(judgement, totals)


def evidence(totals: Totals) -> str:
    """The success rate with its interval."""
    success = totals.success
    if success is None:
        return ""
    text = _("{succeeded} of {runs} runs succeeded: {rate}, {level} interval {low} to {high}")
    return text.format(
        succeeded=wording.count(totals.succeeded - totals.unrated_succeeded),
        runs=wording.count(totals.rated),
        rate=wording.percent(success.rate),
        level=wording.plain_percent(0.95),
        low=wording.percent(success.low),
        high=wording.percent(success.high),
    )


def _of_success_rate(judgement: Judgement, totals: Totals) -> Said:
    objective = judgement.objective or Objective(0.0)
    goal = wording.plain_percent(objective.value)
    figure = _("{rate} of runs succeed").format(rate=wording.percent(totals.success_rate))
    if objective.is_proposed:
        fact = _("Proposed objective for the success rate: {goal}")
    else:
        fact = _("Objective for the success rate: {goal}")
    return Said(_against(judgement, figure, goal), fact.format(goal=goal))


def _of_p95(judgement: Judgement, totals: Totals) -> Said:
    objective = judgement.objective or Objective(0.0)
    goal = wording.plain_duration_ms(objective.value)
    figure = _("Slow runs take {duration} (p95)").format(duration=wording.duration_ms(totals.duration_ms.p95))
    fact = _("Proposed objective for p95: {goal}") if objective.is_proposed else _("Objective for p95: {goal}")
    return Said(_against(judgement, figure, goal), fact.format(goal=goal))


def _against(judgement: Judgement, figure: str, goal: str) -> str:
    is_proposed = bool(judgement.objective and judgement.objective.is_proposed)
    if judgement.kind is Kind.NOT_STABLE:
        own = _("{figure}; the objective of {goal} is missed.")
        proposed = _("{figure}; the proposed objective of {goal} is missed.")
    elif judgement.kind is Kind.WATCH:
        own = _("{figure}; so few runs do not settle whether the objective of {goal} is kept.")
        proposed = _("{figure}; so few runs do not settle whether the proposed objective of {goal} is kept.")
    else:
        own = _("{figure}; the objective of {goal} is kept.")
        proposed = _("{figure}; the proposed objective of {goal} is kept.")
    return (proposed if is_proposed else own).format(figure=figure, goal=goal)


def _of_freshness(judgement: Judgement, around: Surroundings, objective: Objective | None) -> Said:
    found = around.freshness
    if found is None or found.age is None:
        return Said("", "")
    words = found.words[:1].upper() + found.words[1:]
    ago = wording.duration_ms(found.age.total_seconds() * 1000)
    if objective is not None:
        goal = wording.plain_duration_ms(objective.value)
        return Said(_against(judgement, _("The last success was {time} ago").format(time=ago), goal), words)
    if judgement.kind is Kind.STABLE or found.limit is None:
        return Said(f"{words}.", "")
    text = _("No run has succeeded for {time}; one does at least every {usual} as a rule.")
    usual = wording.duration_ms(found.limit.total_seconds() * 1000)
    return Said(text.format(time=ago, usual=usual), words)


def _of_burn(judgement: Judgement, around: Surroundings) -> Said:
    if around.burn is None or judgement.kind is Kind.STABLE:
        return Said(f"{around.burn.words}." if around.burn else "", "")
    words = around.burn.words
    return Said(_("Failures use up the error budget too fast: {failures}.").format(failures=words), words)


def _of_usual(judgement: Judgement, place: Place | None) -> Said:
    if place is None:
        return Said("", "")
    if judgement.subject is Subject.USUAL_P95:
        usual, other = _("The p95 is as usual: {figure}."), _("The p95 is not as usual: {figure}.")
        fact = _("p95 {figure}")
    else:
        usual, other = _("The error rate is as usual: {figure}."), _("The error rate is not as usual: {figure}.")
        fact = _("Error rate {figure}")
    sentence = usual if judgement.kind is Kind.STABLE else other
    return Said(sentence.format(figure=place.words), fact.format(figure=place.words))


def reach_words(decision: Decision) -> str:
    """How far the failures reach, in a sentence; empty without failures."""
    reach, failures = decision.reach, decision.surroundings.failures
    if reach is None:
        return ""
    if reach.scope is Scope.LOCAL and reach.part:
        return _of_part(reach.part)
    if reach.scope is Scope.SYSTEMIC:
        if reach.workflows is not None:
            text = _("Systemic: another workflow began to fail at the same time ({coincidence}).")
            return text.format(coincidence=reach.workflows.words)
        text = _("Systemic: {steps} fail more than usual, and they call nothing in common.")
        return text.format(steps=_listed(reach.steps))
    if reach.is_known:
        return _(
            "Occasional: no step, system, model, tool or input type has half of the failures at twice its usual share."
        )
    if failures == 1:
        return _("Occasional as far as can be told: one failure shares nothing with others.")
    text = _("Occasional as far as can be told: {count} failures are too few to share anything, 10 are needed.")
    return text.format(count=wording.count(failures))


_PARTS = {
    "step": gettext_noop("the step {name}"),
    "input type": gettext_noop("the input type {name}"),
    "external system": gettext_noop("the external system {name}"),
    "model": gettext_noop("the model {name}"),
    "tool": gettext_noop("the tool {name}"),
}


def _of_part(part: Part) -> str:
    if part.lift is None:
        text = _("Local: failures are concentrated in {part}: {share} of them ({count}), never seen otherwise.")
    else:
        text = _("Local: failures are concentrated in {part}: {share} of them ({count}), {lift} its usual share.")
    return text.format(
        part=_(_PARTS[part.kind]).format(name=part.value),
        share=wording.percent(part.share, 0),
        count=wording.count(part.failures),
        lift=wording.times(part.lift),
    )


def _listed(names: tuple[str, ...]) -> str:
    if len(names) > 3:
        return _("{names} and {count} more").format(names=", ".join(names[:3]), count=len(names) - 3)
    return _("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])
