"""What members decide about the cause of failures. Each decision is a row: the newest counts, none is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import User
from accounts.statements import run_prepared
from monitoring.analysis.signals import Cause
from monitoring.models import Classification
from monitoring.statuses import IN_FAILING

MAX_NOTE = 2000

# Each execution that needs a cause, with the stored suggestion and what this person decided about it last.
_DECIDABLE = f"""SELECT e.id, e.workflow_id, e.failure_group_id, d.cause, l.cause, l.note
    FROM execution e LEFT JOIN diagnosis d ON d.team_id = e.team_id AND d.id = e.id
    LEFT JOIN LATERAL (
        SELECT c.cause, c.note, c.decided_by_id FROM classification c
        WHERE c.team_id = e.team_id AND c.execution_id = e.id ORDER BY c.decided_at DESC, c.id DESC LIMIT 1
    ) l ON l.decided_by_id = %(by)s
    WHERE e.team_id = %(team)s AND e.id = ANY(%(ids)s) AND (e.status {IN_FAILING} OR e.is_unmet)
    ORDER BY e.id"""


class ClassificationRefused(Exception):
    """A decision that cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Subject:
    """What a decision is about: an execution, or without one a whole failure group."""

    team_id: UUID
    workflow_id: UUID | None
    group_id: UUID | None
    execution_id: UUID | None = None


@transaction.atomic
def decide(
    *, subject: Subject, cause: str, suggested: Cause, note: str, by: User | str, now: datetime
) -> Classification:
    """Saves a decision; `by` is a person, or the name of an API key. Raises `ClassificationRefused`."""
    _check(cause, note)
    return Classification.objects.create(
        team_id=subject.team_id,
        execution_id=subject.execution_id,
        failure_group_id=subject.group_id,
        workflow_id=subject.workflow_id,
        cause=cause,
        suggested=suggested.value,
        note=note,
        decided_at=now,
        decided_by=by if isinstance(by, User) else None,
        key_name=by if isinstance(by, str) else "",
    )


@transaction.atomic
def decide_many(
    *, team_id: UUID, execution_ids: Sequence[UUID], cause: str, note: str, by: User, now: datetime
) -> tuple[int, int]:
    """Saves one decision about each of these executions that failed, timed out or met no criteria.

    Returns how many were decided, and how many the person had decided just so already. Raises `ClassificationRefused`.
    A fixed number of statements, whatever their number; one event of the audit log.
    """
    _check(cause, note)
    rows = run_prepared(_DECIDABLE, {"team": team_id, "ids": list(execution_ids), "by": by.id})
    known = [row for row in rows if row[4:] == (cause, note)]
    fresh = [row for row in rows if row[4:] != (cause, note)]
    Classification.objects.bulk_create(
        Classification(
            team_id=team_id,
            execution_id=id,
            failure_group_id=group_id,
            workflow_id=workflow_id,
            cause=cause,
            suggested=suggested or Cause.UNDECIDED.value,
            note=note,
            decided_at=now,
            decided_by=by,
        )
        for id, workflow_id, group_id, suggested, *_rest in fresh
    )
    if fresh:
        told = {"cause": cause, "note": note, "executions": [row[0] for row in fresh]}
        record("classification.added", ("executions", "", f"{len(fresh)} executions"), after=told)
    return len(fresh), len(known)


def _check(cause: str, note: str) -> None:
    reasons = {}
    if cause not in set(Cause):
        reasons["cause"] = _("must be one of: {values}").format(values=", ".join(Cause))
    if len(note) > MAX_NOTE or "\x00" in note:
        reasons["note"] = _("must have at most {most} characters, and no NUL").format(most=MAX_NOTE)
    if reasons:
        raise ClassificationRefused(reasons)
