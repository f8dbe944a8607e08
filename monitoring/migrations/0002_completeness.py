"""Says of workflows how whole their reports are. Additive: older processes go on writing workflows without it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="workflow",
            name="completeness",
            field=models.CharField(blank=True, db_default="", default="", max_length=16),
        ),
        migrations.AddField(
            model_name="workflow",
            name="completeness_from",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="workflow",
            name="sample_rate",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="workflow",
            index=models.Index(
                condition=models.Q(("completeness", "failures-only")),
                fields=["team", "id"],
                name="workflow_failures_only",
            ),
        ),
    ]
