"""Rules may look at budgets."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0007_incidents_of_rule")]

    operations = [
        migrations.RemoveConstraint(
            model_name="alertrule",
            name="alert_rule_scope_known",
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "scope__in",
                        [
                            "",
                            "workflow",
                            "step",
                            "model",
                            "provider",
                            "system",
                            "tool",
                            "release",
                            "trigger",
                            "error",
                            "input",
                            "source",
                            "budget",
                        ],
                    )
                ),
                name="alert_rule_scope_known",
            ),
        ),
    ]
