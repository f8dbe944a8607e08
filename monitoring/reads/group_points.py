"""Failures of groups over time: a small line for each row of a list."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from accounts.statements import run_planned
from monitoring.filters import Filters
from monitoring.reads.group_list import failed_in

POINTS = 28

_POINTS = """
SELECT failure_group_id, least(floor(extract(epoch FROM counted_at - %s) / %s)::int, {last}), count(*)
FROM execution WHERE {failed} AND failure_group_id = ANY(%s) GROUP BY 1, 2
"""


def points_of(team_id: UUID, groups: Mapping[UUID, Sequence[UUID]], filters: Filters) -> dict[UUID, list[int]]:
    """The failures that the filters count in equal parts of the range. `groups`: fingerprints by group. One query."""
    owners = {fingerprint: group for group, ids in groups.items() for fingerprint in ids}
    found = {group: [0] * POINTS for group in groups}
    if not owners:
        return found
    failed, params = failed_in(team_id, filters)
    window = filters.window
    values = [window.start, window.length.total_seconds() / POINTS, *params, list(owners)]
    for fingerprint, place, failures in run_planned(_POINTS.format(failed=failed, last=POINTS - 1), values):
        found[owners[fingerprint]][place] += failures
    return found
