"""Whether a person has single keys on. Additive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0020_team_has_sample")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="single_keys",
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]
