"""Summaries of cost rollups, and an index for one workflow over months."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_cost_scope"),
        ("billing", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="costrollup",
            name="dimension",
            field=models.SmallIntegerField(
                choices=[
                    (0, "all"),
                    (1, "release"),
                    (2, "node"),
                    (3, "tag"),
                    (4, "external system"),
                    (5, "models"),
                    (6, "workflows"),
                ]
            ),
        ),
        migrations.AddIndex(
            model_name="costrollup",
            index=models.Index(
                fields=["team", "workflow_id", "grain", "dimension", "bucket"], name="cost_rollup_workflow"
            ),
        ),
    ]
