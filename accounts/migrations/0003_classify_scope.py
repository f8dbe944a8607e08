"""Lets API keys have the scope `classify`."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_grants")]

    operations = [
        migrations.AlterField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("ingest", "Report executions"),
                        ("read", "Read figures and executions"),
                        ("classify", "Decide about the causes of failures"),
                    ],
                    max_length=16,
                ),
                size=None,
            ),
        ),
        migrations.RemoveConstraint(model_name="apikey", name="api_key_scopes_known"),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(("scopes__contained_by", ["ingest", "read", "classify"])),
                name="api_key_scopes_known",
            ),
        ),
    ]
