"""Rows of what each workflow cost by month to date, made for the days that there are. Additive."""

from typing import Any

from django.db import migrations, models

_FIGURES = (
    *("lines", "calls", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"),
    *("reasoning_tokens", "unpriced_tokens"),
)
_MONEY = ("quantity", "cost_usd", "told_usd", "priced_usd", "list_usd", "difference_usd")
_NAMES = ", ".join((*_FIGURES, *_MONEY))
# From the rows of no further dimension, as the fold makes them; sums of a day first, as a day has several of a key.
_FILL = f"""
INSERT INTO cost_rollup (team_id, grain, bucket, dimension, workflow_id, environment_id, provider_id, model_id, kind,
    entry, outcome, value_id, {_NAMES}, folded_at)
SELECT %(team)s, 3, bucket, 7, workflow_id, environment_id, 0, 0, -1, entry, outcome, 0,
    {", ".join((*(f"(sum({name}) OVER run)::bigint" for name in _FIGURES), *(f"sum({name}) OVER run" for name in _MONEY)))},
    now()
FROM (
    SELECT bucket, workflow_id, environment_id, entry, outcome, {", ".join(f"sum({n}) AS {n}" for n in (*_FIGURES, *_MONEY))}
    FROM cost_rollup WHERE team_id = %(team)s AND grain = 3 AND dimension = 0
    GROUP BY bucket, workflow_id, environment_id, entry, outcome
) AS of_day
WINDOW run AS (
    PARTITION BY date_trunc('month', bucket), workflow_id, environment_id, entry, outcome ORDER BY bucket
)
"""


def fill(apps: Any, schema_editor: Any) -> None:
    """Team by team: row-level security holds for the owner of the table, too."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id FROM accounts_team ORDER BY id")
        for (team,) in cursor.fetchall():
            cursor.execute("SELECT set_config('app.team_id', %s, true)", [str(team)])
            cursor.execute(_FILL, {"team": team})
        cursor.execute("SELECT set_config('app.team_id', '', true)")


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_budgets")]

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
                    (7, "workflows to date"),
                ]
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
