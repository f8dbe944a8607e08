"""An index, built while others write; and the check is validated."""

from django.db import migrations


class Migration(migrations.Migration):
    """Outside a transaction."""

    atomic = False
    dependencies = [("faults_extra", "0002_check")]
    operations = [
        migrations.RunSQL(
            ["CREATE INDEX CONCURRENTLY faults_index ON execution (team_id, faults_count, id)"],
            ["DROP INDEX CONCURRENTLY faults_index"],
        ),
        migrations.RunSQL(["ALTER TABLE execution VALIDATE CONSTRAINT faults_check"], migrations.RunSQL.noop),
    ]
