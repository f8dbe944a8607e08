"""Moves tables into a Citus cluster, each in a transaction that compares its rows before and after.

Foreign keys between tables that are not both there yet are refused, so those of the tables to move are put aside first,
written down in a table of the database, and made again at the end. What is interrupted goes on from where it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from config.connecting import APP_ROLE
from config.distribution.schema import COLUMN, Kind, tables

ALIAS = "owner"
# The table that all others lie beside: the same team is on the same machine in each of them.
FIRST = "execution"
ASIDE = "distribution_key"
_MAKE_ASIDE = f"""CREATE TABLE IF NOT EXISTS {ASIDE}
    (table_name text, name text, told text, PRIMARY KEY (table_name, name))"""
_KEEP_KEYS = f"""INSERT INTO {ASIDE} SELECT t.relname, c.conname, pg_get_constraintdef(c.oid)
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid WHERE c.contype = 'f' AND c.conparentid = 0
    AND t.relnamespace = 'public'::regnamespace AND t.relname = ANY(%s) ON CONFLICT DO NOTHING"""
_KEPT = f"""SELECT a.table_name, a.name, a.told, c.oid IS NOT NULL FROM {ASIDE} a LEFT JOIN pg_constraint c
    ON c.conname = a.name AND c.conrelid = format('public.%I', a.table_name)::regclass ORDER BY a.table_name, a.name"""
# One connection to each machine: what a transaction made on it is then seen by all that follows in it.
_SETTINGS = """SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SET LOCAL citus.propagate_set_commands = 'local';
    SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 1; SET LOCAL client_min_messages = 'warning';
    SET LOCAL lock_timeout = '30s'"""
_SEQUENCES = """SELECT pg_get_serial_sequence(format('public.%%I', c.relname), a.attname) FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
    AND a.attidentity <> '' AND NOT a.attisdropped AND has_table_privilege(%s, c.oid, 'INSERT')"""
_IDENTITIES = """SELECT c.relname, a.attname, pg_get_serial_sequence(format('public.%I', c.relname), a.attname)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
    AND c.relkind = 'r' AND NOT c.relispartition AND a.attidentity <> '' AND NOT a.attisdropped ORDER BY 1"""
_SUM = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {} t"


class RowsDiffer(RuntimeError):
    """A table had other rows after it was moved: the move was rolled back."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A table that was moved, or a key that was made again, and how many rows it has."""

    table: str
    kind: str
    rows: int


def prepare() -> None:
    """What the database needs beside its tables. Does no harm when it is done already.

    The team in force is handed on to all machines, and the application may take numbers from the sequences of queues,
    which Citus asks for by name.
    """
    with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_database())")
        ((name,),) = cursor.fetchall()
        cursor.execute(f"ALTER DATABASE {name} SET citus.propagate_set_commands = 'local'")
        cursor.execute(_SEQUENCES, [APP_ROLE])
        for (sequence,) in cursor.fetchall():
            cursor.execute(f"GRANT USAGE ON SEQUENCE {sequence} TO {APP_ROLE}")


def numbers_behind(cursor: CursorWrapper) -> list[tuple[str, int]]:
    """Sequences of identity columns that would give out a number again, and the last number that their table has.

    Citus makes the local tables that point to a reference table anew, and their sequences begin again.
    """
    cursor.execute(_IDENTITIES)
    found = []
    for table, column, sequence in cursor.fetchall():
        cursor.execute(
            f'SELECT (SELECT max("{column}") FROM public."{table}"), '
            f"(SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {sequence})"
        )
        ((last, given),) = cursor.fetchall()
        if last is not None and last > given:
            found.append((sequence, last))
    return found


def raise_numbers() -> None:
    """Has these sequences go on behind the last number of their table."""
    with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
        for sequence, last in numbers_behind(cursor):
            cursor.execute("SELECT setval(%s::regclass, %s)", [sequence, last])


