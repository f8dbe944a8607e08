"""Views of lists that members keep under a name, and which one each opens with. Additive."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from accounts.operations import AddTeamForeignKey, MakeTenantTable

PAGES = [("executions", "Executions"), ("failures", "Failures")]


def team() -> models.ForeignKey:
    """The team of a row."""
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
    )


def user() -> models.ForeignKey:
    """A person, who may be gone."""
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0021_rewrite_day"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("page", models.CharField(choices=PAGES, max_length=20)),
                ("name", models.CharField(max_length=80)),
                ("query", models.CharField(max_length=2000)),
                ("is_shared", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("made_by", user()),
                ("team", team()),
                (
                    "workflow",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="monitoring.workflow",
                    ),
                ),
            ],
            options={
                "db_table": "saved_view",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("team", "made_by", "page", "workflow", "name"),
                        name="saved_view_name_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DefaultView",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("page", models.CharField(choices=PAGES, max_length=20)),
                ("workflow_id", models.UUIDField(null=True)),
                ("user", user()),
                ("team", team()),
                (
                    "view",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="monitoring.savedview",
                    ),
                ),
            ],
            options={
                "db_table": "default_view",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("team", "user", "page", "workflow_id"),
                        name="default_view_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        MakeTenantTable("saved_view"),
        MakeTenantTable("default_view"),
        AddTeamForeignKey("saved_view", "workflow_id", "workflow"),
        AddTeamForeignKey("default_view", "view_id", "saved_view"),
    ]
