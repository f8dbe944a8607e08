"""When the newest report of an execution at work came: what says that one is stuck. Additive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0015_limit_shares")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '10s'", migrations.RunSQL.noop),
        migrations.AddField("execution", "heard_at", models.DateTimeField(null=True)),
    ]
