"""Whether a member gets the weekly review by e-mail. Additive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_release_scope"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="review_chosen_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="membership",
            name="wants_review",
            field=models.BooleanField(null=True),
        ),
    ]
