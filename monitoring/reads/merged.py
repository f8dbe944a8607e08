"""Merged failure groups: the one definition of which fingerprints count as one group.

Executions keep the fingerprint of their own failure. A merger is a row of `group_triage` that names the group that
counts instead; that one is itself merged into none, so one step is always enough. Splitting takes the name away, and
everything is as it was.
"""

from uuid import UUID

from accounts.statements import run_prepared


def member_array(groups: str, team: str = "%(team)s") -> str:
    """SQL: an array of all fingerprints that count as one of these groups, merged or not.

    `groups` is SQL of a `uuid[]`, used once; `team` that of the team's id, used twice after it. The array is worked out
    once a statement, so an index on fingerprints serves as it does for one group.
    """
    return f"""ARRAY(
    WITH root AS (
        SELECT COALESCE(t.merged_into_id, told.id) AS id FROM unnest({groups}::uuid[]) AS told (id)
        LEFT JOIN group_triage t ON t.team_id = {team} AND t.id = told.id
    )
    SELECT id FROM root
    UNION SELECT t.id FROM group_triage t JOIN root ON t.merged_into_id = root.id WHERE t.team_id = {team})"""


def is_member(column: str, group: str = "%(group)s", team: str = "%(team)s") -> str:
    """SQL: whether a fingerprint counts as a group (SQL of a `uuid`); `group` is used once, `team` twice after it."""
    return f"{column} = ANY({member_array(f'ARRAY[{group}]', team)})"


def merger_of(column: str, team: str = "%(team)s") -> str:
    """SQL: a join that `ROOT` needs: the merger, if there is one, of the fingerprint in a column."""
    return f"LEFT JOIN group_triage merger ON merger.team_id = {team} AND merger.id = {column}"


def root_sql(column: str) -> str:
    """SQL: the group that a fingerprint counts as, beside the join of `merger_of`."""
    return f"COALESCE(merger.merged_into_id, {column})"


_MEMBERS = f"SELECT unnest({member_array('ARRAY[%(group)s]')})"
_ROOTS = f"""SELECT told.id, {root_sql("told.id")} FROM unnest(%(ids)s::uuid[]) AS told (id) {merger_of("told.id")}"""


def members_of(team_id: UUID, group_id: UUID) -> list[UUID]:
    """All fingerprints that count as this group, its own first."""
    found = {row[0] for row in run_prepared(_MEMBERS, {"team": team_id, "group": group_id})}
    roots = roots_of(team_id, [group_id])
    return sorted(found, key=lambda member: (member != roots[group_id], member))


def roots_of(team_id: UUID, group_ids: list[UUID]) -> dict[UUID, UUID]:
    """The group that each of these counts as: itself where it is not merged. One query."""
    return dict(run_prepared(_ROOTS, {"team": team_id, "ids": group_ids}))
