"""The statements of `bench.multiplying`: rows of copies from rows of first ones, and hours added up.

Copies are arrays of the same order: `ids`, `firsts` (what each is made of, anchored on `first_days`), `names`, `copies`
(which copy it is), `days` that they are anchored on, and `step_ids`, `steps` of each. `sources` are all days that first
ones are anchored on.
"""

from typing import Any

from monitoring.store.rollup_sql import COUNT_COLUMNS, KEY, PEAK_COLUMNS, SUM_FINER, USAGE_COLUMNS

_COLUMNS = """SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s
    AND is_generated = 'NEVER' ORDER BY ordinal_position"""
_COPY = """unnest(%(ids)s::uuid[], %(firsts)s::uuid[], %(first_days)s::date[], %(names)s::text[],
    %(copies)s::int[], %(days)s::date[]) WITH ORDINALITY AS c(id, first_id, first_day, name, copy, day, place)"""
_DELTA = "((c.day - c.first_day) * interval '1 day' + c.copy * interval '1 microsecond')"
_OF_EXECUTION = {
    "id": "c.id",
    "origin_id": "c.id",
    "external_id": "c.name",
    "started_at": f"f.started_at + {_DELTA}",
    "told_finished_at": f"f.told_finished_at + {_DELTA}",
    "anchor_day": "c.day",
}
_STEP_ID = "(%(step_ids)s::bigint[])[(c.place - 1) * %(steps)s + {position} + 1]"
_OF_STEP = {
    "execution_id": "c.id",
    "id": _STEP_ID.format(position="f.position"),
    "parent_id": f"CASE WHEN f.parent_id IS NOT NULL THEN {_STEP_ID.format(position='0')} END",
    "started_at": f"f.started_at + {_DELTA}",
    "ended_at": f"f.ended_at + {_DELTA}",
    "anchor_day": "c.day",
}


def executions_sql(cursor: Any) -> str:
    """The rows of executions: every column as the first one has it, but for what is its own."""
    names, values = _columns(cursor, "execution", _OF_EXECUTION)
    return f"""INSERT INTO execution ({names}) SELECT {values} FROM {_COPY}
        JOIN execution f ON f.team_id = %(team)s AND f.id = c.first_id ORDER BY f.started_at + {_DELTA}"""


def steps_sql(cursor: Any) -> str:
    """The rows of steps, in the order of their executions."""
    names, values = _columns(cursor, "step", _OF_STEP)
    return f"""INSERT INTO step ({names}) SELECT {values} FROM {_COPY}
        JOIN step f ON f.team_id = %(team)s AND f.execution_id = c.first_id AND f.anchor_day = c.first_day
            AND f.anchor_day = ANY(%(sources)s::date[]) AND f.retention_class = 0 ORDER BY c.place, f.position"""


def _columns(cursor: Any, table: str, own: dict[str, str]) -> tuple[str, str]:
    cursor.execute(_COLUMNS, [table])
    names = [name for (name,) in cursor.fetchall()]
    return ", ".join(names), ", ".join(own.get(name, f"f.{name}") for name in names)


PAYLOADS = """INSERT INTO payload (team_id, execution_id, digest, retention_class, anchor_day, body)
SELECT %(team)s, id, digest, 0, day, body
FROM unnest(%(ids)s::uuid[], %(digests)s::bigint[], %(days)s::date[], %(bodies)s::bytea[])
    AS c(id, digest, day, body)"""

# Figures of whole days, `times` times, moved by `shifts` days within the ring of days. Peaks stay what they are.
_TIMES = ", ".join(f"r.{name} * c.times AS {name}" for name in (*COUNT_COLUMNS, "duration_sum_ms", *USAGE_COLUMNS))
_SAME = ", ".join(f"r.{name}" for name in PEAK_COLUMNS)
_FIGURES = ", ".join((*COUNT_COLUMNS, "duration_sum_ms", *USAGE_COLUMNS, *PEAK_COLUMNS, "cost_usd"))
_PLACE = "floor(extract(epoch FROM r.bucket - %(since)s) / 86400)::int"
_MOVED = f"r.bucket + (({_PLACE} + c.shift) %% %(days)s - {_PLACE}) * interval '1 day'"
HOURS = f"""
WITH copy AS (SELECT * FROM unnest(%(shifts)s::int[], %(times)s::int[]) AS c(shift, times)),
moved AS NOT MATERIALIZED (
    SELECT r.workflow_id, r.environment_id, {_MOVED} AS bucket, r.dimension, r.value_id, {_TIMES}, {_SAME},
        r.cost_usd * c.times AS cost_usd, c.times AS copies, r.histogram_bins, r.histogram_counts
    FROM rollup r CROSS JOIN copy c
    WHERE r.team_id = %(team)s AND r.grain = 2 AND r.workflow_id = %(workflow)s
),
summed AS (SELECT {KEY}, {SUM_FINER} FROM moved GROUP BY {KEY}),
histogram AS (
    SELECT {KEY}, array_agg(bin ORDER BY bin) AS bins, array_agg(times ORDER BY bin) AS times FROM (
        SELECT {KEY}, h.bin, sum(h.times * copies)::bigint AS times
        FROM moved CROSS JOIN LATERAL unnest(histogram_bins, histogram_counts) AS h(bin, times) GROUP BY {KEY}, h.bin
    ) AS counted GROUP BY {KEY}
)
INSERT INTO rollup AS old (team_id, grain, folded_at, {KEY}, {_FIGURES}, histogram_bins, histogram_counts)
SELECT %(team)s, 2, %(now)s, {KEY}, {_FIGURES}, COALESCE(h.bins, '{{}}'), COALESCE(h.times, '{{}}')
FROM summed FULL JOIN histogram h USING ({KEY})
ON CONFLICT (team_id, workflow_id, environment_id, dimension, bucket, value_id, grain) DO UPDATE SET
    folded_at = EXCLUDED.folded_at, histogram_bins = EXCLUDED.histogram_bins,
    histogram_counts = EXCLUDED.histogram_counts, {", ".join(f"{n} = EXCLUDED.{n}" for n in _FIGURES.split(", "))}
"""
MINUTE_MARKS = """INSERT INTO dirty_bucket (team_id, workflow_id, environment_id, minute, marked_at)
SELECT DISTINCT team_id, workflow_id, environment_id, date_trunc('minute', counted_at), %(now)s FROM execution
WHERE team_id = %(team)s AND counted_at >= %(floor)s"""
DAY_MARKS = """INSERT INTO dirty_bucket (team_id, workflow_id, environment_id, minute, marked_at, grain)
SELECT DISTINCT team_id, workflow_id, environment_id, date_trunc('day', bucket), %(now)s, 3 FROM rollup
WHERE team_id = %(team)s AND grain = 2 AND dimension = 0"""
SEEN = (
    """UPDATE failure_group g SET first_seen_at = e.first, last_seen_at = e.last FROM (
        SELECT failure_group_id AS id, min(counted_at) AS first, max(counted_at) AS last FROM execution
        WHERE team_id = %(team)s AND failure_group_id IS NOT NULL GROUP BY 1
    ) e WHERE g.team_id = %(team)s AND g.id = e.id""",
    """UPDATE release r SET first_seen_at = e.first FROM (
        SELECT workflow_id, release_id, min(counted_at) AS first FROM execution
        WHERE team_id = %(team)s AND release_id IS NOT NULL GROUP BY 1, 2
    ) e WHERE r.team_id = %(team)s AND r.workflow_id = e.workflow_id AND r.name_id = e.release_id""",
)
