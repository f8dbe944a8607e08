"""What providers say that a month cost."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
import monitoring.models.money
from accounts.operations import AddTeamForeignKey, MakeTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_cost_scope"),
        ("billing", "0005_cost_page"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ProviderStatement",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("provider", models.TextField()),
                ("month", models.DateField()),
                ("filename", models.CharField(max_length=200)),
                ("format", models.CharField(max_length=40)),
                ("sha256", models.CharField(max_length=64)),
                ("row_count", models.IntegerField()),
                ("uploaded_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(null=True)),
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
                    "uploaded_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "provider_statement",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="StatementLine",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("model", models.TextField()),
                ("amount", monitoring.models.money.UsdField(null=True)),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("usd", monitoring.models.money.UsdField(null=True)),
                ("tokens", models.BigIntegerField(null=True)),
                ("calls", models.BigIntegerField(null=True)),
                (
                    "statement",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
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
                "db_table": "statement_line",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddConstraint(
            model_name="providerstatement",
            constraint=models.CheckConstraint(condition=models.Q(("month__day", 1)), name="provider_statement_first"),
        ),
        migrations.AddConstraint(
            model_name="providerstatement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at__isnull", True)),
                fields=("team", "provider", "month"),
                name="provider_statement_once",
            ),
        ),
        migrations.AddIndex(
            model_name="statementline",
            index=models.Index(fields=["team", "statement", "day"], name="statement_line_day"),
        ),
        MakeTenantTable("provider_statement"),
        MakeTenantTable("statement_line"),
        AddTeamForeignKey("statement_line", "statement_id", "provider_statement"),
    ]
