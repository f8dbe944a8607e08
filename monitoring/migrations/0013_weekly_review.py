"""Makes the queue of weekly reviews to send by e-mail. Additive."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.operations import grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_weekly_review"),
        ("monitoring", "0012_improvements"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReviewMail",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("week", models.DateField()),
                ("made_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("tries", models.IntegerField(default=0)),
                ("last_error", models.CharField(blank=True, max_length=200)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "review_mail",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="review_mail_due"
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("team", "user", "week"), name="review_mail_once")],
            },
        ),
        grant_control_table("review_mail"),
    ]
