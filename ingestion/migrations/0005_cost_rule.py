"""Says for each source which cost of its steps counts where it is told and computed. Additive; the told one as before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingestion", "0004_sampling")]

    operations = [
        migrations.AddField(
            "source",
            "cost_rule",
            models.CharField(
                choices=[("told", "told"), ("computed", "computed")], db_default="told", default="told", max_length=8
            ),
        ),
    ]
