"""Puts the facets of executions on their rows. Additive; those of older rows stay in their table, and are read there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0023_owner_key")]

    operations = [migrations.AddField("execution", "facets", models.JSONField(null=True))]
