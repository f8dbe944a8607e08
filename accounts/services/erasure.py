"""The end of a team: everything of it is deleted, in bounded batches, in every table that has a team.

Which tables those are is read from the models, those first that refer to others, so that a table that is added later
is not forgotten; a test compares the list with the database's own catalogue.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction

from accounts.audit import record_for_installation
from accounts.models import AuditEvent, Team
from accounts.tenancy import TeamForeignKey, team_context

BATCH = 5_000
_KEY = """
SELECT array_agg(a.attname ORDER BY k.place)
FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(number, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
WHERE i.indrelid = %s::regclass AND i.indisprimary
"""


@dataclass(frozen=True, slots=True)
class Erased:
    """What went: rows by table."""

    team_id: UUID
    rows: dict[str, int]


def tables_of_teams() -> list[str]:
    """All tables that have a team, those that refer to others before them; the log of a team is not among them."""
    found = {model for model in apps.get_models() if _has_team(model) and model is not AuditEvent}
    # A graph of what must go later: a table follows all that refer to it.
    graph: dict[type[models.Model], set[type[models.Model]]] = {model: set() for model in found}
    for model in found:
        for remote in _remotes(model) & found - {model}:
            graph[remote].add(model)
    ordered = _in_order(graph)
    return list(dict.fromkeys(model._meta.db_table for model in ordered))


def erase_due(now: datetime) -> list[Erased]:
    """Erases the teams whose time has come. One that was interrupted is taken up again by the next call."""
    due = Team.objects.filter(erased_from__lte=now).order_by("erased_from", "id")
    return [erase_team(team) for team in due[:10]]


def erase_team(team: Team) -> Erased:
    """Deletes everything of a team and the team, each batch in a transaction of its own."""
    for table, column in _own_parents():
        with team_context(team.id), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {column} = NULL WHERE team_id = %s AND {column} IS NOT NULL", [team.id])
    rows = {table: gone for table in tables_of_teams() if (gone := sum(_batches(team.id, table)))}
    if gone := sum(_audit_batches(team.id)):
        rows[AuditEvent._meta.db_table] = gone
    for folder in (settings.EXPORTS_FOLDER, settings.UPLOADS_FOLDER):
        shutil.rmtree(Path(folder) / str(team.id), ignore_errors=True)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {Team._meta.db_table} WHERE id = %s AND erased_from <= now()", [team.id])
        record_for_installation("team.erased", ("team", team.id, team.name), after=rows, about_team=team.id)
    return Erased(team.id, rows)


def _has_team(model: type[models.Model]) -> bool:
    return any(field.attname == "team_id" for field in model._meta.concrete_fields)


def _own_parents() -> list[tuple[str, str]]:
    """Columns that point to a row of the same table, which may go in an earlier batch: table and column."""
    return sorted(
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, TeamForeignKey) and field.null and field.related_model is model
    )


def _remotes(model: type[models.Model]) -> set[type[models.Model]]:
    return {field.related_model for field in model._meta.concrete_fields if isinstance(field.related_model, type)}


def _in_order(graph: dict[type[models.Model], set[type[models.Model]]]) -> list[type[models.Model]]:
    """Children before parents; tables that refer to each other in any order: keys are checked at the end."""
    while True:
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            first, second = error.args[1][:2]
            graph[second].discard(first)
            graph[first].discard(second)


def _batches(team_id: UUID, table: str) -> Iterator[int]:
    """Rows that went, batch by batch. By the whole key: a row of a partitioned table has no other name."""
    gone = BATCH
    while gone == BATCH:
        with team_context(team_id), connection.cursor() as cursor:
            cursor.execute(_KEY, [table])
            key = ", ".join(cursor.fetchone()[0])
            cursor.execute(
                f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE team_id = %s LIMIT {BATCH})",
                [team_id],
            )
            gone = cursor.rowcount
        yield gone


def _audit_batches(team_id: UUID) -> Iterator[int]:
    gone = BATCH
    while gone == BATCH:
        with team_context(team_id), connection.cursor() as cursor:
            cursor.execute("SELECT steadyrun_erase_audit(%s, %s)", [team_id, BATCH])
            gone = cursor.fetchone()[0]
        yield gone
