-- Rollups, one partition a grain, and the marks that say which minutes to compute again.

CREATE TABLE rollup (
    team_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    environment_id bigint NOT NULL,
    value_id bigint NOT NULL,
    bucket timestamptz NOT NULL,
    folded_at timestamptz NOT NULL,
    dimension smallint NOT NULL,
    grain smallint NOT NULL,
    runs bigint NOT NULL,
    unknown bigint NOT NULL,
    queued bigint NOT NULL,
    running bigint NOT NULL,
    waiting bigint NOT NULL,
    skipped bigint NOT NULL,
    cancelled bigint NOT NULL,
    succeeded bigint NOT NULL,
    timed_out bigint NOT NULL,
    failed bigint NOT NULL,
    retries bigint NOT NULL,
    duration_count bigint NOT NULL,
    duration_sum_ms double precision NOT NULL,
    input_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    output_tokens bigint,
    reasoning_tokens bigint,
    unpriced_tokens bigint,
    api_calls bigint,
    peak_memory_bytes bigint,
    storage_bytes bigint,
    cost_usd numeric,
    histogram_bins smallint[] NOT NULL,
    histogram_counts bigint[] NOT NULL,
    PRIMARY KEY (team_id, workflow_id, environment_id, dimension, bucket, value_id, grain)
) PARTITION BY LIST (grain);
CREATE TABLE rollup_minute PARTITION OF rollup FOR VALUES IN (1) WITH (fillfactor = 80);
CREATE TABLE rollup_hour PARTITION OF rollup FOR VALUES IN (2) WITH (fillfactor = 80);
CREATE TABLE rollup_day PARTITION OF rollup FOR VALUES IN (3) WITH (fillfactor = 80);
CREATE TABLE rollup_month PARTITION OF rollup FOR VALUES IN (4) WITH (fillfactor = 80);
-- Whole teams and all workflows at once (dimension 0 only) are read by time.
CREATE INDEX rollup_by_time ON rollup (team_id, grain, bucket) WHERE dimension = 0;
ALTER TABLE rollup ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY team ON rollup USING (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid)
    WITH CHECK (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON rollup TO steadyrun_app;

-- A queue, not customer data: workers read it before a team is known. It holds ids and times only.
-- Rows are only ever added and removed, so a writer never waits for another one or for a fold. Writers add
-- minutes (grain 1); the fold itself adds the days (3) and months (4) that finer grains have outrun.
CREATE TABLE dirty_bucket (
    id bigint GENERATED ALWAYS AS IDENTITY,
    team_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    environment_id bigint NOT NULL,
    minute timestamptz NOT NULL,
    marked_at timestamptz NOT NULL,
    grain smallint NOT NULL DEFAULT 1,
    PRIMARY KEY (team_id, grain, id)
);
CREATE INDEX dirty_bucket_by_time ON dirty_bucket (team_id, grain, minute);
GRANT SELECT, INSERT, UPDATE, DELETE ON dirty_bucket TO steadyrun_app;
