"""What members decide about the cause of failures. Each decision is a row: the newest counts, none is lost."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from monitoring.analysis.signals import Cause
from monitoring.models import Classification

MAX_NOTE = 2000


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
    reasons = {}
    if cause not in set(Cause):
        reasons["cause"] = f"must be one of: {', '.join(Cause)}"
    if len(note) > MAX_NOTE or "\x00" in note:
        reasons["note"] = f"must have at most {MAX_NOTE} characters, and no NUL"
    if reasons:
        raise ClassificationRefused(reasons)
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
