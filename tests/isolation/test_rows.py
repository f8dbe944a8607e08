"""Row-level security alone: statements without any filter, as the application's role, on every tenant table.

The tables are read from the catalogue, their rows are made from the models, so that a new table is taken in by itself.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import DatabaseError, connection, models, transaction

from monitoring.models.execution import DATED
from monitoring.store.partitions import ensure
from tests.architecture.test_tenancy import APP_ROLE, CONTROL_TABLES

pytestmark = pytest.mark.django_db

OURS, THEIRS = uuid.UUID(int=1), uuid.UUID(int=2)
DAY = date(2026, 8, 1)
REFUSED = r"row-level security|permission denied"
# A value for each type of column that must have one.
SAMPLES: dict[type, Any] = {
    models.UUIDField: uuid.UUID(int=7),
    models.BooleanField: False,
    models.DateField: DAY,
    models.DateTimeField: datetime(2026, 8, 1, 12, tzinfo=UTC),
    models.JSONField: {},
    models.BinaryField: b"x",
    models.FloatField: 1.0,
    models.DecimalField: Decimal(1),
    models.GenericIPAddressField: "127.0.0.1",
    ArrayField: [],
    models.IntegerField: 1,
}
# What a check asks for beyond the type, by table and column.
VALUES: dict[tuple[str, str], Any] = {
    ("classification", "execution_id"): uuid.UUID(int=7),
    ("group_event", "kind"): "reviewed",
    ("release", "first_seen_at"): datetime(2026, 8, 1, 12, tzinfo=UTC),
    ("resource_rate", "kind"): 1,
    ("silence", "ends_at"): datetime(2026, 8, 1, 13, tzinfo=UTC),
}


def run(sql: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def tenant_tables() -> list[str]:
    """Each table with a team that is no control table, by the catalogue."""
    found = run(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'team_id' "
        "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    return [name for (name,) in found if name not in CONTROL_TABLES]


def value_of(field: "models.Field[Any, Any]") -> Any:
    """A value that the field takes."""
    told = (field.model._meta.db_table, field.attname)
    if told in VALUES:
        return VALUES[told]
    if field.choices:
        return next(value for value, _ in field.flatchoices if value not in ("", None))
    kind = next((one for one in type(field).mro() if one in SAMPLES), None)
    if isinstance(field, models.ForeignKey):
        return uuid.UUID(int=7)
    return SAMPLES[kind] if kind else "x"


def add_row(model: type[models.Model], team: uuid.UUID) -> None:
    """Puts a row of a team in. Raises `DatabaseError`."""
    fields = [one for one in model._meta.concrete_fields if not isinstance(one, models.GeneratedField)]
    needed = [one for one in fields if one.attname == "team_id" or one.primary_key or _is_told(one) or not one.null]
    columns = [one for one in needed if one.column in _columns(model._meta.db_table)]
    values = [one.get_db_prep_save(team if one.attname == "team_id" else _default(one), connection) for one in columns]
    names = ", ".join(f'"{one.column}"' for one in columns)
    run(f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({', '.join(['%s'] * len(values))})", values)


def _is_told(field: "models.Field[Any, Any]") -> bool:
    return (field.model._meta.db_table, field.attname) in VALUES


def _default(field: "models.Field[Any, Any]") -> Any:
    return field.get_default() if field.has_default() and not _is_told(field) else value_of(field)


def _columns(table: str) -> set[str]:
    """The columns that a row may be given."""
    found = run(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'", [table]
    )
    return {name for (name,) in found}


def become(team: uuid.UUID | None) -> None:
    """The team in force from here on, or none."""
    run(f"SET LOCAL app.team_id = '{team or ''}'")


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def filled(db: None) -> Iterator[list[type[models.Model]]]:
    """The models of all tenant tables, with a row of each team. Keys are looked at when a transaction ends: never."""
    known = {one._meta.db_table: one for one in apps.get_models()}
    found = [known[name] for name in tenant_tables()]
    with undone():
        ensure((int(one), DAY) for one in DATED)
        for team in (OURS, THEIRS):
            become(team)
            for model in found:
                add_row(model, team)
        yield found


def changed(statement: str) -> int:
    """How many rows a statement without a filter changes; -1: it is not allowed at all."""
    try:
        with undone(), connection.cursor() as cursor:
            cursor.execute(statement)
            return int(cursor.rowcount)
    except DatabaseError as error:
        if "permission denied" in str(error):
            return -1
        raise


def test_the_application_asks_and_there_are_tables(filled: list[type[models.Model]]) -> None:
    assert run("SELECT current_user") == [(APP_ROLE,)]
    assert len(filled) > 60
    assert {"execution", "step", "payload", "audit_event", "cost_line"} <= {one._meta.db_table for one in filled}


def test_a_team_sees_and_changes_its_own_rows_alone(filled: list[type[models.Model]]) -> None:
    for table in (one._meta.db_table for one in filled):
        for team, others in ((OURS, THEIRS), (THEIRS, OURS)):
            become(team)
            assert run(f"SELECT team_id FROM {table}") == [(team,)], table
            assert run(f"SELECT 1 FROM {table} WHERE team_id = %s", [others]) == [], table
            assert changed(f"UPDATE {table} SET team_id = team_id") in (1, -1), table
            assert changed(f"DELETE FROM {table}") in (1, -1), table


def test_without_a_team_nothing_is_seen_or_changed(filled: list[type[models.Model]]) -> None:
    become(None)
    for model in filled:
        table = model._meta.db_table
        assert run(f"SELECT 1 FROM {table}") == [], table
        assert changed(f"UPDATE {table} SET team_id = team_id") in (0, -1), table
        assert changed(f"DELETE FROM {table}") in (0, -1), table
        with pytest.raises(DatabaseError, match=REFUSED), undone():
            add_row(model, uuid.UUID(int=3))


def test_a_team_puts_nothing_into_another(filled: list[type[models.Model]]) -> None:
    become(OURS)
    for model in filled:
        with pytest.raises(DatabaseError, match=REFUSED), undone():
            add_row(model, uuid.UUID(int=3))
        with pytest.raises(DatabaseError, match=REFUSED), undone():
            run(f"UPDATE {model._meta.db_table} SET team_id = %s", [THEIRS])
        with pytest.raises(DatabaseError, match=REFUSED), undone():
            run(f"TRUNCATE {model._meta.db_table}")
