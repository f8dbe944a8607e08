"""Django's compilers for PostgreSQL, but for bulk inserts into a cluster.

Django opens arrays for them. Citus carries out an insert from anything but VALUES by COPY, which PostgreSQL refuses
on tables with row-level security.
"""

from typing import TYPE_CHECKING, Any, cast

from django.db.backends.postgresql.compiler import SQLInsertCompiler as PostgresInsertCompiler
from django.db.models.sql import compiler
from django.db.models.sql.compiler import SQLAggregateCompiler, SQLCompiler, SQLDeleteCompiler, SQLUpdateCompiler

if TYPE_CHECKING:
    # It loads these compilers.
    from accounts.postgresql.base import DatabaseWrapper

__all__ = ["SQLAggregateCompiler", "SQLCompiler", "SQLDeleteCompiler", "SQLInsertCompiler", "SQLUpdateCompiler"]


class SQLInsertCompiler(PostgresInsertCompiler):
    """Writes VALUES where the database is a cluster."""

    def assemble_as_sql(self, fields: Any, value_rows: Any) -> Any:
        """The placeholders and parameters of all rows."""
        if cast("DatabaseWrapper", self.connection).is_cluster:
            return compiler.SQLInsertCompiler.assemble_as_sql(self, fields, value_rows)
        return super().assemble_as_sql(fields, value_rows)
