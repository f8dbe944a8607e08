"""Adds what steps cost at which price, and the parts of usage that few tell. Additive; NULL says nothing about older rows."""

from django.db import migrations, models

import monitoring.models.money


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0017_told_schedule")]

    operations = [
        migrations.AddField("step", "told_cost_usd", monitoring.models.money.UsdField(null=True)),
        migrations.AddField("step", "priced_cost_usd", monitoring.models.money.UsdField(null=True)),
        migrations.AddField("step", "price_id", models.BigIntegerField(null=True)),
        migrations.AddField("step", "usage_detail", models.JSONField(null=True)),
        migrations.AddField("step", "is_covered", models.BooleanField(db_default=False, default=False)),
    ]
