"""Finds debug executions that are due, among many of production; those are found by when they count. Additive."""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("monitoring", "0019_retention")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS execution_debug ON execution (team_id, anchor_day) "
            "WHERE retention_class = 1",
            migrations.RunSQL.noop,
        )
    ]
