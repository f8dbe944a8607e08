"""Finding executions that hold a value, and removing executions with all their records. Figures stay as they are."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from uuid import UUID

from django.db import connection

from accounts.statements import run_planned
from accounts.tenancy import team_context
from monitoring.identity import KEY_END, LabelKind
from monitoring.models.execution import RetentionClass
from monitoring.store.holds import RECORDS
from monitoring.store.payloads import unpack_chunk

BATCH = 500
# An execution: id, retention class, anchor day.
Place = tuple[UUID, int, date]

_DAYS = "SELECT DISTINCT anchor_day FROM execution WHERE team_id = %s ORDER BY 1 DESC"
_BY_FACET = f"""SELECT f.execution_id, f.retention_class, f.anchor_day FROM facet f
    JOIN label l ON l.team_id = f.team_id AND l.id = f.key_id AND l.kind = {int(LabelKind.FACET)}
    WHERE f.team_id = %(team)s AND f.anchor_day = %(day)s AND f.value = %(text)s
        AND (%(key)s = '' OR l.value = %(key)s)
    UNION SELECT e.id, e.retention_class, e.anchor_day FROM execution e
    CROSS JOIN LATERAL jsonb_array_elements_text(e.facets) f
    WHERE e.team_id = %(team)s AND e.anchor_day = %(day)s AND split_part(f.value, '{KEY_END}', 2) = %(text)s
        AND %(key)s IN ('', split_part(f.value, '{KEY_END}', 1))"""
_BY_TEXT = """SELECT id, retention_class, anchor_day FROM execution WHERE team_id = %(team)s AND anchor_day = %(day)s
        AND (position(%(text)s IN lower(coalesce(error, ''))) > 0 OR position(%(text)s IN lower(external_id)) > 0)
    UNION SELECT execution_id, retention_class, anchor_day FROM log_line WHERE team_id = %(team)s
        AND anchor_day = %(day)s AND position(%(text)s IN lower(message)) > 0
    UNION SELECT execution_id, retention_class, anchor_day FROM step WHERE team_id = %(team)s
        AND anchor_day = %(day)s AND position(%(text)s IN lower(coalesce(error, ''))) > 0"""
_BODIES = """SELECT execution_id, retention_class, anchor_day, body FROM payload WHERE team_id = %s AND anchor_day = %s
    AND (execution_id, digest) > (%s::uuid, %s::bigint) ORDER BY execution_id, digest LIMIT %s"""
_BODY_KEYS = """SELECT execution_id, digest FROM payload WHERE team_id = %s AND anchor_day = %s
    AND (execution_id, digest) > (%s::uuid, %s::bigint) ORDER BY execution_id, digest OFFSET %s LIMIT 1"""
_FIRST = UUID(int=0), -(2**63)


def days_of(team_id: UUID) -> list[date]:
    """The days on which the team has executions, the newest first."""
    with team_context(team_id):
        return [day for (day,) in run_planned(_DAYS, [team_id])]


def find_on(team_id: UUID, day: date, value: str, *, tag: str = "") -> set[Place]:
    """Executions of a day that hold a value: as this tag, or anywhere in what they carried and said (any case)."""
    told = {"team": team_id, "day": day, "text": value, "key": f"tag.{tag}" if tag else ""}
    with team_context(team_id):
        found = set(_rows(_BY_FACET, told))
        if not tag:
            low = value.lower()
            found |= set(_rows(_BY_TEXT, {"team": team_id, "day": day, "text": low}))
            found |= set(_by_payload(team_id, day, low))
    return found


def _rows(sql: str, values: Sequence[object] | dict[str, object]) -> list[Place]:
    return [(id, class_, day) for id, class_, day in run_planned(sql, values)]


def _by_payload(team_id: UUID, day: date, low: str) -> Iterator[Place]:
    after = _FIRST
    while True:
        rows = run_planned(_BODIES, [team_id, day, *after, BATCH])
        for id, class_, on, body in rows:
            if low in unpack_chunk(body).lower():
                yield id, class_, on
        if len(rows) < BATCH:
            return
        after = run_planned(_BODY_KEYS, [team_id, day, *after, BATCH - 1])[0]


def erase(team_id: UUID, places: Iterable[Place]) -> int:
    """Removes executions with their records and what was found out about them, in short transactions; how many.

    Held ones stay: a legal hold ends first.
    """
    by_part: dict[tuple[int, date], list[UUID]] = {}
    for id, class_, day in places:
        if class_ == RetentionClass.HELD:
            continue
        by_part.setdefault((class_, day), []).append(id)
    count = 0
    for (class_, day), ids in sorted(by_part.items()):
        for start in range(0, len(ids), BATCH):
            count += _erase(team_id, class_, day, ids[start : start + BATCH])
    return count


def _erase(team_id: UUID, class_: int, day: date, ids: list[UUID]) -> int:
    with team_context(team_id), connection.cursor() as cursor:
        for table in RECORDS:
            cursor.execute(
                f"DELETE FROM {table} WHERE team_id = %s AND execution_id = ANY(%s) "
                "AND retention_class = %s AND anchor_day = %s",
                [team_id, ids, class_, day],
            )
        cursor.execute("DELETE FROM due_diagnosis WHERE team_id = %s AND execution_id = ANY(%s)", [team_id, ids])
        for table in ("diagnosis", "examination", "execution"):
            cursor.execute(f"DELETE FROM {table} WHERE team_id = %s AND id = ANY(%s)", [team_id, ids])
        return int(cursor.rowcount)
