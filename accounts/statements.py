"""Single statements run past Django's cursor: parameters are bound by PostgreSQL, results arrive in binary.

Django binds parameters on its own side, so that PostgreSQL parses and plans each statement anew, and reads times and
bytes as text. In the small reads that every page makes, that is most of what they cost.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.utils import CursorDebugWrapper
from django.db.models import Model
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import execute
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

from accounts.cluster import is_cluster

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


def run_for_any_team(sql: str, params: Params = ()) -> list[Row]:
    """The rows, if any, of a statement that is planned without its values, inside a transaction.

    With them, a team that statistics do not know yet counts as one row: indexes of the team look alike then, and what
    is joined for each of its thousands of rows may read all of them each time. Only for texts that do not vary. A
    cluster, and what goes through a pooler, plans with the values.
    """
    if is_cluster() or connection.settings_dict.get("TRANSACTION_POOLED"):
        return run_planned(sql, params)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        rows = run_prepared(sql, params)
        cursor.execute("SET LOCAL plan_cache_mode = auto")
    return rows


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
            # It is parsed anew the next time, as the driver does: what it names may have changed.
            raw._prepared._names.pop((_encoded(statement), transformer.types or ()), None)
            raise _error_of(raw, result)
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, tuple)


@lru_cache(maxsize=128)
def _encoded(statement: str) -> bytes:
    """The text as bytes, the same ones each time: they know their hash."""
    return statement.encode()


def _error_of(raw: psycopg.Connection[Any], result: PGresult) -> psycopg.Error:
    """Why a statement failed. What the server did not say itself has no code: it is gone, known to be or not yet."""
    if raw.pgconn.status == ConnStatus.BAD or not result.error_field(DiagnosticField.SQLSTATE):
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
    """The one row of a model that meets the condition (SQL), or None."""
    return next(iter(find_rows(model, condition, params)), None)


def find_rows(model: type[M], condition: str, params: Params) -> list[M]:
    """The rows of a model that meet the condition (SQL), in the order that it ends with; JSON comes as it was kept."""
    columns = columns_of(model)
    return [model.from_db(DEFAULT_DB_ALIAS, columns, row) for row in run_prepared(_select(model, condition), params)]


def insert_row(row: Model) -> None:
    """Inserts a row as `save` would, but for signals and for what its class does in `save`."""
    fields = row._meta.concrete_fields
    values = (field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields)
    run_prepared(_insert(type(row)), [value.value if isinstance(value, Enum) else value for value in values])
    row._state.adding = False


@cache
def _insert(model: type[Model]) -> str:
    columns = columns_of(model)
    places = ", ".join("%s" for _ in columns)
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) VALUES ({places}) RETURNING 1"


@cache
def columns_of(model: type[Model]) -> list[str]:
    """The columns of a model, in the order in which `from_db` takes them."""
    return [field.attname for field in model._meta.concrete_fields]


@cache
def _select(model: type[Model], condition: str) -> str:
    return f"SELECT {', '.join(columns_of(model))} FROM {model._meta.db_table} WHERE {condition}"


def _run(sql: str, params: Params, *, prepare: bool) -> list[Row]:
    # Found once: each use of the proxy that Django offers looks the connection of the thread up again.
    used = connections[DEFAULT_DB_ALIAS]
    used.ensure_connection()
    used.validate_no_broken_transaction()
    prepare = prepare and not used.settings_dict.get("TRANSACTION_POOLED")
    with used.wrap_database_errors:
        if not used.queries_logged:
            return _rows(used.connection, sql, params, prepare=prepare)
        # Counted and shown with Django's own statements.
        with CursorDebugWrapper(cast(Any, None), used).debug_sql(sql):
            return _rows(used.connection, sql, params, prepare=prepare)


def _rows(raw: psycopg.Connection[Any], sql: str, params: Params, *, prepare: bool) -> list[Row]:
    """The rows of a statement, sent through libpq without a cursor, which takes a third of the time.

    What is new to the connection, and what begins a transaction, goes through a cursor: that keeps book of both.
    """
    transformer = _transformer(raw)
    query, names, formats = _compiled(sql)
    told = [params[name] for name in names] if isinstance(params, Mapping) else params
    values = transformer.dump_sequence(told, formats)
    types = transformer.types or ()
    statements = raw._prepared
    name = statements._names.get((query, types)) if prepare else None
    begins = raw.pgconn.transaction_status == TransactionStatus.IDLE and not raw.autocommit
    if begins or (prepare and name is None) or statements._to_flush:
        with psycopg.Cursor(raw) as cursor:
            cursor.execute(sql, params, prepare=prepare, binary=True)
            return cursor.fetchall() if cursor.description else []
    if name is None:
        raw.pgconn.send_query_params(query, values, types, transformer.formats, Format.BINARY)
    else:
        statements._names.move_to_end((query, types))
        raw.pgconn.send_query_prepared(name, values, transformer.formats, Format.BINARY)
    # Not libpq's own waiting: a signal has to reach a command that waits.
    (result,) = raw.wait(execute(raw.pgconn))
    if result.status not in _DONE:
        statements._names.pop((query, types), None)
        raise _error_of(raw, result)
    transformer.set_pgresult(result)
    rows: list[Row] = transformer.load_rows(0, result.ntuples, tuple)
    transformer.set_pgresult(None)
    return rows


def _transformer(raw: Any) -> Any:
    """What turns values into those of PostgreSQL and back: kept with its connection, as it knows its types by then."""
    found = getattr(raw, "kept_transformer", None)
    if found is None:
        found = raw.kept_transformer = Transformer(raw)
    return found


_PLACE = re.compile(r"%(?:%|s|\((\w+)\)s)")


@lru_cache(maxsize=512)
def _compiled(sql: str) -> tuple[bytes, tuple[str, ...], list[PyFormat]]:
    """A statement with `$1 $2 ...` in place of `%s` or `%(name)s`, and the names in order; the driver does so each
    time for the longest."""
    names: dict[str, int] = {}

    def numbered(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        return f"${names.setdefault(match[1] or str(len(names)), len(names) + 1)}"

    query = _PLACE.sub(numbered, sql).encode()
    return query, tuple(names), [PyFormat.AUTO] * len(names)
