"""What a release may do to tables in use (docs/migrations.md): columns, nullable or with a default of the database."""

from django.db import migrations

TABLES = ("execution", "step", "payload", "log_line", "source_receipt", "dirty_bucket", "rollup", "source")


class Migration(migrations.Migration):
    """A column on each table that every request reads or writes."""

    initial = True
    dependencies = [("ingestion", "0001_initial"), ("monitoring", "0001_initial")]
    operations = [
        migrations.RunSQL(
            [f"ALTER TABLE {table} ADD COLUMN faults_note text, ADD COLUMN faults_count int NOT NULL DEFAULT 7"],
            [f"ALTER TABLE {table} DROP COLUMN faults_note, DROP COLUMN faults_count"],
        )
        for table in TABLES
    ]
