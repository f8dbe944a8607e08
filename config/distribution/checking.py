"""Looks at a cluster: each table where it belongs, rights and row-level security on all its parts, teams kept apart."""

from collections.abc import Iterator

from django.db import connection, connections
from django.db.backends.utils import CursorWrapper

from config.connecting import APP_ROLE
from config.distribution.fault import Fault
from config.distribution.moving import ALIAS, FIRST, keys_aside, left_to_move, numbers_behind
from config.distribution.schema import COLUMN, Kind, tables

AGAIN = "Run `manage.py distribute`."
_STRAY = f"""SELECT p.logicalrelid::text FROM pg_dist_partition p
    JOIN pg_dist_partition first ON first.logicalrelid = 'public.{FIRST}'::regclass
    WHERE p.partmethod = 'h' AND (p.colocationid <> first.colocationid
        OR column_to_column_name(p.logicalrelid, p.partkey) <> '{COLUMN}')"""
_PARTITIONS = """SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_dist_partition p ON p.logicalrelid = i.inhparent
    WHERE NOT EXISTS (SELECT FROM pg_dist_partition own WHERE own.logicalrelid = i.inhrelid) ORDER BY 1"""
# A part (shard) of a table is a table of its own on its machine.
_GUARDS = """SELECT n.nodename || ':' || n.nodeport, r.success, r.result FROM run_command_on_all_nodes($$
    SELECT count(*) FILTER (WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity
            AND EXISTS (SELECT FROM pg_policy q WHERE q.polrelid = c.oid)
            AND has_table_privilege('{role}', c.oid, 'SELECT')))
        || ' of ' || count(*)
    FROM pg_dist_shard s JOIN pg_dist_partition p ON p.logicalrelid = s.logicalrelid AND p.partmethod = 'h'
    JOIN pg_class t ON t.oid = s.logicalrelid AND NOT t.relispartition
    JOIN pg_class c ON c.oid = to_regclass(shard_name(s.logicalrelid, s.shardid))$$) r
    JOIN pg_dist_node n USING (nodeid) ORDER BY 1"""


def faults() -> Iterator[Fault]:
    """What is not as it must be in a cluster."""
    with connections[ALIAS].cursor() as cursor:
        yield from _of_places(cursor)
        yield from _of_guards(cursor)
        spread = [name for name, kind in tables(cursor).items() if kind is Kind.DISTRIBUTED]
    yield from _of_application(spread)


def _of_places(cursor: CursorWrapper) -> Iterator[Fault]:
    for name, kind in left_to_move(cursor):
        yield Fault("tables", f"{name} is not {kind}", AGAIN)
    for table, name, _ in keys_aside(cursor):
        yield Fault("keys", f"the foreign key {name} of {table} is put aside", AGAIN)
    for sequence, last in numbers_behind(cursor):
        yield Fault("numbers", f"{sequence} would give out {last} again", AGAIN)
    cursor.execute(_STRAY)
    for (name,) in cursor.fetchall():
        mend = f"SELECT update_distributed_table_colocation('{name}', colocate_with => 'execution')."
        yield Fault("tables", f"{name} is not spread by {COLUMN} beside the others", mend)
    cursor.execute(_PARTITIONS)
    for (name,) in cursor.fetchall():
        yield Fault(
            "partitions", f"{name} is on the coordinator alone", f"SELECT create_distributed_table('{name}', ...)."
        )


def _of_guards(cursor: CursorWrapper) -> Iterator[Fault]:
    cursor.execute(_GUARDS.format(role=APP_ROLE))
    for node, is_told, result in cursor.fetchall():
        if not is_told:
            yield Fault("nodes", f"{node} does not answer: {result}", "Mend it, then check again.")
        elif not result.startswith("0 of "):
            mend = "Nobody may connect there meanwhile. Force row-level security on these tables again."
            yield Fault("row-level security", f"is not in force on {result} parts of tables at {node}", mend)


def _of_application(spread: list[str]) -> Iterator[Fault]:
    """What the application's own role sees when no team is in force, and whether it tells machines its team."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('citus.propagate_set_commands', true)")
        if cursor.fetchall() != [("local",)]:
            yield Fault("settings", "the team in force is not handed on", "Set citus.propagate_set_commands to local.")
        for name in spread:
            cursor.execute(f"SELECT count(*) FROM public.{name}")
            ((count,),) = cursor.fetchall()
            if count:
                yield Fault(
                    "row-level security", f"{name} shows {count} rows while no team is in force", "See ADR 0002."
                )
