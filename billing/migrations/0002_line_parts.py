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
    ]
