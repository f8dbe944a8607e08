"""Django's PostgreSQL backend, told that `id` alone is no key of a table that belongs to a team.

Django shortens `GROUP BY` to the primary key that it knows (`id`). In the database the key is
`(team_id, id)`, so PostgreSQL refuses the shortened form.

Behind a pooler that gives a connection of the server for one transaction at a time (`DATABASE_POOLER`), nothing may be
left in a session for the next statement to find.
"""

from typing import Any

import psycopg
from django.db.backends.postgresql import base, features, operations
from django.db.models import Model
from django.utils.functional import cached_property


class DatabaseFeatures(features.DatabaseFeatures):
    """Features as Django sees them, with grouping by key switched off for models of a team."""

    def allows_group_by_selected_pks_on_model(self, model: type[Model]) -> bool:
        """False for a model with a team, whose real key is wider than Django knows."""
        if any(field.name == "team" for field in model._meta.concrete_fields):
            return False
        return bool(super().allows_group_by_selected_pks_on_model(model))


class DatabaseOperations(operations.DatabaseOperations):
    """Operations as Django has them, with compilers of our own."""

    compiler_module = "accounts.postgresql.compiler"


class DatabaseWrapper(base.DatabaseWrapper):
    """The connection that uses these features."""

    features_class = DatabaseFeatures
    ops_class = DatabaseOperations

    @cached_property
    def is_cluster(self) -> bool:
        """Whether the database is one of a Citus cluster: asked past Django, so that no transaction begins."""
        self.ensure_connection()
        raw: psycopg.Connection[Any] = self.connection
        with self.wrap_database_errors:
            result = raw.pgconn.exec_(b"SELECT count(*) FROM pg_extension WHERE extname = 'citus'")
        return result.get_value(0, 0) == b"1"

    @property
    def is_transaction_pooled(self) -> bool:
        """Whether two transactions may meet two sessions of the server."""
        return bool(self.settings_dict.get("TRANSACTION_POOLED"))

    def chunked_cursor(self) -> Any:
        """A cursor that lives on the server, for `iterator()`; behind a pooler only within a transaction."""
        if self.is_transaction_pooled and not self.in_atomic_block:
            return self.cursor()
        return super().chunked_cursor()
