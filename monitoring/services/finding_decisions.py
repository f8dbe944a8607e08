"""What members and keys decide about findings: to leave one as it is, with a reason, or to take that back."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from monitoring.analysis.finding_life import DISMISSED, OPEN, dismiss, reopen
from monitoring.models import Finding
from monitoring.services.findings import life_of, save_life

MAX_REASON = 2000


class DecisionRefused(Exception):
    """A decision that cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@transaction.atomic
def dismiss_finding(*, team_id: UUID, finding_id: UUID, why: str, by: User | str, now: datetime) -> None:
    """Leaves an open finding as it is; `by` is a person, or the name of an API key. Raises `DecisionRefused`."""
    if not why or len(why) > MAX_REASON or "\x00" in why:
        raise DecisionRefused({"why": _("must have 1 to {most} characters, and no NUL").format(most=MAX_REASON)})
    row = _locked(team_id, finding_id)
    if row.status != OPEN:
        reason = _("cannot be dismissed: it is gone, not open")
        if row.status == DISMISSED:
            reason = _("cannot be dismissed: it is dismissed, not open")
        raise DecisionRefused({"finding": reason})
    life = dismiss(life_of(row), now, by=_name(by), why=why)
    person = by if isinstance(by, User) else None
    save_life(row, life, dismissed_at=now, dismissed_by=person, dismissed_why=why)


@transaction.atomic
def reopen_finding(*, team_id: UUID, finding_id: UUID, by: User | str, now: datetime) -> None:
    """Takes back that a finding was dismissed. Raises `DecisionRefused`."""
    row = _locked(team_id, finding_id)
    if row.status != DISMISSED:
        reason = _("cannot be reopened: it is gone, not dismissed")
        if row.status == OPEN:
            reason = _("cannot be reopened: it is open, not dismissed")
        raise DecisionRefused({"finding": reason})
    save_life(row, reopen(life_of(row), now, by=_name(by)), dismissed_at=None, dismissed_by=None, dismissed_why="")


def _locked(team_id: UUID, finding_id: UUID) -> Finding:
    return Finding.objects.select_for_update().get(team_id=team_id, id=finding_id)


def _name(by: User | str) -> str:
    return by.email if isinstance(by, User) else by
