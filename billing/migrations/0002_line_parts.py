"""Adds the index by which rollups of a workflow on a day find their lines, and the lease of an hour. Additive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.AddIndex(
            "costline",
            models.Index(fields=["team", "workflow_id", "environment_id", "booked_on"], name="cost_line_part"),
        ),
        migrations.AddField("costdue", "leased_until", models.DateTimeField(null=True)),
        # In the order in which hours are claimed, so that a long queue is not sorted for each batch.
        migrations.RunSQL(
            "CREATE INDEX cost_due_order ON cost_due (team_id, due_at, hour DESC, workflow_id, environment_id);",
            reverse_sql="DROP INDEX cost_due_order;",
        ),
    ]
