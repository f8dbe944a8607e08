"""A scope for keys that change prices, budgets and costs."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_groups_and_alert_scope"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="apikey",
            name="api_key_scopes_known",
        ),
        migrations.AlterField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("ingest", "Report executions"),
                        ("read", "Read figures and executions"),
                        ("classify", "Decide about failures and improvements"),
                        ("release", "Announce releases"),
                        ("alert", "Change alert rules, channels and incidents"),
                        ("cost", "Change prices, budgets and costs"),
                    ],
                    max_length=16,
                ),
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("scopes__contained_by", ["ingest", "read", "classify", "release", "alert", "cost"])
                ),
                name="api_key_scopes_known",
            ),
        ),
    ]
