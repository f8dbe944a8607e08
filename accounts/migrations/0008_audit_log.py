"""The audit log, which the application can add to and read, and nothing else; scopes of keys that manage. Additive."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from accounts.operations import MakeAppendOnly, MakeTenantTable

# Removes events of a team that are older than `older_than`; never such as are younger than thirty days, whoever asks.
_DROP = """
CREATE FUNCTION steadyrun_drop_audit(of_team uuid, older_than timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    gone bigint;
    outer_team text := current_setting('app.team_id', true);
BEGIN
    IF older_than > now() - interval '30 days' THEN
        RAISE EXCEPTION 'events of the last thirty days stay';
    END IF;
    PERFORM set_config('app.team_id', of_team::text, true);
    DELETE FROM audit_event WHERE team_id = of_team AND at < older_than;
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('app.team_id', coalesce(outer_team, ''), true);
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION steadyrun_drop_audit(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION steadyrun_drop_audit(uuid, timestamptz) TO steadyrun_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_cost_scope"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[
                            ("user", "Member"),
                            ("key", "API key"),
                            ("command", "Command line"),
                            ("system", "Steadyrun"),
                        ],
                        max_length=8,
                    ),
                ),
                ("actor_id", models.UUIDField(null=True)),
                ("actor_name", models.CharField(max_length=254)),
                ("impersonated_by", models.CharField(blank=True, default="", max_length=254)),
                ("action", models.CharField(max_length=80)),
                ("target_kind", models.CharField(blank=True, default="", max_length=60)),
                ("target_id", models.CharField(blank=True, default="", max_length=200)),
                ("target_name", models.CharField(blank=True, default="", max_length=200)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                (
                    "via",
                    models.CharField(
                        choices=[
                            ("page", "Page"),
                            ("api", "API"),
                            ("admin", "Administration"),
                            ("command", "Command line"),
                            ("task", "Background task"),
                        ],
                        max_length=8,
                    ),
                ),
                ("address", models.GenericIPAddressField(null=True)),
                ("request_id", models.CharField(blank=True, default="", max_length=64)),
            ],
            options={
                "db_table": "audit_event",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="InstallationEvent",
            fields=[
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[
                            ("user", "Member"),
                            ("key", "API key"),
                            ("command", "Command line"),
                            ("system", "Steadyrun"),
                        ],
                        max_length=8,
                    ),
                ),
                ("actor_id", models.UUIDField(null=True)),
                ("actor_name", models.CharField(max_length=254)),
                ("impersonated_by", models.CharField(blank=True, default="", max_length=254)),
                ("action", models.CharField(max_length=80)),
                ("target_kind", models.CharField(blank=True, default="", max_length=60)),
                ("target_id", models.CharField(blank=True, default="", max_length=200)),
                ("target_name", models.CharField(blank=True, default="", max_length=200)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                (
                    "via",
                    models.CharField(
                        choices=[
                            ("page", "Page"),
                            ("api", "API"),
                            ("admin", "Administration"),
                            ("command", "Command line"),
                            ("task", "Background task"),
                        ],
                        max_length=8,
                    ),
                ),
                ("address", models.GenericIPAddressField(null=True)),
                ("request_id", models.CharField(blank=True, default="", max_length=64)),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("about_team", models.UUIDField(null=True)),
            ],
            options={
                "db_table": "installation_event",
            },
        ),
        migrations.RemoveConstraint(
            model_name="apikey",
            name="api_key_scopes_known",
        ),
        migrations.AlterField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("ingest", "Report executions"),
                        ("read", "Read figures and executions"),
                        ("classify", "Decide about failures and improvements"),
                        ("release", "Announce releases"),
                        ("alert", "Change alert rules, channels and incidents"),
                        ("cost", "Change prices, budgets and costs"),
                        ("audit", "Read the audit log"),
                        ("manage", "Manage members, keys and settings"),
                    ],
                    max_length=16,
                ),
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "scopes__contained_by",
                        ["ingest", "read", "classify", "release", "alert", "cost", "audit", "manage"],
                    )
                ),
                name="api_key_scopes_known",
            ),
        ),
        migrations.AddField(
            model_name="auditevent",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
            ),
        ),
        migrations.AddIndex(
            model_name="installationevent",
            index=models.Index(fields=["-at", "id"], name="installation_event_by_time"),
        ),
        migrations.AddIndex(
            model_name="installationevent",
            index=models.Index(fields=["actor_id", "-at"], name="installation_event_by_actor"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["team", "-at", "id"], name="audit_event_by_time"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["team", "target_kind", "target_id", "-at"], name="audit_event_by_target"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["team", "actor_id", "-at"], name="audit_event_by_actor"),
        ),
        MakeTenantTable("audit_event"),
        MakeAppendOnly("audit_event"),
        MakeAppendOnly("installation_event"),
        migrations.RunSQL(_DROP, reverse_sql=migrations.RunSQL.noop),
    ]
