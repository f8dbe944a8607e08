"""Prices by the time of day, and the queue of usage that is rated for the first time. Additive."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.operations import grant_control_table


def _minute(model: str, name: str, value: int) -> migrations.AddField:
    return migrations.AddField(model, name, models.SmallIntegerField(db_default=value, default=value))


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        *(_minute(model, "from_minute", 0) for model in ("bookprice", "teamprice")),
        *(_minute(model, "to_minute", 1440) for model in ("bookprice", "teamprice")),
        migrations.CreateModel(
            name="FirstRating",
            fields=[
                ("provider_id", models.BigIntegerField()),
                ("model_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("requested_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("cursor_hour", models.DateTimeField(null=True)),
                ("cursor_workflow_id", models.UUIDField(null=True)),
                ("cursor_environment_id", models.BigIntegerField(null=True)),
                ("cursor_execution_id", models.UUIDField(null=True)),
                ("hour_count", models.IntegerField(null=True)),
                ("done_count", models.IntegerField(default=0)),
                ("rated_count", models.BigIntegerField(default=0)),
                ("left_count", models.BigIntegerField(default=0)),
                ("finished_at", models.DateTimeField(null=True)),
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
            options={"db_table": "first_rating"},
        ),
        migrations.RunSQL(
            "ALTER TABLE first_rating DROP CONSTRAINT first_rating_pkey,"
            " ADD PRIMARY KEY (team_id, provider_id, model_id);",
            reverse_sql=migrations.RunSQL.noop,
        ),
        grant_control_table("first_rating"),
        # What a price was used for, and the hours that change with it.
        migrations.AddIndex("costline", models.Index(fields=["team", "price_id", "hour"], name="cost_line_price")),
    ]
