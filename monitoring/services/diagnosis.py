"""Diagnoses of failed executions: made from the queue once they are quiet, made again when later parts come.

What is to be done stands in `due_diagnosis`. A row is removed in the transaction that stores its diagnosis, so a task
that is lost or killed loses nothing; a row that another worker holds is passed over.
"""

import logging
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import Error, connection
from django.utils.translation import override

from accounts.statements import run_prepared
from accounts.tenancy import team_context
from monitoring import ports
from monitoring.analysis.evidence import Evidence
from monitoring.identity import NO_WORKFLOW
from monitoring.models import Diagnosis
from monitoring.reads.replay import load
from monitoring.reads.replay_records import Replay
from monitoring.services.cause import Caused, facts_document, find_cause, suggestion_document
from monitoring.services.examination import Examined, examine

logger = logging.getLogger(__name__)

BATCH = 50
MAX_EVIDENCE = 20
# One that went wrong is tried again later, and does not keep the others waiting.
AGAIN = timedelta(minutes=10)

# Only the last row of an execution is due: one that was added later says that more has come.
_DUE = """SELECT d.id, d.team_id, d.execution_id FROM due_diagnosis d WHERE d.due_at <= %s AND NOT EXISTS (
    SELECT 1 FROM due_diagnosis later
    WHERE later.team_id = d.team_id AND later.execution_id = d.execution_id AND later.id > d.id)
    ORDER BY d.due_at, d.id LIMIT %s"""
_CLAIM = "SELECT id FROM due_diagnosis WHERE id = %s AND team_id = %s FOR UPDATE SKIP LOCKED"
_DONE = "DELETE FROM due_diagnosis WHERE team_id = %s AND execution_id = %s AND id <= %s"
_LATER = "UPDATE due_diagnosis SET due_at = %s WHERE id = %s AND team_id = %s"


def diagnose_due(now: datetime, *, seconds: float) -> int:
    """Works on what is due for about this long; how many executions were looked at."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now, BATCH])
        due = cursor.fetchall()
    until, total = time.monotonic() + seconds, 0
    for number, team_id, execution_id in due:
        if time.monotonic() >= until:
            break
        try:
            total += _take(team_id, execution_id, number, now)
        except (Error, ArithmeticError, LookupError, TypeError, ValueError):
            # Whatever was sent must not stop the queue: it is told, and tried again later.
            logger.exception("an execution could not be diagnosed", extra={"execution_id": str(execution_id)})
            _put_off(team_id, number, now)
    return total


def diagnose(team_id: UUID, execution_id: UUID, now: datetime) -> bool:
    """Diagnoses one execution inside a team context; whether there is a diagnosis now. Only failed ones have one."""
    replay = load(team_id, execution_id)
    if replay is None or not replay.execution.has_failed:
        Diagnosis.objects.filter(team_id=team_id, id=execution_id).delete()
        return False
    # What is kept is read in any language: its words are English.
    with override("en"):
        found = examine(team_id, replay, now, is_patient=True)
        _save(team_id, replay, found, find_cause(team_id, replay, found, now), now)
    return True


def evidence_document(item: Evidence, replay: Replay) -> dict[str, Any]:
    """A piece of evidence as plain JSON; `step_id` is None where the step is missing."""
    step = None if item.step is None else replay.steps[item.step].id
    return {
        "kind": item.kind.value,
        "node": item.node,
        "step_id": None if step is None else str(step),
        "observed": item.observed[:500],
        "usual": item.usual[:500],
        "same": item.same,
        "runs": item.runs,
        "confidence": item.confidence.value if item.runs else None,
    }


def _take(team_id: UUID, execution_id: UUID, number: int, now: datetime) -> int:
    with team_context(team_id):
        if not run_prepared(_CLAIM, [number, team_id]):
            return 0
        diagnose(team_id, execution_id, now)
        with connection.cursor() as cursor:
            cursor.execute(_DONE, [team_id, execution_id, number])
    return 1


def _put_off(team_id: UUID, number: int, now: datetime) -> None:
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(_LATER, [now + AGAIN, number, team_id])


def _save(team_id: UUID, replay: Replay, found: Examined, caused: Caused, now: datetime) -> None:
    execution, told = replay.execution, found.divergence
    first = told.first[0] if told.first else None
    values: dict[str, Any] = {
        "workflow_id": execution.workflow_id,
        "failure_group_id": execution.failure_group_id,
        "counted_at": execution.counted_at,
        "verdict": told.verdict.value,
        "kind": first.kind.value if first else "",
        "confidence": first.confidence.value if first and first.runs else "",
        **_of("first", first, replay),
        **_of("symptom", told.symptom, replay),
        **_of("cause", told.cause, replay),
        "cause": caused.suggestion.cause.value,
        "input_digest": caused.digest,
        "evidence": [evidence_document(item, replay) for item in told.evidence[:MAX_EVIDENCE]],
        "facts": facts_document(caused.facts),
        "suggestion": suggestion_document(caused.suggestion),
        "basis": told.because,
        "computed_at": now,
    }
    row = Diagnosis(id=execution.id, team_id=team_id, **values)
    known = Diagnosis.objects.filter(team_id=team_id, id=execution.id)
    diverged_before = known.values_list("first_step_id", flat=True).first()
    # The key in the database is (team_id, id); Django's own upsert names `id` alone.
    if not known.update(**values):
        row.save(force_insert=True)
    if values["first_step_id"] != diverged_before:
        # What a run cost after its divergence is told apart.
        hour = execution.counted_at.replace(minute=0, second=0, microsecond=0)
        ports.mark_costs(team_id, [(execution.workflow_id or NO_WORKFLOW, execution.environment_id, hour)], now)


def _of(name: str, item: Evidence | None, replay: Replay) -> dict[str, Any]:
    step = None if item is None or item.step is None else replay.steps[item.step].id
    return {f"{name}_step_id": step, f"{name}_node": item.node[:300] if item else ""}
