"""Prices, cost lines and their rollups, months, and the queue of hours whose lines are made again."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
import monitoring.models.money
from accounts.operations import AddTeamForeignKey, MakeTenantTable, grant_control_table

_TENANT_TABLES = (
    "team_price",
    "discount",
    "re_rating",
    "exchange_rate",
    "cost_line",
    "tag_set",
    "cost_settings",
    "cost_month",
    "cost_month_event",
)

# What was reported before costs were kept gets its lines.
_FILL = """
ALTER TABLE rollup NO FORCE ROW LEVEL SECURITY;
INSERT INTO cost_due (team_id, workflow_id, environment_id, hour, due_at, is_lines_only)
    SELECT team_id, workflow_id, environment_id, bucket, now(), false FROM rollup WHERE grain = 2 AND dimension = 0;
ALTER TABLE rollup FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("monitoring", "0018_step_prices"),
        ("accounts", "0007_cost_scope"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BookModel",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("provider", models.TextField()),
                ("model", models.TextField()),
                ("name", models.TextField(default="")),
                ("provider_match", models.JSONField(null=True)),
                ("match", models.JSONField()),
                ("context_window", models.BigIntegerField(null=True)),
                ("position", models.IntegerField()),
                ("source", models.TextField()),
                ("removed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "book_model",
            },
        ),
        migrations.CreateModel(
            name="PriceRevision",
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
                ("revision", models.BigIntegerField(default=0)),
            ],
            options={
                "db_table": "price_revision",
            },
        ),
        migrations.CreateModel(
            name="BookPrice",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("provider", models.TextField()),
                ("model", models.TextField()),
                ("region", models.TextField(default="")),
                ("tier", models.TextField(default="")),
                ("context_over", models.BigIntegerField(default=0)),
                ("context_up_to", models.BigIntegerField(null=True)),
                ("starts_on", models.DateField(null=True)),
                ("ends_on", models.DateField(null=True)),
                ("rates", models.JSONField()),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("source", models.TextField()),
                ("added_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "book_price",
                "indexes": [models.Index(fields=["provider", "model"], name="book_price_model")],
            },
        ),
        migrations.CreateModel(
            name="CostDue",
            fields=[
                ("workflow_id", models.UUIDField(primary_key=True, serialize=False)),
                ("environment_id", models.BigIntegerField()),
                ("hour", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("is_lines_only", models.BooleanField(default=False)),
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
                "db_table": "cost_due",
            },
        ),
        migrations.CreateModel(
            name="CostMonth",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("month", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("closed", "Closed"), ("reopening", "Reopening asked")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("checklist", models.JSONField(default=dict)),
                ("rates", models.JSONField(default=dict)),
                ("totals", models.JSONField(default=dict)),
                ("digest", models.CharField(blank=True, default="", max_length=64)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "closed_by",
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
                    "reopening_by",
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
                "db_table": "cost_month",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="CostMonthEvent",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
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
                    "month",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="billing.costmonth",
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
                "db_table": "cost_month_event",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="CostRollup",
            fields=[
                ("grain", models.SmallIntegerField(choices=[(3, "day"), (4, "month")])),
                (
                    "dimension",
                    models.SmallIntegerField(
                        choices=[(0, "all"), (1, "release"), (2, "node"), (3, "tag"), (4, "external system")]
                    ),
                ),
                ("bucket", models.DateField()),
                ("workflow_id", models.UUIDField(primary_key=True, serialize=False)),
                ("environment_id", models.BigIntegerField()),
                ("provider_id", models.BigIntegerField()),
                ("model_id", models.BigIntegerField()),
                (
                    "kind",
                    models.SmallIntegerField(
                        choices=[
                            (0, "Tokens"),
                            (1, "Compute"),
                            (2, "Storage"),
                            (3, "API calls"),
                            (4, "Subscriptions"),
                            (5, "Backup"),
                            (6, "Other"),
                        ]
                    ),
                ),
                (
                    "entry",
                    models.SmallIntegerField(
                        choices=[
                            (0, "Usage"),
                            (1, "Correction"),
                            (2, "Price change"),
                            (3, "Adjustment"),
                            (4, "Credit"),
                            (5, "Commitment"),
                            (6, "Allocated"),
                        ]
                    ),
                ),
                (
                    "outcome",
                    models.SmallIntegerField(
                        choices=[
                            (0, "Not ended"),
                            (1, "Succeeded"),
                            (2, "Failed"),
                            (3, "Retried"),
                            (4, "After the divergence"),
                        ]
                    ),
                ),
                ("value_id", models.BigIntegerField()),
                ("lines", models.BigIntegerField()),
                ("calls", models.BigIntegerField()),
                ("input_tokens", models.BigIntegerField(null=True)),
                ("cache_read_tokens", models.BigIntegerField(null=True)),
                ("cache_write_tokens", models.BigIntegerField(null=True)),
                ("output_tokens", models.BigIntegerField(null=True)),
                ("reasoning_tokens", models.BigIntegerField(null=True)),
                ("unpriced_tokens", models.BigIntegerField()),
                ("quantity", monitoring.models.money.UsdField(null=True)),
                ("cost_usd", monitoring.models.money.UsdField(null=True)),
                ("told_usd", monitoring.models.money.UsdField(null=True)),
                ("priced_usd", monitoring.models.money.UsdField(null=True)),
                ("list_usd", monitoring.models.money.UsdField(null=True)),
                ("folded_at", models.DateTimeField()),
                (
                    "team",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "cost_rollup",
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="CostSettings",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("reporting_currency", models.CharField(default="USD", max_length=3)),
                ("tag_keys", models.JSONField(default=list)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
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
                "db_table": "cost_settings",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Discount",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("provider", models.TextField()),
                ("model", models.TextField(blank=True, default="")),
                ("percent", monitoring.models.money.UsdField()),
                ("starts_on", models.DateField(null=True)),
                ("ends_on", models.DateField(null=True)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "created_by",
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
                "db_table": "discount",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("currency", models.CharField(max_length=3)),
                ("starts_on", models.DateField()),
                ("usd", monitoring.models.money.UsdField()),
                ("source", models.CharField(blank=True, default="", max_length=200)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "created_by",
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
                "db_table": "exchange_rate",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="ReRating",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("old_price_id", models.BigIntegerField()),
                ("new_price_id", models.BigIntegerField()),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField(null=True)),
                ("reason", models.CharField(max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "created_by",
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
                "db_table": "re_rating",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="TagSet",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("tags", models.JSONField()),
                (
                    "value_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
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
                "db_table": "tag_set",
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="TeamPrice",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "origin",
                    models.CharField(
                        choices=[("entered", "Entered"), ("discount", "Negotiated discount")],
                        default="entered",
                        max_length=10,
                    ),
                ),
                ("provider", models.TextField(default="")),
                ("model", models.TextField()),
                ("region", models.TextField(default="")),
                ("tier", models.TextField(default="")),
                ("context_over", models.BigIntegerField(default=0)),
                ("context_up_to", models.BigIntegerField(null=True)),
                ("starts_on", models.DateField(null=True)),
                ("ends_on", models.DateField(null=True)),
                ("rates", models.JSONField()),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("list_price_id", models.BigIntegerField(null=True)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "created_by",
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
                    "discount",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.discount",
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
                "db_table": "team_price",
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="CostLine",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "entry",
                    models.SmallIntegerField(
                        choices=[
                            (0, "Usage"),
                            (1, "Correction"),
                            (2, "Price change"),
                            (3, "Adjustment"),
                            (4, "Credit"),
                            (5, "Commitment"),
                            (6, "Allocated"),
                        ],
                        default=0,
                    ),
                ),
                (
                    "kind",
                    models.SmallIntegerField(
                        choices=[
                            (0, "Tokens"),
                            (1, "Compute"),
                            (2, "Storage"),
                            (3, "API calls"),
                            (4, "Subscriptions"),
                            (5, "Backup"),
                            (6, "Other"),
                        ],
                        default=0,
                    ),
                ),
                (
                    "basis",
                    models.SmallIntegerField(choices=[(0, "Not priced"), (1, "Priced"), (2, "Told"), (3, "Entered")]),
                ),
                (
                    "outcome",
                    models.SmallIntegerField(
                        choices=[
                            (0, "Not ended"),
                            (1, "Succeeded"),
                            (2, "Failed"),
                            (3, "Retried"),
                            (4, "After the divergence"),
                        ],
                        default=0,
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("booked_on", models.DateField()),
                ("workflow_id", models.UUIDField()),
                ("environment_id", models.BigIntegerField(default=0)),
                ("release_id", models.BigIntegerField(default=0)),
                ("node_id", models.BigIntegerField(default=0)),
                ("provider_id", models.BigIntegerField(default=0)),
                ("model_id", models.BigIntegerField(default=0)),
                ("system_id", models.BigIntegerField(default=0)),
                ("tag_set_id", models.BigIntegerField(default=0)),
                ("tier", models.TextField(default="")),
                ("region", models.TextField(default="")),
                ("price_id", models.BigIntegerField(null=True)),
                ("corrects_id", models.BigIntegerField(null=True)),
                ("calls", models.BigIntegerField(default=0)),
                ("input_tokens", models.BigIntegerField(null=True)),
                ("cache_read_tokens", models.BigIntegerField(null=True)),
                ("cache_write_tokens", models.BigIntegerField(null=True)),
                ("output_tokens", models.BigIntegerField(null=True)),
                ("reasoning_tokens", models.BigIntegerField(null=True)),
                ("cache_write_1h_tokens", models.BigIntegerField(null=True)),
                ("input_audio_tokens", models.BigIntegerField(null=True)),
                ("input_image_tokens", models.BigIntegerField(null=True)),
                ("output_audio_tokens", models.BigIntegerField(null=True)),
                ("output_image_tokens", models.BigIntegerField(null=True)),
                ("unpriced_tokens", models.BigIntegerField(default=0)),
                ("quantity", monitoring.models.money.UsdField(null=True)),
                ("unit", models.TextField(default="")),
                ("cost_usd", monitoring.models.money.UsdField(null=True)),
                ("told_usd", monitoring.models.money.UsdField(null=True)),
                ("priced_usd", monitoring.models.money.UsdField(null=True)),
                ("list_usd", monitoring.models.money.UsdField(null=True)),
                ("billed", monitoring.models.money.UsdField(null=True)),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("reason", models.TextField(default="")),
                ("folded_at", models.DateTimeField()),
                (
                    "team",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "cost_line",
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["team", "booked_on", "id"], name="cost_line_booked"),
                    models.Index(fields=["team", "workflow_id", "environment_id", "hour"], name="cost_line_hour"),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="costmonth",
            constraint=models.UniqueConstraint(fields=("team", "month"), name="cost_month_month"),
        ),
        migrations.AddConstraint(
            model_name="costmonth",
            constraint=models.CheckConstraint(condition=models.Q(("month__day", 1)), name="cost_month_first"),
        ),
        migrations.AddConstraint(
            model_name="costsettings",
            constraint=models.UniqueConstraint(fields=("team",), name="cost_settings_team"),
        ),
        migrations.AddConstraint(
            model_name="discount",
            constraint=models.CheckConstraint(
                condition=models.Q(("percent__gt", 0), ("percent__lte", 100)), name="discount_percent"
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.UniqueConstraint(fields=("team", "currency", "starts_on"), name="exchange_rate_day"),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(condition=models.Q(("usd__gt", 0)), name="exchange_rate_positive"),
        ),
        *(MakeTenantTable(table) for table in _TENANT_TABLES),
        MakeTenantTable(
            "cost_rollup",
            "team_id, grain, dimension, bucket, workflow_id, environment_id, provider_id, model_id, kind, entry, outcome, value_id",
        ),
        AddTeamForeignKey("team_price", "discount_id", "discount"),
        AddTeamForeignKey("cost_month_event", "month_id", "cost_month"),
        migrations.RunSQL(
            "ALTER TABLE cost_due DROP CONSTRAINT cost_due_pkey,"
            " ADD PRIMARY KEY (team_id, workflow_id, environment_id, hour);"
            "CREATE INDEX cost_due_time ON cost_due (due_at);",
            reverse_sql=migrations.RunSQL.noop,
        ),
        *(grant_control_table(table) for table in ("cost_due", "price_revision")),
        *(grant_control_table(table, "SELECT, INSERT, UPDATE") for table in ("book_model", "book_price")),
        migrations.RunSQL(_FILL, reverse_sql=migrations.RunSQL.noop),
    ]
