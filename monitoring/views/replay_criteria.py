"""The card of a replay that says of each success criterion whether the execution met it, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from monitoring.analysis.criteria import Criterion, Outcome, check, evidence, facts, judge
from monitoring.reads.criteria import criteria_of_workflow
from monitoring.reads.replay_records import ExecutionRecord, Replay
from monitoring.statuses import Status


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """A criterion: `outcome` is a word with a sign, `evidence` what was seen, `reason` why it cannot be told."""

    name: str
    expression: str
    outcome: str
    reason: str = ""
    evidence: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class CriteriaCard:
    """All criteria of the workflow; `note` says what a reader has to know about them."""

    rows: Sequence[CriterionRow]
    note: str = ""


def criteria_card(replay: Replay) -> CriteriaCard | None:
    """The card; None where the workflow has no criteria or the execution has not succeeded."""
    execution = replay.execution
    if replay.workflow is None or execution.status != Status.SUCCEEDED:
        return None
    criteria = criteria_of_workflow(replay.workflow.team_id, replay.workflow.id)
    if not criteria:
        return None
    if not replay.has_payloads or replay.is_expired:
        reason = _("Your role does not show payloads: this is as it was counted.")
        if replay.is_expired:
            reason = _("Its payload is deleted: this is as it was counted.")
        return CriteriaCard([_stored(one, execution) for one in criteria], reason)
    told = facts(
        replay.payload,
        duration_ms=execution.duration_ms,
        cost_usd=execution.cost_usd,
        tokens=execution.tokens.total,
        steps=execution.step_count,
    )
    rows = []
    for one in criteria:
        found = check(one.expression, told)
        seen = evidence(one.expression, told, found)
        rows.append(CriterionRow(one.name, one.expression, found.outcome, found.reason, seen))
    is_other = judge(criteria, told).is_unmet != execution.is_unmet
    note = _("The criteria changed since it was counted: the figures have it as it was then.") if is_other else ""
    return CriteriaCard(rows, note)


def _stored(criterion: Criterion, execution: ExecutionRecord) -> CriterionRow:
    """What was stored when it was counted: which ones were not met; that one of several cannot be told is not kept."""
    if str(criterion.id) in (execution.unmet_criteria or ()):
        return CriterionRow(criterion.name, criterion.expression, Outcome.NOT_MET)
    outcome = Outcome.MET if execution.is_unmet is False else Outcome.CANNOT_TELL
    return CriterionRow(criterion.name, criterion.expression, outcome)
