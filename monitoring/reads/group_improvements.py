"""The improvements that were made of failure groups: the newest of each, for lists and for the page of a group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.statements import run_prepared

_NEWEST = """SELECT DISTINCT ON (failure_group_id) failure_group_id, changed_at, id, title, status FROM improvement
    WHERE team_id = %s AND failure_group_id = ANY(%s) ORDER BY failure_group_id, changed_at DESC, id"""


@dataclass(frozen=True, slots=True)
class OfGroup:
    """An improvement, as a failure group names it; `status` is a value of `ImprovementStatus`."""

    id: UUID
    title: str
    status: str


def improvements_of(team_id: UUID, groups: Mapping[UUID, Sequence[UUID]]) -> dict[UUID, OfGroup]:
    """The improvement of each group that was changed last; `groups` are their fingerprints, by group. One query."""
    wanted = [fingerprint for ids in groups.values() for fingerprint in ids]
    if not wanted:
        return {}
    rows = {row[0]: row[1:] for row in run_prepared(_NEWEST, [team_id, wanted])}
    found = {}
    for group, ids in groups.items():
        told = [rows[id] for id in ids if id in rows]
        if told:
            _, id, title, status = max(told)
            found[group] = OfGroup(id, title, status)
    return found
