"""Django's PostgreSQL backend, told that `id` alone is no key of a table that belongs to a team.

Django shortens `GROUP BY` to the primary key that it knows (`id`). In the database the key is
`(team_id, id)`, so PostgreSQL refuses the shortened form.
"""

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