def placed(cursor: CursorWrapper) -> dict[str, Kind]:
    """The kind that each table of the schema has in the cluster now."""
    cursor.execute(
        "SELECT c.relname, p.partmethod, p.repmodel FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid "
        "WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition"
    )
    kinds = {("h", "s"): Kind.DISTRIBUTED, ("n", "t"): Kind.REFERENCE}
    return {name: kinds.get((method, model), Kind.LOCAL) for name, method, model in cursor.fetchall()}


def left_to_move(cursor: CursorWrapper) -> list[tuple[str, Kind]]:
    """What is not where it belongs: reference tables, then the first of the spread ones, then the others."""
    now = placed(cursor)
    left = [(name, kind) for name, kind in tables(cursor).items() if now.get(name, Kind.LOCAL) is not kind]
    return sorted(left, key=lambda one: (one[1] is not Kind.REFERENCE, one[0] != FIRST, one[0]))


def keys_aside(cursor: CursorWrapper) -> list[tuple[str, str, str]]:
    """Foreign keys that were put aside and are not made again: table, name, definition."""
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{ASIDE}"])
    if not cursor.fetchall()[0][0]:
        return []
    cursor.execute(_KEPT)
    return [(table, name, told) for table, name, told, is_there in cursor.fetchall() if not is_there]


def put_keys_aside(names: Sequence[str]) -> None:
    """Writes the foreign keys of these tables down and drops them, both or neither."""
    with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
        cursor.execute(_SETTINGS)
        cursor.execute(_MAKE_ASIDE)
        cursor.execute(_KEEP_KEYS, [list(names)])
        cursor.execute(_KEPT)
        for table, name, _, is_there in cursor.fetchall():
            if is_there and table in names:
                cursor.execute(f'ALTER TABLE public."{table}" DROP CONSTRAINT "{name}"')


def make_keys_again() -> Iterator[str]:
    """Makes the keys that were put aside, each in its own transaction, and says which; then forgets them."""
    with connections[ALIAS].cursor() as cursor:
        left = keys_aside(cursor)
    for table, name, told in left:
        with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
            cursor.execute(_SETTINGS)
            cursor.execute(f'ALTER TABLE public."{table}" ADD CONSTRAINT "{name}" {told}')
        yield name
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {ASIDE}")


def move(table: str, kind: Kind, shards: int) -> Moved:
    """Moves one table. Raises `RowsDiffer`.

    Row-level security binds the owner, too, so it is lifted for the owner inside the transaction: its lock keeps
    everybody else out until it is in force again.
    """
    with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
        cursor.execute(_SETTINGS)
        is_guarded = kind is Kind.DISTRIBUTED
        if is_guarded:
            cursor.execute(f"ALTER TABLE public.{table} NO FORCE ROW LEVEL SECURITY")
        before = _fingerprint(cursor, table)
        if kind is Kind.REFERENCE:
            cursor.execute("SELECT create_reference_table(%s)", [f"public.{table}"])
        elif table == FIRST:
            cursor.execute(
                "SELECT create_distributed_table(%s, %s, colocate_with => 'none', shard_count => %s)",
                [f"public.{table}", COLUMN, shards],
            )
        else:
            cursor.execute(
                "SELECT create_distributed_table(%s, %s, colocate_with => %s)", [f"public.{table}", COLUMN, FIRST]
            )
        _forget_local_rows(cursor, table)
        if is_guarded:
            after = _fingerprint(cursor, table)
            cursor.execute(f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY")
        else:
            after = _fingerprint(cursor, table)
        if before != after:
            raise RowsDiffer(f"{table}: {before[0]} rows before, {after[0]} after, sums {before[1]} and {after[1]}")
    return Moved(table, kind.value, before[0])


def _fingerprint(cursor: CursorWrapper, table: str) -> tuple[int, str]:
    """The number of rows, and a sum over all of them that does not depend on their order."""
    cursor.execute(_SUM.format(f"public.{table}"))
    (count, total) = cursor.fetchone()
    return int(count), str(total)


def _forget_local_rows(cursor: CursorWrapper, table: str) -> None:
    """Gives back the space of the rows that were copied; Citus leaves them, unseen, on the coordinator."""
    cursor.execute("SELECT truncate_local_data_after_distributing_table(%s)", [f"public.{table}"])
