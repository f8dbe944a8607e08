"""Mails that tell that an API key ends. Additive."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.operations import grant_control_table

GOES = {"on_delete": django.db.models.deletion.CASCADE, "related_name": "+"}


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_streams_and_key_limits"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeyMail",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("key_id", models.UUIDField()),
                ("days", models.PositiveSmallIntegerField()),
                ("made_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("tries", models.IntegerField(default=0)),
                ("last_error", models.CharField(blank=True, max_length=200)),
                ("team", models.ForeignKey(db_index=False, to="accounts.team", **GOES)),
                ("user", models.ForeignKey(to=settings.AUTH_USER_MODEL, **GOES)),
            ],
            options={
                "db_table": "key_mail",
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="key_mail_due")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "key_id", "user", "days"), name="key_mail_once")
                ],
            },
        ),
        grant_control_table("key_mail"),
    ]
