"""Whether somebody resolved an incident by hand. Additive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0005_default_rules")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="is_resolved_by_hand",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
