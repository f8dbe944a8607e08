"""Which advice belongs to a finding, and from which runs it is computed."""

from collections.abc import Sequence

from monitoring.analysis.advice.answer import Advice, AdviceKind, Answer
from monitoring.analysis.advice.model_choice import advise_model
from monitoring.analysis.advice.node_design import advise_node_design
from monitoring.analysis.advice.retry import advise_retry
from monitoring.analysis.advice.second_try import advise_second_try
from monitoring.analysis.advice.timeout import advise_timeout
from monitoring.analysis.advice.tool_invocation import advise_tools, callers_of
from monitoring.analysis.advice.trigger import advise_trigger
from monitoring.analysis.findings import Candidate, Kind
from monitoring.analysis.visits import Visit
from monitoring.reads.finding_facts import Facts

# Advice that says nothing is left out where it does not belong to what the finding is about.
OPTIONAL = frozenset({AdviceKind.TOOL, AdviceKind.MODEL})
_COLUMNS = ("tool", "model", "system")


def advice_for(one: Candidate, facts: Facts, workflow: str) -> list[Advice]:
    """The advice for a finding: what is to be changed first, then what may stay, then what cannot be told."""
    found = [
        advice
        for advice in _all(one, facts, workflow)
        if advice.kind not in OPTIONAL or advice.answer is not Answer.CANNOT_TELL
    ]
    order = list(Answer)
    return sorted(found, key=lambda advice: order.index(advice.answer))


def _all(one: Candidate, facts: Facts, workflow: str) -> list[Advice]:
    if one.kind is Kind.SCHEDULE:
        return [advise_trigger(facts.triggers, facts.starts, workflow)]
    visits, what = visits_about(one, facts), _name(one, workflow)
    step = one.where.get("step", "")
    models = [advise_model(visits, what)]
    if one.kind is Kind.TAIL:
        return [advise_second_try(visits, what), advise_timeout(visits, what), *models]
    if one.kind is Kind.COST:
        node = dearest_node(facts.sample.visits)
        models = [advise_model([visit for visit in facts.sample.visits if visit.node == node], node)]
        return [*models, advise_timeout(facts.sample.whole_runs(), f"a run of {workflow}")]
    retry = advise_retry(visits, what, facts.same_inputs.get(step, (0, 0)))
    if one.kind is Kind.RETRIES:
        return [retry, advise_timeout(visits, what)]
    design = [advise_node_design(facts.sample.shaped(step), step)] if step else []
    tools = advise_tools(visits, callers_of(facts.sample.visits))
    return [*design, tools, retry, advise_timeout(visits, what), *models]


def visits_about(one: Candidate, facts: Facts) -> Sequence[Visit]:
    """The visits that a finding is about: of its step, else of what it calls, else whole runs."""
    if one.kind is Kind.RETRIES and "step" not in one.where:
        return facts.attempts
    if step := one.where.get("step"):
        return [visit for visit in facts.sample.visits if visit.node == step]
    for name in _COLUMNS:
        if value := one.where.get(name):
            return [visit for visit in facts.sample.visits if getattr(visit, name) == value]
    return facts.sample.whole_runs()


def dearest_node(visits: Sequence[Visit]) -> str:
    """The node whose model calls cost most; empty where none tells a cost."""
    spent: dict[str, float] = {}
    for visit in visits:
        if visit.model and visit.cost_usd is not None:
            spent[visit.node] = spent.get(visit.node, 0.0) + visit.cost_usd
    return max(spent, key=lambda node: (spent[node], node), default="")


def _name(one: Candidate, workflow: str) -> str:
    return next((one.where[name] for name in ("step", *_COLUMNS) if name in one.where), f"a run of {workflow}")
