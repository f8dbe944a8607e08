"""Rates at which workflows are sampled need not be whole numbers, and may vary: from one in so many to one in so many."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0003_facet_ids"),
    ]

    operations = [
        migrations.AlterField(
            model_name="workflow",
            name="sample_rate",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="workflow",
            name="sample_rate_max",
            field=models.FloatField(blank=True, null=True),
        ),
    ]
