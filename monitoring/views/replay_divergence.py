"""The cards of the comparison: where the execution left the healthy path, what shows and what caused it, the impact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from monitoring import wording
from monitoring.analysis.divergence import Verdict
from monitoring.analysis.evidence import Evidence
from monitoring.reads.replay_records import StepRecord
from monitoring.services.examination import Examined
from monitoring.views.replay_scene import Address, Scene

MAX_OTHER = 20
MAX_IMPACT = 50
_VERDICTS = {
    Verdict.DIVERGED: ("diverged", gettext_noop("Diverged")),
    Verdict.AS_USUAL: ("expected", gettext_noop("As usual")),
    Verdict.CANNOT_TELL: ("cannot_tell", gettext_noop("Cannot tell")),
}
_ROLES = {
    "parent": gettext_noop("its parent, {execution}"),
    "child": gettext_noop("a child, {execution}"),
    "retry": gettext_noop("another attempt, {execution}"),
}
_SAME = {
    "release": gettext_noop("release {name}"),
    "trigger": gettext_noop("trigger {name}"),
    "input type": gettext_noop("input type {name}"),
}


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One piece of evidence, ready to show; `href` leads to the step, empty where it is missing."""

    step: str
    href: str
    kind: str
    observed: str
    usual: str
    base: str
    confidence: str


@dataclass(frozen=True, slots=True)
class DivergenceCard:
    """Where the execution left the healthy path. `shows` and `causes` tell symptom and cause apart (None: one step)."""

    status: str
    word: str
    because: str
    same: Sequence[str]
    built_at: datetime | None
    first: Sequence[EvidenceRow]
    shows: EvidenceRow | None
    causes: EvidenceRow | None
    is_one_step: bool
    others: Sequence[EvidenceRow]
    more: int


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """A step after the divergence: what happened to it, what is usual, what was seen."""

    step: str
    href: str
    effect: str
    usual: str
    here: str


@dataclass(frozen=True, slots=True)
class ImpactCard:
    """What the divergence did: facts as (name, words), steps, side effects to repeat, other executions hit."""

    facts: Sequence[tuple[str, str]]
    rows: Sequence[ImpactRow]
    more: int
    repeated: Sequence[tuple[str, str]]
    relatives: Sequence[tuple[str, str, str]]


def divergence_card(scene: Scene, found: Examined, address: Address) -> DivergenceCard:
    """The card, also where nothing can be told: it then says why."""
    told = found.divergence
    execution = scene.replay.execution
    named = {"release": execution.release, "trigger": execution.trigger, "input type": execution.input_type}
    same = found.compared.same if found.compared and found.is_compared else ()
    status, word = _VERDICTS[told.verdict]
    others = [item for item in told.evidence if item not in told.first]
    rows = {id(item): evidence_row(scene, item, address) for item in [*told.first, *others[:MAX_OTHER]]}

    def row(item: Evidence | None) -> EvidenceRow | None:
        return None if item is None else rows.get(id(item)) or evidence_row(scene, item, address)

    return DivergenceCard(
        status=status,
        word=_(word),
        because=told.because,
        same=[_(_SAME[name]).format(name=named[name]) for name in same if named.get(name)],
        built_at=found.compared.built_at if found.compared and found.is_compared else None,
        first=[rows[id(item)] for item in told.first],
        shows=row(told.symptom),
        causes=row(told.cause),
        is_one_step=told.symptom is not None and told.cause is not None and told.symptom.step == told.cause.step,
        others=[rows[id(item)] for item in others[:MAX_OTHER]],
        more=max(len(others) - MAX_OTHER, 0),
    )


def evidence_row(scene: Scene, item: Evidence, address: Address) -> EvidenceRow:
    """A piece of evidence; where nothing was compared it has no base and no confidence."""
    name, href = item.node, ""
    if item.step is not None:
        step = scene.replay.steps[item.step]
        name, href = _step_words(step), address.href(step.id, "step")
    base = _("{same} of {count} healthy executions did the same")
    return EvidenceRow(
        step=name,
        href=href,
        kind=_(item.kind.value),
        observed=item.observed,
        usual=item.usual,
        base=base.format(same=wording.count(item.same), count=wording.count(item.runs)) if item.runs else "",
        confidence=_(item.confidence.value) if item.runs else "",
    )


def _step_words(step: StepRecord) -> str:
    return _("Step {number}, {name}").format(number=step.number, name=step.name)


def impact_card(scene: Scene, found: Examined, slug: str, address: Address) -> ImpactCard | None:
    """The impact of the first divergence; None without one, or where nothing was compared."""
    impact = found.impact
    if impact is None or not found.is_compared or not found.has_diverged:
        return None
    steps = {step.id: step for step in scene.replay.steps}
    names = {one.id: one.external_id for one in found.related}
    rows = _impact_rows(scene, found, address)
    return ImpactCard(
        facts=_impact_facts(found),
        rows=rows[:MAX_IMPACT],
        more=max(len(rows) - MAX_IMPACT, 0),
        repeated=[(_step_words(steps[id]), address.href(id, "step")) for id in impact.repeated[:MAX_OTHER]],
        relatives=[
            (_(_ROLES[one.role]).format(execution=names.get(id, one.id)), one.status, address.other(slug, id))
            for one in impact.relatives[:MAX_OTHER]
            for id in [next(other.id for other in found.related if str(other.id) == one.id)]
        ],
    )


def _impact_facts(found: Examined) -> list[tuple[str, str]]:
    impact = found.impact
    assert impact is not None
    spent = wording.not_told() if impact.after_usd is None else wording.usd(impact.after_usd)
    if impact.unpriced and impact.after_usd is not None:
        words = _("{amount}, {count} steps told no cost")
        spent = words.format(amount=spent, count=wording.count(impact.unpriced))
    return [
        (_("Affected"), _steps(len(impact.affected))),
        (_("Skipped"), _steps(len(impact.skipped))),
        (_("Not reached"), ", ".join(impact.not_reached[:5]) or _("nothing that always runs")),
        (_("Time after it"), wording.not_told() if impact.after_ms is None else wording.duration_ms(impact.after_ms)),
        (_("At work after it"), wording.not_told() if impact.busy_ms is None else wording.duration_ms(impact.busy_ms)),
        (_("Spent after it"), spent),
    ]


def _steps(number: int) -> str:
    return ngettext("{count} step", "{count} steps", number).format(count=wording.count(number))


def _impact_rows(scene: Scene, found: Examined, address: Address) -> list[ImpactRow]:
    impact = found.impact
    assert impact is not None
    affected, skipped = set(impact.affected), set(impact.skipped)
    evidence = {item.step: item for item in reversed(found.divergence.evidence) if item.step is not None}
    rows = []
    for index, step in enumerate(scene.replay.steps):
        if step.id not in affected and step.id not in skipped:
            continue
        item = evidence.get(index)
        here = f"{_(item.kind.value)}: {item.observed}" if item else step.error or _(step.word)
        rows.append(
            ImpactRow(
                step=step.name,
                href=address.href(step.id, "step"),
                effect="skipped" if step.id in skipped else "affected",
                usual=item.usual if item else "",
                here=here,
            )
        )
    usual, here = _("always runs"), _("did not run")
    return rows + [ImpactRow(name, "", "not_taken", usual, here) for name in impact.not_reached]
