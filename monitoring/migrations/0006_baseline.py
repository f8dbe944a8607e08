"""Adds baselines, the queue of those that are due, and the freshness objective. Additive."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from accounts.operations import MakeTenantTable, grant_control_table

# A queue: workers read it before a team is known. What has figures already is due at once.
_DUE = """
CREATE TABLE baseline_due (
    team_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    environment_id bigint NOT NULL,
    due_at timestamptz,
    leased_until timestamptz,
    built_at timestamptz,
    parts_built_at timestamptz,
    PRIMARY KEY (team_id, workflow_id, environment_id)
) WITH (fillfactor = 80);
CREATE INDEX baseline_due_next ON baseline_due (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX baseline_due_leased ON baseline_due (leased_until) WHERE leased_until IS NOT NULL;
ALTER TABLE rollup NO FORCE ROW LEVEL SECURITY;
INSERT INTO baseline_due (team_id, workflow_id, environment_id, due_at)
    SELECT DISTINCT team_id, workflow_id, environment_id, now() FROM rollup
    WHERE grain = 3 AND dimension = 0 AND workflow_id <> '00000000-0000-0000-0000-000000000000';
ALTER TABLE rollup FORCE ROW LEVEL SECURITY;
"""
_TEAM = {"related_name": "+", "to": "accounts.team"}


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0005_success_criteria"),
    ]

    operations = [
        migrations.AddField(
            "workflow",
            "objective_freshness_ms",
            models.FloatField(blank=True, help_text="Milliseconds that the last success may be old", null=True),
        ),
        migrations.CreateModel(
            name="Baseline",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("workflow_id", models.UUIDField()),
                ("environment_id", models.BigIntegerField()),
                (
                    "dimension",
                    models.SmallIntegerField(
                        choices=[(0, "workflow"), (1, "release"), (20, "node"), (40, "workflow type")]
                    ),
                ),
                ("value_id", models.BigIntegerField(default=0)),
                ("metric", models.CharField(max_length=20)),
                ("document", models.JSONField()),
                ("built_at", models.DateTimeField()),
                (
                    "team",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, **_TEAM),
                ),
            ],
            options={"db_table": "baseline", "abstract": False, "base_manager_name": "objects"},
        ),
        migrations.AddConstraint(
            model_name="baseline",
            constraint=models.UniqueConstraint(
                fields=("team", "workflow_id", "environment_id", "dimension", "metric", "value_id"),
                name="baseline_once",
            ),
        ),
        MakeTenantTable("baseline"),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(_DUE, "DROP TABLE baseline_due")],
            state_operations=[
                migrations.CreateModel(
                    name="BaselineDue",
                    fields=[
                        ("workflow_id", models.UUIDField(primary_key=True, serialize=False)),
                        ("environment_id", models.BigIntegerField()),
                        ("due_at", models.DateTimeField(null=True)),
                        ("leased_until", models.DateTimeField(null=True)),
                        ("built_at", models.DateTimeField(null=True)),
                        ("parts_built_at", models.DateTimeField(null=True)),
                        (
                            "team",
                            models.ForeignKey(
                                db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, **_TEAM
                            ),
                        ),
                    ],
                    options={"db_table": "baseline_due"},
                ),
            ],
        ),
        grant_control_table("baseline_due"),
    ]
