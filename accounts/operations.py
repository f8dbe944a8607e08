"""Migration operations that give a tenant table its real keys and its row-level security.

Kept beside the models' own operations: Django goes on seeing a plain `id`, the database has
`(team_id, id)` and refuses a row that points into another team.
"""

from typing import Any

from django.db import connections
from django.db.migrations.operations import RunSQL
from django.db.migrations.operations.base import Operation

APP_ROLE = "steadyrun_app"
POLICY = "team_id = NULLIF(current_setting('app.team_id', true), '')::uuid"


def policy_sql(table: str) -> str:
    """Row-level security, forced, and the application's rights on one table."""
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY team ON {table} USING ({POLICY}) WITH CHECK ({POLICY});"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {APP_ROLE};"
    )


def spread_sql(table: str) -> str:
    """Spreads a new table by team where the others are spread already (docs/scaling.md); elsewhere nothing.

    By one connection to each machine, so that what follows in the migration finds the table there.
    """
    return f"""
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass('public.execution')) THEN
            PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
            PERFORM create_distributed_table('{table}', 'team_id', colocate_with => 'public.execution');
        END IF;
    END IF;
END $$;"""


class MakeTenantTable(RunSQL):
    """Turns a table that Django made into a tenant table: key `(team_id, id)`, security, rights, place in a cluster."""

    def __init__(self, table: str, key: str = "team_id, id") -> None:
        self.table = table
        self.key = key
        super().__init__(
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, ADD PRIMARY KEY ({key});"
            + policy_sql(table)
            + spread_sql(table),
            reverse_sql=RunSQL.noop,
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """The operation as a migration writes it."""
        return self.__class__.__qualname__, [], {"table": self.table, "key": self.key}


class MakeAppendOnly(RunSQL):
    """Leaves the application the rights to add and to read rows of a table, and no other."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            f"REVOKE ALL ON {table} FROM {APP_ROLE}; GRANT SELECT, INSERT ON {table} TO {APP_ROLE};",
            reverse_sql=RunSQL.noop,
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """The operation as a migration writes it."""
        return self.__class__.__qualname__, [], {"table": self.table}


class AddTeamForeignKey(RunSQL):
    """Adds the database's own foreign key `(team_id, column)` -> `(team_id, id)` of another tenant table.

    A row goes with the one that it points to, or with `clears` forgets it.
    """

    def __init__(self, table: str, column: str, remote: str, *, clears: bool = False) -> None:
        self.arguments = {"table": table, "column": column, "remote": remote, **({"clears": True} if clears else {})}
        action = f"SET NULL ({column})" if clears else "CASCADE"
        super().__init__(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_team_fk FOREIGN KEY (team_id, {column}) "
            f"REFERENCES {remote} (team_id, id) ON DELETE {action} DEFERRABLE INITIALLY DEFERRED;",
            reverse_sql=RunSQL.noop,
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """The operation as a migration writes it."""
        return self.__class__.__qualname__, [], dict(self.arguments)


class RefuseToClear(RunSQL):
    """Makes a key that cleared its column one that refuses: the application clears it first.

    A cluster has no keys that clear a column. The table is read while others go on.
    """

    def __init__(self, table: str, column: str, remote: str) -> None:
        self.arguments = {"table": table, "column": column, "remote": remote}
        name = f"{table}_{column}_team_fk"
        # One by one: in a cluster each is handed on to other machines by itself.
        statements: list[Any] = [
            f"ALTER TABLE {table} DROP CONSTRAINT {name}",
            f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (team_id, {column}) "
            f"REFERENCES {remote} (team_id, id) DEFERRABLE INITIALLY DEFERRED NOT VALID",
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}",
        ]
        super().__init__(statements, reverse_sql=RunSQL.noop)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """The operation as a migration writes it."""
        return self.__class__.__qualname__, [], dict(self.arguments)


def make_app_role(apps: Any, schema_editor: Any) -> None:
    """Makes the application's role where it is missing and lets the owner take it on.

    Roles belong to the whole server, so another database may have made it already.
    """
    with connections[schema_editor.connection.alias].cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS")
            cursor.execute(f"GRANT {APP_ROLE} TO CURRENT_USER")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}")
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def grant_control_table(table: str, rights: str = "SELECT, INSERT, UPDATE, DELETE") -> Operation:
    """Rights of the application on a control table: one that must be read before a team is known."""
    return RunSQL(f"GRANT {rights} ON {table} TO {APP_ROLE};", reverse_sql=RunSQL.noop)
