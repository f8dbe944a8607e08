"""Who changed what about costs, and differences to statements that were booked."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from accounts.operations import AddTeamForeignKey, MakeTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_cost_scope"),
        ("billing", "0009_to_date"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CostEvent",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("key_name", models.CharField(blank=True, default="", max_length=200)),
                ("subject", models.CharField(max_length=40)),
                ("subject_id", models.CharField(blank=True, default="", max_length=200)),
                ("what", models.CharField(max_length=40)),
                ("detail", models.JSONField(default=dict)),
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
            ],
            options={
                "db_table": "cost_event",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="StatementBooking",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("day", models.DateField(null=True)),
                ("model", models.TextField(blank=True, default="")),
                ("line_id", models.BigIntegerField()),
                (
                    "statement",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bookings",
                        to="billing.providerstatement",
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
                "db_table": "statement_booking",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddConstraint(
            model_name="statementbooking",
            constraint=models.UniqueConstraint(
                fields=("team", "statement", "day", "model"), name="statement_booking_once", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="costevent",
            index=models.Index(fields=["team", "subject", "subject_id", "at"], name="cost_event_subject"),
        ),
        MakeTenantTable("cost_event"),
        MakeTenantTable("statement_booking"),
        AddTeamForeignKey("statement_booking", "statement_id", "provider_statement"),
    ]
