"""Makes healthy references, diagnoses, the queue of executions to diagnose, and what members decided. Additive."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from accounts.operations import MakeTenantTable, grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_grants"),
        ("monitoring", "0006_baseline"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HealthyReference",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("workflow_id", models.UUIDField()),
                ("document", models.BinaryField()),
                ("runs", models.IntegerField()),
                ("basis", models.TextField()),
                ("built_at", models.DateTimeField()),
                ("newest_at", models.DateTimeField(null=True)),
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
                "db_table": "healthy_reference",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Classification",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("execution_id", models.UUIDField(null=True)),
                ("failure_group_id", models.UUIDField(null=True)),
                ("workflow_id", models.UUIDField(null=True)),
                ("cause", models.CharField(max_length=30)),
                ("suggested", models.CharField(max_length=30)),
                ("note", models.CharField(blank=True, max_length=2000)),
                ("decided_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("key_name", models.CharField(blank=True, max_length=200)),
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
                "db_table": "classification",
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["team", "failure_group_id", "decided_at"], name="classification_of_group"),
                    models.Index(fields=["team", "execution_id"], name="classification_of_execution"),
                    models.Index(fields=["team", "workflow_id", "decided_at"], name="classification_of_workflow"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("execution_id__isnull", False), ("failure_group_id__isnull", False), _connector="OR"
                        ),
                        name="classification_is_of_something",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Diagnosis",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("workflow_id", models.UUIDField(null=True)),
                ("failure_group_id", models.UUIDField(null=True)),
                ("counted_at", models.DateTimeField()),
                ("verdict", models.CharField(max_length=20)),
                ("kind", models.CharField(blank=True, max_length=60)),
                ("confidence", models.CharField(blank=True, max_length=10)),
                ("first_step_id", models.BigIntegerField(null=True)),
                ("first_node", models.TextField(blank=True)),
                ("symptom_step_id", models.BigIntegerField(null=True)),
                ("symptom_node", models.TextField(blank=True)),
                ("cause_step_id", models.BigIntegerField(null=True)),
                ("cause_node", models.TextField(blank=True)),
                ("cause", models.CharField(max_length=30)),
                ("input_digest", models.BigIntegerField(null=True)),
                ("evidence", models.JSONField()),
                ("facts", models.JSONField()),
                ("suggestion", models.JSONField()),
                ("basis", models.TextField()),
                ("computed_at", models.DateTimeField()),
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
                "db_table": "diagnosis",
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["team", "failure_group_id", "counted_at"], name="diagnosis_of_group"),
                    models.Index(fields=["team", "workflow_id", "counted_at"], name="diagnosis_of_workflow"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DueDiagnosis",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("execution_id", models.UUIDField()),
                ("added_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
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
                "db_table": "due_diagnosis",
                "indexes": [
                    models.Index(fields=["due_at"], name="due_diagnosis_due"),
                    models.Index(fields=["team", "execution_id", "id"], name="due_diagnosis_of"),
                ],
            },
        ),
        MakeTenantTable("healthy_reference"),
        MakeTenantTable("diagnosis"),
        MakeTenantTable("classification"),
        grant_control_table("due_diagnosis"),
        migrations.RunSQL(
            "GRANT USAGE ON SEQUENCE due_diagnosis_id_seq TO steadyrun_app", reverse_sql=migrations.RunSQL.noop
        ),
    ]
