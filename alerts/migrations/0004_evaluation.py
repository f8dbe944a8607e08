"""When rules were evaluated last. Additive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0003_incident_grouping")]

    operations = [
        migrations.AddField(
            model_name="ruledue",
            name="evaluated_at",
            field=models.DateTimeField(null=True),
        ),
    ]
