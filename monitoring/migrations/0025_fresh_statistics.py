"""Has PostgreSQL look again at tables of many teams after some thousand new rows, not after a tenth of all. No lock that
readers or writers feel.

A team that is not in the statistics yet counts as one row: indexes look alike then, and what is joined for each of its
first thousands of rows reads all of them each time.
"""

from django.db import migrations

TABLES = ("execution", "rollup_minute", "rollup_hour", "rollup_day", "rollup_month")
AFTER_ROWS = 10_000

SET = f"SET (autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = {AFTER_ROWS})"
RESET = "RESET (autovacuum_analyze_scale_factor, autovacuum_analyze_threshold)"


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0024_execution_facets")]

    operations = [migrations.RunSQL(f"ALTER TABLE {table} {SET}", f"ALTER TABLE {table} {RESET}") for table in TABLES]
