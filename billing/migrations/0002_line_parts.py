"""Adds the index by which rollups of one workflow on one day find their lines. Additive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.AddIndex(
            "costline",
            models.Index(fields=["team", "workflow_id", "environment_id", "booked_on"], name="cost_line_part"),
        ),
    ]
