"""SQL of the write path, generated from the tables of `monitoring.store.fields`, and its parameters.

Rows travel as one array per column: `unnest` costs PostgreSQL less than JSON records, and msgspec writes a
column faster than a driver adapts its values (ADR 0003). A column with one value throughout, NULL mostly, travels
as that value and an empty array (ADR 0006).
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from django.db import connection

from accounts.cluster import by_insert
from accounts.statements import run_bound
from monitoring.identity import NO_WORKFLOW
from monitoring.store.fields import IDENTITY, Row, Table
from monitoring.store.revisions import pack, unpack

_encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.Decoder().decode
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'})


def _text_array(values: Sequence[str | None]) -> str:
    told = _encode(values)
    if b"\\" not in told:
        # JSON and array literals differ in what stands behind a backslash alone.
        return "{" + told[1:-1].decode() + "}"
    quoted = ("NULL" if value is None else f'"{value.translate(_ESCAPES)}"' for value in values)
    return "{" + ",".join(quoted) + "}"


def array(type: str, values: Sequence[Any]) -> str:
    """One column, of this type, as a parameter.

    JSON arrays of numbers, times and ids are array literals but for the brackets.
    """
    if type == "bytea":
        return "{" + ",".join("NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values) + "}"
    if type == "text":
        return _text_array(values)
    if type == "jsonb":
        return _text_array([None if value is None else _encode(value).decode() for value in values])
    return "{" + _encode(values)[1:-1].decode() + "}"


def _one(type: str, value: Any) -> Any:
    """One value of this type as a parameter: always text, so that a statement's prepared form does not depend on it."""
    if type == "text":
        return value
    if type == "bytea":
        return f"\\x{value.hex()}"
    text = _encode(value).decode()
    return text if type == "jsonb" else text.strip('"')


def columns(table: Table, rows: Sequence[Row]) -> list[Any]:
    """The parameters of an insert: the values that are the same in all rows, then one array per column."""
    ones: list[Any] = []
    arrays: list[str] = []
    for place, values in enumerate(zip(*rows, strict=True)):
        type = table.fields[place].type
        if place == table.revisions:
            values = tuple([pack(value) for value in values])
        if place >= IDENTITY:
            first = values[0]
            if values.count(first) == len(values):
                ones.append(None if first is None else _one(type, first))
                arrays.append("{}")
                continue
            ones.append(None)
        arrays.append(array(type, values))
    return ones + arrays


def insert(table: Table, on_conflict: str = "", returning: str = "", *, where: str = "") -> str:
    """`INSERT` of rows given as arrays after the team, in the order given; parameters: team, `columns()`.

    The arrays are opened side by side in the list of columns: as arguments of one `unnest` in FROM each would be
    written to a store of its own first. One that has ended goes on with NULL.
    """
    names = ", ".join(table.names)
    told = ", ".join(f"unnest(%s::{field.type}[]) AS {field.name}" for field in table.fields)
    chosen = [*table.names[:IDENTITY]]
    chosen += [f"COALESCE({field.name}, %s::{field.type})" for field in table.fields[IDENTITY:]]
    return (
        f"INSERT INTO {table.name} (team_id, {names}) "
        f"SELECT %s::uuid, {', '.join(chosen)} FROM (SELECT {told}) AS told {where} {on_conflict}"
        + (f" RETURNING {returning}" if returning else "")
    )


def replace(table: Table) -> str:
    """The conflict clause that puts the given row, merged already under the lock of its execution, in place."""
    changing = [name for name in table.names if name not in table.key]
    pairs = ", ".join(f"{name} = EXCLUDED.{name}" for name in changing)
    return f"ON CONFLICT (team_id, {', '.join(table.key)}) DO UPDATE SET {pairs}"


@lru_cache(maxsize=128)
def _numbered(statement: str) -> str:
    """The statement with `$1 $2 ...` for each `%s`: done once, where the driver would do it at each execution."""
    first, *others = statement.split("%s")
    return first + "".join(f"${number}{text}" for number, text in enumerate(others, 1))


def run(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Runs a statement, prepared, in the transaction that is open; its rows, if any.

    Past Django's cursor, which writes parameters into the text and so has each statement planned anew. Raises
    `django.db.Error`.
    """
    return run_bound(_numbered(statement), parameters)


def run_once(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """As `run`, but planned with these parameters, so that only the partitions they name are opened."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, parameters, prepare=False)
        return cursor.fetchall() if cursor.description else []


def select_list(table: Table) -> str:
    """The columns of a table for reading rows back; JSON as text, see `load`."""
    return ", ".join(f"{field.name}::text" if field.type == "jsonb" else field.name for field in table.fields)


def load(table: Table, values: Sequence[Any]) -> Row:
    """A row of `select_list` as the write path holds it."""
    row = list(values)
    for place in table.json_places:
        if row[place] is not None:
            row[place] = _decode(row[place])
    if table.revisions is not None:
        row[table.revisions] = unpack(row[table.revisions])
    return row


_INSERT_MARKS = (
    "INSERT INTO dirty_bucket (team_id, workflow_id, environment_id, minute, marked_at) "
    "SELECT %s::uuid, workflow_id, environment_id, minute, %s::timestamptz "
    "FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[]) AS told (workflow_id, environment_id, minute)"
)
_MARK_NEW = (
    "INSERT INTO dirty_bucket (team_id, workflow_id, environment_id, minute, marked_at) "
    f"SELECT DISTINCT %s::uuid, COALESCE(workflow_id, '{NO_WORKFLOW}'), environment_id, "
    "date_trunc('minute', counted_at), %s::timestamptz FROM new"
)

Mark = tuple[UUID, int, datetime]


def insert_marks(team_id: UUID, marks: Sequence[Mark], now: datetime) -> None:
    """Queues minutes whose rollups must be computed again: (workflow, environment, minute)."""
    if marks:
        workflows, environments, minutes = zip(*marks, strict=True)
        arrays = [array("uuid", workflows), array("bigint", environments), array("timestamptz", minutes)]
        run(_INSERT_MARKS, [team_id, now, *arrays])


@lru_cache(maxsize=64)
def _insert_new(tables: tuple[Table, ...], ending: str) -> str:
    """One statement: new executions with their marks, and all other rows if no execution was known before."""
    execution, *others = tables
    returning = "id, workflow_id, environment_id, counted_at"
    parts = [f"new AS ({insert(execution, 'ON CONFLICT DO NOTHING', returning)})", f"marks AS ({_MARK_NEW})"]
    # Asked once for the whole statement. Conflicts are not looked for: a new execution has no rows yet.
    if_all_new = "WHERE (SELECT count(*) FROM new) = %s"
    parts += [f"{table.name}_rows AS ({insert(table, ending, where=if_all_new)})" for table in others]
    return f"WITH {', '.join(parts)} SELECT id, counted_at FROM new"


def insert_new(team_id: UUID, rows: dict[Table, list[Row]], now: datetime) -> dict[UUID, datetime]:
    """Inserts the executions that are new and their marks; with their other rows if all of them are new.

    `rows` has the executions first. Returns the instants at which the new ones count, by id.
    """
    executions, *others = [(table, given) for table, given in rows.items() if given]
    parameters = [team_id, *columns(*executions), team_id, now]
    for table, given in others:
        parameters += [team_id, *columns(table, given), len(executions[1])]
    tables = (executions[0], *(table for table, _ in others))
    return dict(run(_insert_new(tables, by_insert()), parameters))
