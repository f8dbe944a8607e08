"""When retention deleted what an execution carried, from its log."""

from datetime import date
from uuid import UUID

from accounts.statements import run_prepared
from monitoring.models.execution import RetentionClass
from monitoring.models.retention_run import RetentionKind
from monitoring.reads.replay_records import Deleted

_FIRST = """SELECT ended_at, limit_days FROM retention_run WHERE team_id = %(team)s AND kind = ANY(%(kinds)s)
    AND row_count > 0 AND first_day <= %(day)s AND last_day >= %(day)s ORDER BY ended_at, id LIMIT 1"""


def deleted_payload(team_id: UUID, class_: int, day: date) -> Deleted | None:
    """What deleted payloads of a class and day first, by the limit of the class or that of payloads; None: nothing."""
    if class_ == RetentionClass.HELD:
        return None
    kind = RetentionKind.DEBUG if class_ else RetentionKind.PRODUCTION
    about = {"team": team_id, "day": day, "kinds": [str(kind), str(RetentionKind.PAYLOADS)]}
    found = run_prepared(_FIRST, about)
    return Deleted(*found[0]) if found else None
