"""The log of the installation pushed to a SIEM. Additive."""

from django.db import migrations, models

from accounts.operations import grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0017_key_mail"),
    ]

    operations = [
        migrations.CreateModel(
            name="InstallationPlace",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("place", models.BigIntegerField(unique=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "installation_place",
                "indexes": [models.Index(fields=["-at"], name="installation_place_by_time")],
            },
        ),
        migrations.CreateModel(
            name="InstallationStream",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("sent_place", models.BigIntegerField(default=0)),
                ("tries", models.IntegerField(default=0)),
                ("last_success_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=500)),
                ("last_error_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "installation_stream",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="installation_stream_is_one")
                ],
            },
        ),
        grant_control_table("installation_place"),
        grant_control_table("installation_stream"),
    ]
