"""Adds what executions tell of schedules and commits, and the schedule that a member sets. Additive."""

from django.db import migrations, models

_SCHEDULE = (
    ("schedule", models.CharField(blank=True, db_default="", default="", max_length=100)),
    ("schedule_zone", models.CharField(blank=True, db_default="", default="", max_length=64)),
    ("schedule_grace_ms", models.FloatField(blank=True, null=True)),
    ("told_schedule", models.CharField(blank=True, db_default="", default="", max_length=100)),
    ("told_schedule_zone", models.CharField(blank=True, db_default="", default="", max_length=64)),
    ("told_schedule_on", models.DateField(blank=True, null=True)),
)


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0013_weekly_review")]

    operations = [
        *(migrations.AddField("workflow", name, field) for name, field in _SCHEDULE),
        migrations.AddField("execution", "commit_id", models.BigIntegerField(null=True)),
        migrations.AddField(
            "release", "seen_commit", models.CharField(blank=True, db_default="", default="", max_length=100)
        ),
        migrations.AddField("release", "seen_commit_id", models.BigIntegerField(null=True)),
    ]
