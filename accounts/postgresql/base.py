"""Django's PostgreSQL backend, told that `id` alone is no key of a table that belongs to a team.

Django shortens `GROUP BY` to the primary key that it knows (`id`). In the database the key is
`(team_id, id)`, so PostgreSQL refuses the shortened form.

Behind a pooler that gives a connection of the server for one transaction at a time (`DATABASE_POOLER`), nothing may be
left in a session for the next statement to find.
"""

from typing import Any

from django.db.backends.postgresql import base, features
from django.db.models import Model


class DatabaseFeatures(features.DatabaseFeatures):
    """Features as Django sees them, with grouping by key switched off for models of a team."""

    def allows_group_by_selected_pks_on_model(self, model: type[Model]) -> bool:
        """False for a model with a team, whose real key is wider than Django knows."""
        if any(field.name == "team" for field in model._meta.concrete_fields):
            return False
        return bool(super().allows_group_by_selected_pks_on_model(model))


class DatabaseWrapper(base.DatabaseWrapper):
    """The connection that uses these features."""

    features_class = DatabaseFeatures

    @property
    def is_transaction_pooled(self) -> bool:
        """Whether two transactions may meet two sessions of the server."""
        return bool(self.settings_dict.get("TRANSACTION_POOLED"))

    def chunked_cursor(self) -> Any:
        """A cursor that lives on the server, for `iterator()`; behind a pooler only within a transaction."""
        if self.is_transaction_pooled and not self.in_atomic_block:
            return self.cursor()
        return super().chunked_cursor()
