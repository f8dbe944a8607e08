"""What delivery needs: order within an incident, channels that rest, who took an e-mail already."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from accounts.operations import grant_control_table


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE alert_delivery_position; GRANT USAGE ON SEQUENCE alert_delivery_position TO steadyrun_app",
            "DROP SEQUENCE alert_delivery_position",
        ),
        migrations.AddField(
            model_name="alertdelivery",
            name="told",
            field=models.JSONField(default=list),
        ),
        migrations.AddIndex(
            model_name="alertdelivery",
            index=models.Index(fields=["team", "status", "-created_at", "id"], name="alert_delivery_by_status"),
        ),
        migrations.AddField(
            model_name="alertdeliverydue",
            name="incident_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="alertdeliverydue",
            name="position",
            field=models.BigIntegerField(
                db_default=models.Func(models.Value("alert_delivery_position"), function="nextval")
            ),
        ),
        migrations.AddField(
            model_name="alertdeliverydue",
            name="since",
            field=models.DateTimeField(default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.RemoveIndex(model_name="alertdeliverydue", name="alert_delivery_due_of_channel"),
        migrations.AddIndex(
            model_name="alertdeliverydue",
            index=models.Index(fields=["channel_id", "incident_id", "position"], name="alert_delivery_due_in_order"),
        ),
        migrations.CreateModel(
            name="ChannelDue",
            fields=[
                ("channel_id", models.UUIDField(primary_key=True, serialize=False)),
                ("next_at", models.DateTimeField()),
                ("failures", models.IntegerField(default=0)),
                ("claimed_until", models.DateTimeField(null=True)),
                ("repeat_at", models.DateTimeField(null=True)),
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
                "db_table": "channel_due",
                "indexes": [models.Index(fields=["next_at"], name="channel_due_by_time")],
            },
        ),
        grant_control_table("channel_due"),
    ]
