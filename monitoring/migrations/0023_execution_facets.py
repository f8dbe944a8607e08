"""Puts the facets of executions on their rows. Additive; those of older rows stay in their table, and are read there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0022_saved_views")]

    operations = [migrations.AddField("execution", "facets", models.JSONField(null=True))]
