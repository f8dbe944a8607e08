"""Whether a team holds the sample. Additive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_replaced_keys"),
    ]

    operations = [
        migrations.AddField("team", "has_sample", models.BooleanField(db_default=False, default=False)),
    ]
