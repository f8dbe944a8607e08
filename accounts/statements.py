"""Single statements run past Django's cursor: parameters are bound by PostgreSQL, results arrive in binary.

Django binds parameters on its own side, so that PostgreSQL parses and plans each statement anew, and reads times and
bytes as text. In the small reads that every page makes, that is most of what they cost.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.utils import CursorDebugWrapper
from django.db.models import Model
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

Row = tuple[Any, ...]
Params = Sequence[Any] | Mapping[str, Any]
M = TypeVar("M", bound=Model)


def run_prepared(sql: str, params: Params = ()) -> list[Row]:
    """The rows of a statement that a connection parses once.

    Only for texts that do not vary and plans that do not depend on the values: after five runs PostgreSQL may keep
    one plan for all values. What looks into partitions by a date is for `run_planned`.
    """
    return _run(sql, params, prepare=True)


def run_planned(sql: str, params: Params = ()) -> list[Row]:
    """The rows of a statement that is planned for just these values, each time."""
    return _run(sql, params, prepare=False)


_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


def run_bound(statement: str, params: Sequence[Any]) -> list[Row]:
    """The rows, if any, of a statement with `$1 $2 ...` for its parameters, which each connection parses once.

    What the driver has prepared is run straight through libpq, which takes a third of what a cursor takes: for the few
    statements that each request of a sender runs. The driver keeps book of what is prepared, as it forgets it where it
    must. Only for texts that do not vary, with parameters whose types do not.
    """
    # Asked for once: each look at Django's proxy takes as long as some of what follows.
    own = connections[DEFAULT_DB_ALIAS]
    own.ensure_connection()
    raw: psycopg.Connection[Any] = own.connection
    with own.wrap_database_errors:
        transformer = Transformer(raw)
        values = transformer.dump_sequence(params, [PyFormat.AUTO] * len(params))
        name = raw._prepared._names.get((_encoded(statement), transformer.types or ()))
        begins = raw.pgconn.transaction_status == TransactionStatus.IDLE and not raw.autocommit
        if name is None or begins:
            with psycopg.RawCursor(raw) as cursor:
                cursor.execute(_encoded(statement), params, binary=True)
                return cursor.fetchall() if cursor.description else []
        sent = cast("list[bytes]", values)
        result = raw.pgconn.exec_prepared(name, sent, transformer.formats, result_format=Format.BINARY)
        if result.status not in _DONE:
            raise _error_of(raw, result)
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, tuple)


@lru_cache(maxsize=128)
def _encoded(statement: str) -> bytes:
    """The text as bytes, the same ones each time: they know their hash."""
    return statement.encode()


def _error_of(raw: psycopg.Connection[Any], result: PGresult) -> psycopg.Error:
    """Why a statement failed. That the server is gone has no code of its own."""
    if raw.pgconn.status == ConnStatus.BAD:
        return psycopg.OperationalError(raw.pgconn.get_error_message())
    return error_from_result(result, encoding=raw.info.encoding)


def make_stages(sql: str) -> None:
    """Makes temporary tables: `CREATE TEMPORARY TABLE IF NOT EXISTS ... ON COMMIT DELETE ROWS`.

    A session keeps them, because making them anew each time fills the catalogs. Behind a pooler they go with the
    transaction: another release, which has other columns, may be the next to use the session.
    """
    pooled = connection.settings_dict.get("TRANSACTION_POOLED")
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("ON COMMIT DELETE ROWS", "ON COMMIT DROP") if pooled else sql)


def find_row(model: type[M], condition: str, params: Params) -> M | None:
    """The one row of a model that meets the condition (SQL), or None. Its columns must be of plain types, not JSON."""
    rows = run_prepared(_select(model, condition), params)
    return model.from_db(connection.alias, columns_of(model), rows[0]) if rows else None


@cache
def columns_of(model: type[Model]) -> list[str]:
    """The columns of a model, in the order in which `from_db` takes them."""
    return [field.attname for field in model._meta.concrete_fields]


@cache
def _select(model: type[Model], condition: str) -> str:
    return f"SELECT {', '.join(columns_of(model))} FROM {model._meta.db_table} WHERE {condition}"


def _run(sql: str, params: Params, *, prepare: bool) -> list[Row]:
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        # Counted and shown with Django's own statements, where those are.
        counted = CursorDebugWrapper(cursor, connection).debug_sql if connection.queries_logged else nullcontext
        with counted(sql):
            return cursor.execute(sql, params, prepare=prepare, binary=True).fetchall()
