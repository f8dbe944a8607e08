"""Teams can be suspended; administrators can see a team as one of its members do."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.operations import grant_control_table


class Migration(migrations.Migration):
    """A table, and three columns that the former release need not know."""

    dependencies = [("accounts", "0012_sign_in")]

    operations = [
        migrations.AddField("team", "suspended_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            "team", "suspended_because", models.CharField(blank=True, db_default="", default="", max_length=500)
        ),
        migrations.AddField("team", "shows_payloads_to_staff", models.BooleanField(db_default=False, default=False)),
        migrations.CreateModel(
            name="Impersonation",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("reason", models.CharField(max_length=500)),
                ("began_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("page_count", models.IntegerField(default=0)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
                    ),
                ),
            ],
            options={
                "db_table": "impersonation",
                "permissions": [("impersonate", "Can see a team as one of its members")],
                "indexes": [models.Index(fields=["-began_at", "id"], name="impersonation_by_time")],
            },
        ),
        grant_control_table("impersonation"),
    ]
