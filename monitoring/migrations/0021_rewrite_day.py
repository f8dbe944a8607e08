"""How partitions are counted and written anew; why something was not done in the log of retention. Additive."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0020_execution_debug")]

    operations = [
        migrations.AddField(
            model_name="retentionrun",
            name="failure",
            field=models.CharField(blank=True, default="", db_default="", max_length=500),
        ),
        migrations.RunSQL((SQL / "rewrite_day.sql").read_text(), migrations.RunSQL.noop),
    ]
