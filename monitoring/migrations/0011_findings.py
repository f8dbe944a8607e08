"""Findings keep their course and history; adds the queue of workflows to look at. Additive."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.operations import grant_control_table

# A queue: workers read it before a team is known. What has figures already is due at once.
_DUE = """
CREATE TABLE finding_due (
    team_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    environment_id bigint NOT NULL,
    due_at timestamptz,
    leased_until timestamptz,
    built_at timestamptz,
    PRIMARY KEY (team_id, workflow_id, environment_id)
) WITH (fillfactor = 80);
CREATE INDEX finding_due_next ON finding_due (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX finding_due_leased ON finding_due (leased_until) WHERE leased_until IS NOT NULL;
ALTER TABLE rollup NO FORCE ROW LEVEL SECURITY;
INSERT INTO finding_due (team_id, workflow_id, environment_id, due_at)
    SELECT DISTINCT team_id, workflow_id, environment_id, now() FROM rollup
    WHERE grain = 3 AND dimension = 0 AND workflow_id <> '00000000-0000-0000-0000-000000000000';
ALTER TABLE rollup FORCE ROW LEVEL SECURITY;
"""
_TEAM = {"related_name": "+", "to": "accounts.team"}


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0010_triage"),
    ]

    operations = [
        migrations.AddField("finding", "dismissed_worth", models.FloatField(null=True)),
        migrations.AddField("finding", "course", models.JSONField(default=list)),
        migrations.AddField("finding", "events", models.JSONField(default=list)),
        migrations.AddField("finding", "absent", models.SmallIntegerField(default=0)),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(_DUE, "DROP TABLE finding_due")],
            state_operations=[
                migrations.CreateModel(
                    name="FindingDue",
                    fields=[
                        ("workflow_id", models.UUIDField(primary_key=True, serialize=False)),
                        ("environment_id", models.BigIntegerField()),
                        ("due_at", models.DateTimeField(null=True)),
                        ("leased_until", models.DateTimeField(null=True)),
                        ("built_at", models.DateTimeField(null=True)),
                        (
                            "team",
                            models.ForeignKey(
                                db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, **_TEAM
                            ),
                        ),
                    ],
                    options={"db_table": "finding_due"},
                ),
            ],
        ),
        grant_control_table("finding_due"),
    ]
