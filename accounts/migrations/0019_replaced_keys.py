"""When a key was replaced by a newer one. Additive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0018_installation_stream"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="replaced_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
