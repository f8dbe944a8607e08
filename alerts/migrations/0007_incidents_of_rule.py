"""An index by which a rule finds its incidents, latest first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0006_incident_by_hand")]

    operations = [
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["team", "rule", "-opened_at", "id"], name="incident_of_rule"),
        ),
    ]
