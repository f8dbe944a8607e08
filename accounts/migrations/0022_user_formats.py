"""The formats of figures and times that a person chose. Additive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0021_single_keys")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="formats",
            field=models.CharField(blank=True, db_default="", default="", max_length=16),
        ),
    ]
