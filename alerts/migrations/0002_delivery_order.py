"""Deliveries of one incident keep their order in a channel: what is queued is numbered."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE alert_delivery_position; GRANT USAGE ON SEQUENCE alert_delivery_position TO steadyrun_app",
            "DROP SEQUENCE alert_delivery_position",
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
        migrations.RemoveIndex(model_name="alertdeliverydue", name="alert_delivery_due_of_channel"),
        migrations.AddIndex(
            model_name="alertdeliverydue",
            index=models.Index(fields=["channel_id", "position"], name="alert_delivery_due_in_order"),
        ),
    ]
