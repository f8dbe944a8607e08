"""How many incidents there were, and how long it took until they were over. One query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import SupportsFloat
from uuid import UUID

from accounts.statements import run_planned
from monitoring.windows import Window

# What counts to another incident is counted there.
_NOT_COUNTED = "muted_by = 'parent'"
_LASTED = "extract(epoch FROM resolved_at - since) * 1000"
_QUERY = f"""
SELECT side.place, count(i.id) FILTER (WHERE i.opened_at >= side.start AND i.opened_at < side.until),
    count(i.id) FILTER (WHERE {{over}}),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY {_LASTED}) FILTER (WHERE {{over}}),
    max({_LASTED}) FILTER (WHERE {{over}}),
    count(i.id) FILTER (WHERE i.opened_at < side.until AND (i.resolved_at IS NULL OR i.resolved_at >= side.until))
FROM (SELECT * FROM unnest(%(places)s::int[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
    AS told (place, start, until)) side
LEFT JOIN incident i ON i.team_id = %(team)s AND NOT {_NOT_COUNTED} AND i.opened_at < side.until
    AND (i.resolved_at IS NULL OR i.resolved_at >= side.start)
    AND (%(environment)s = '' OR i.environment IN ('', %(environment)s))
GROUP BY side.place ORDER BY side.place
""".format(over="i.resolved_at >= side.start AND i.resolved_at < side.until")


@dataclass(frozen=True, slots=True)
class Recovery:
    """Incidents of a window: opened in it, resolved in it, open at its end; ms from since the condition held until they
    were resolved, the middle one and the longest of those resolved (None: none was)."""

    opened: int
    resolved: int
    median_ms: float | None
    longest_ms: float | None
    open_at_end: int


def recovery(team_id: UUID, windows: Sequence[Window], *, environment: str | None) -> list[Recovery]:
    """Of each window. Incidents that count to another one are left out; those of no certain environment count in
    each."""
    told: dict[str, object] = {
        "team": team_id,
        "places": list(range(len(windows))),
        "starts": [window.start for window in windows],
        "ends": [window.end for window in windows],
        "environment": environment or "",
    }
    return [
        Recovery(opened, resolved, _number(median), _number(longest), standing)
        for _, opened, resolved, median, longest, standing in run_planned(_QUERY, told)
    ]


def _number(value: SupportsFloat | None) -> float | None:
    return None if value is None else float(value)
