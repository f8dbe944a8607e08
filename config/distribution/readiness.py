"""What stands in the way of moving the tables: asked before anything is changed."""

from collections.abc import Iterator

from django.db import connections
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor

from config.connecting import APP_ROLE
from config.distribution.fault import Fault
from config.distribution.moving import ALIAS
from config.distribution.schema import refusals

# The first version that this was tried with.
OLDEST_MAJOR = 13
_EXTENSION = "SELECT split_part(extversion, '.', 1)::int FROM pg_extension WHERE extname = 'citus'"
_NODES = """SELECT count(*) FILTER (WHERE groupid = 0), count(*) FILTER (WHERE isactive AND shouldhaveshards)
    FROM pg_dist_node WHERE noderole = 'primary'"""
_FOREIGN_OWNERS = """SELECT c.relname, pg_get_userbyid(c.relowner) FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND NOT pg_has_role(c.relowner, 'USAGE') AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1"""
_LOGINS = """SELECT n.nodename || ':' || n.nodeport FROM run_command_on_all_nodes(
    $$SELECT count(*) FROM pg_roles WHERE rolcanlogin AND rolname = '{role}'$$) r
    JOIN pg_dist_node n USING (nodeid) WHERE NOT r.success OR r.result <> '1' ORDER BY 1"""
_OTHERS = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' AND usename IN (current_user, %s) AND application_name NOT LIKE 'citus%%'"""


def obstacles(*, is_moving: bool) -> Iterator[Fault]:
    """What is in the way, the first one that explains the next first. `is_moving`: nobody else may be at work."""
    with connections[ALIAS].cursor() as cursor:
        if (found := _of_extension(cursor)) is not None:
            yield found
            return
        # Before anything here connects as the application.
        if is_moving:
            yield from _of_others(cursor)
        yield from _of_nodes(cursor)
        yield from _of_roles(cursor)
        executor = MigrationExecutor(connections[ALIAS])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            yield Fault("migrations", "some are not applied", "Run `manage.py migrate --database owner` first.")
        for one in refusals(cursor):
            yield Fault("schema", f"{one.table}: {one.reason}", "See the rules of keys in docs/scaling.md.")


def _of_extension(cursor: CursorWrapper) -> Fault | None:
    cursor.execute(_EXTENSION)
    major = next((row[0] for row in cursor.fetchall()), None)
    if major is None:
        mend = (
            "Install Citus on every machine, add it to shared_preload_libraries, and run `CREATE EXTENSION citus` "
            "in this database on each of them as an administrator (docs/scaling.md)."
        )
        return Fault("extension", "this database has no Citus", mend)
    if major < OLDEST_MAJOR:
        return Fault("extension", f"Citus {major}", f"Move to Citus {OLDEST_MAJOR} or later.")
    return None


def _of_others(cursor: CursorWrapper) -> Iterator[Fault]:
    cursor.execute(_OTHERS, [APP_ROLE])
    ((count,),) = cursor.fetchall()
    if count:
        mend = "End web, worker and beat: every table is locked while it is moved. Their senders try again."
        yield Fault("processes", f"{count} other connections are open", mend)


def _of_nodes(cursor: CursorWrapper) -> Iterator[Fault]:
    cursor.execute(_NODES)
    ((coordinators, holders),) = cursor.fetchall()
    if not coordinators:
        mend = "SELECT citus_set_coordinator_host('its name', port) as an administrator."
        yield Fault("coordinator", "the cluster does not know its coordinator", mend)
    if not holders:
        mend = "SELECT citus_add_node('name', port) for each worker, as an administrator."
        yield Fault("nodes", "no node takes rows", mend)


def _of_roles(cursor: CursorWrapper) -> Iterator[Fault]:
    cursor.execute(_FOREIGN_OWNERS)
    if found := cursor.fetchall():
        mend = "Name the owner of the tables in DATABASE_OWNER_URL."
        yield Fault("owner", f"{len(found)} tables belong to another role, as {found[0][0]} to {found[0][1]}", mend)
    for role in {APP_ROLE, connections[ALIAS].settings_dict["USER"]}:
        cursor.execute(_LOGINS.format(role=role))
        if places := [row[0] for row in cursor.fetchall()]:
            mend = f"There: ALTER ROLE {role} LOGIN (CREATE ROLE, where it is missing), and let the coordinator in."
            yield Fault("roles", f"{role} cannot sign in at {', '.join(places)}", mend)
