"""Incidents of failing dependencies, since when they are told, and the queue of ends of silences. Additive."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from accounts.operations import grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_groups_and_alert_scope"),
        ("alerts", "0002_delivery_order"),
        ("monitoring", "0014_workflow_owner"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SilenceDue",
            fields=[
                ("silence_id", models.UUIDField(primary_key=True, serialize=False)),
                ("due_at", models.DateTimeField()),
            ],
            options={
                "db_table": "silence_due",
            },
        ),
        migrations.AddField(
            model_name="incident",
            name="active_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="incident",
            name="reopen_count",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name="incident",
            name="rule",
            field=accounts.tenancy.TeamForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="incidents",
                to="alerts.alertrule",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("resolved_at__isnull", False)),
                fields=["team", "resolved_at"],
                name="incident_resolved_by_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resolved_at__isnull", True), ("rule__isnull", True)),
                fields=("team", "subject_id"),
                name="incident_dependency_open_once",
            ),
        ),
        migrations.AddField(
            model_name="silencedue",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
            ),
        ),
        migrations.AddIndex(
            model_name="silencedue",
            index=models.Index(fields=["due_at"], name="silence_due_by_time"),
        ),
        grant_control_table("silence_due"),
    ]
