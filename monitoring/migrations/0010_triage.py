"""Makes the tables of triage: where failure groups stand, their history, and the teams to look at. Additive."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from accounts.operations import AddTeamForeignKey, MakeTenantTable, grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_release_scope"),
        ("monitoring", "0009_examination"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TriageWatch",
            fields=[
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "triage_watch",
            },
        ),
        migrations.CreateModel(
            name="GroupTriage",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("workflow_id", models.UUIDField(null=True)),
                ("status", models.CharField(default="open", max_length=10)),
                ("decided_at", models.DateTimeField(null=True)),
                ("key_name", models.CharField(blank=True, default="", max_length=200)),
                ("until_at", models.DateTimeField(null=True)),
                ("until_count", models.IntegerField(null=True)),
                ("within_minutes", models.IntegerField(null=True)),
                ("release_name", models.CharField(blank=True, default="", max_length=200)),
                ("is_next_release", models.BooleanField(default=False)),
                ("looked_at", models.DateTimeField(null=True)),
                ("seen_at", models.DateTimeField(null=True)),
                (
                    "assignee",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "merged_into",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="monitoring.grouptriage",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "group_triage",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="GroupEvent",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=20)),
                ("detail", models.JSONField(default=dict)),
                ("key_name", models.CharField(blank=True, default="", max_length=200)),
                (
                    "by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "group",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="monitoring.grouptriage",
                    ),
                ),
            ],
            options={
                "db_table": "group_event",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddIndex(
            model_name="grouptriage",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)),
                fields=["team", "merged_into"],
                name="group_triage_merged",
            ),
        ),
        migrations.AddIndex(
            model_name="grouptriage",
            index=models.Index(
                condition=models.Q(("status__in", ("ignored", "resolved"))),
                fields=["team", "looked_at"],
                name="group_triage_watched",
            ),
        ),
        migrations.AddConstraint(
            model_name="grouptriage",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "reviewed", "ignored", "resolved", "reopened"])),
                name="group_triage_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="grouptriage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ("open", "reviewed")), ("decided_at__isnull", False), _connector="OR"
                ),
                name="group_triage_time_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="grouptriage",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_count__isnull", True), ("until_count__gt", 0), _connector="OR"),
                name="group_triage_count_is_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="grouptriage",
            constraint=models.CheckConstraint(
                condition=models.Q(("within_minutes__isnull", True), ("until_count__isnull", False), _connector="OR"),
                name="group_triage_stretch_has_count",
            ),
        ),
        migrations.AddIndex(
            model_name="groupevent",
            index=models.Index(fields=["team", "group", "at"], name="group_event_by_time"),
        ),
        migrations.AddConstraint(
            model_name="groupevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "reviewed",
                            "ignored",
                            "resolved",
                            "opened",
                            "expired",
                            "regressed",
                            "assigned",
                            "merged",
                            "split",
                        ],
                    )
                ),
                name="group_event_kind_known",
            ),
        ),
        MakeTenantTable("group_triage"),
        AddTeamForeignKey("group_triage", "merged_into_id", "group_triage"),
        MakeTenantTable("group_event"),
        AddTeamForeignKey("group_event", "group_id", "group_triage"),
        grant_control_table("triage_watch"),
    ]
