"""How near executions came to their limits of memory and storage, in figures. Additive: older rows say nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0014_workflow_owner")]

    operations = [
        # Columns without a default only change the catalogue, but they wait for every reader of the table.
        migrations.RunSQL("SET LOCAL lock_timeout = '10s'", migrations.RunSQL.noop),
        migrations.AddField("rollup", "memory_share", models.FloatField(null=True)),
        migrations.AddField("rollup", "storage_share", models.FloatField(null=True)),
    ]
