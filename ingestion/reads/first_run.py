"""What the first-run page asks: has an own execution come, what was refused meanwhile, who may make keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from accounts.models import Membership
from accounts.permissions import Permission, Role, role_allows
from accounts.statements import run_planned

SHOWN = 3
# Of the sample nothing is a report of the team's own. Each workflow is one step in an index; of many the first do.
_FIRST = """
SELECT found.id FROM (
    SELECT id, created_at FROM workflow WHERE team_id = %(team)s AND NOT is_sample ORDER BY created_at, id LIMIT 50
) w CROSS JOIN LATERAL (
    SELECT id FROM execution WHERE team_id = %(team)s AND workflow_id = w.id ORDER BY counted_at, id LIMIT 1
) found ORDER BY w.created_at, w.id LIMIT 1
"""
_NAMELESS = """
SELECT id FROM execution WHERE team_id = %(team)s AND workflow_id IS NULL AND (status <> 0 OR step_count > 0)
ORDER BY counted_at, id LIMIT 1
"""
_REFUSED = """
SELECT s.id, s.name, r.field, r.reason, r.item_count, r.last_at
FROM source_rejection r JOIN source s ON s.team_id = r.team_id AND s.id = r.source_id
WHERE r.team_id = %(team)s AND r.day >= %(day)s ORDER BY r.last_at DESC, r.id LIMIT %(limit)s
"""
_LOOSE = """
SELECT s.id, s.name FROM source s WHERE s.team_id = %(team)s
    AND EXISTS (SELECT FROM source_line l WHERE l.team_id = %(team)s AND l.source_id = s.id)
ORDER BY s.last_report_at DESC NULLS LAST, s.id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Reports of a source that were refused for one reason today or yesterday, and when last."""

    source_id: UUID
    source: str
    field: str
    reason: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """What came so far: the first own execution, the latest refusals, a source of log lines that belong to none."""

    first_execution: UUID | None
    refusals: Sequence[Refusal]
    loose: tuple[UUID, str] | None

    @property
    def seen(self) -> str:
        """Changes when there is anything new to say."""
        told = [f"{one.last_at.timestamp():.3f}-{one.count}" for one in self.refusals]
        return "_".join([*told, str(self.loose[0]) if self.loose else ""])


def read_waiting(team_id: UUID, now: datetime) -> Waiting:
    """What came so far. Four queries, or fewer when the first execution is there."""
    if (first := first_own_execution(team_id)) is not None:
        return Waiting(first, (), None)
    about = {"team": team_id, "day": (now - timedelta(days=1)).astimezone(UTC).date(), "limit": SHOWN}
    refused = run_planned(_REFUSED, about)
    loose = run_planned(_LOOSE, {"team": team_id})
    return Waiting(None, [Refusal(*row) for row in refused], (loose[0][0], loose[0][1]) if loose else None)


def first_own_execution(team_id: UUID) -> UUID | None:
    """The first execution that is kept of the first workflow of the team's own; None before there is any."""
    rows = run_planned(_FIRST, {"team": team_id}) or run_planned(_NAMELESS, {"team": team_id})
    return rows[0][0] if rows else None


def key_makers(team_id: UUID, limit: int = 5) -> list[str]:
    """Addresses of members who may make keys, owners first."""
    roles = [role for role in Role if role_allows(role, Permission.MANAGE_KEYS)]
    found = Membership.objects.filter(team_id=team_id, role__in=roles).select_related("user")
    ordered = sorted(found, key=lambda one: (roles.index(Role(one.role)), one.user.email))
    return [one.user.email for one in ordered[:limit]]
