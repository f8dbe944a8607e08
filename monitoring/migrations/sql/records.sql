-- Records: the narrow execution row, and the tables that are partitioned by retention class and anchor day.
-- Keys start with the team. Fact tables carry no foreign keys: the writer and the nightly check guard them.

CREATE TABLE label (
    team_id uuid NOT NULL,
    id bigint NOT NULL,
    kind smallint NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (team_id, id)
);
CREATE INDEX label_by_value ON label (team_id, kind, left(value, 200));

CREATE TABLE execution (
    team_id uuid NOT NULL,
    id uuid NOT NULL,
    origin_id uuid NOT NULL,
    parent_execution_id uuid,
    workflow_id uuid,
    release_id bigint,
    environment_id bigint NOT NULL,
    trigger_id bigint,
    input_type_id bigint,
    started_at timestamptz,
    told_finished_at timestamptz,
    -- Told, or the start plus the told duration once the execution has ended. (to_timestamp, because adding an
    -- interval to a timestamptz, or its epoch, depends on the session and may not be stored.)
    finished_at timestamptz GENERATED ALWAYS AS (
        COALESCE(told_finished_at, CASE WHEN status BETWEEN 4 AND 8 THEN
            to_timestamp(EXTRACT(EPOCH FROM started_at - '1970-01-01 00:00:00+00')::double precision
                + told_duration_ms / 1000) END)
    ) STORED,
    placed_at timestamptz,
    received_at timestamptz NOT NULL,
    told_duration_ms double precision CHECK (told_duration_ms >= 0),
    duration_ms double precision GENERATED ALWAYS AS (
        COALESCE(told_duration_ms, CASE WHEN told_finished_at < started_at THEN 0
            ELSE EXTRACT(EPOCH FROM told_finished_at - started_at)::double precision * 1000 END)
    ) STORED,
    counted_at timestamptz NOT NULL GENERATED ALWAYS AS (
        COALESCE(told_finished_at, CASE WHEN status BETWEEN 4 AND 8 THEN
            to_timestamp(EXTRACT(EPOCH FROM started_at - '1970-01-01 00:00:00+00')::double precision
                + told_duration_ms / 1000) END,
            started_at, placed_at, received_at)
    ) STORED,
    error_id bigint,
    told_error_id bigint,
    failed_node_id bigint,
    failure_group_id uuid,
    input_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    output_tokens bigint,
    reasoning_tokens bigint,
    unpriced_tokens bigint,
    api_call_count bigint,
    peak_memory_bytes bigint,
    memory_limit_bytes bigint,
    storage_bytes bigint,
    storage_limit_bytes bigint,
    anchor_day date NOT NULL,
    step_count integer NOT NULL DEFAULT 0,
    failed_step_count integer NOT NULL DEFAULT 0,
    retry_count integer NOT NULL DEFAULT 0,
    attempt smallint NOT NULL DEFAULT 1,
    retention_class smallint NOT NULL DEFAULT 0,
    status smallint NOT NULL DEFAULT 0,
    clock smallint NOT NULL DEFAULT 0,
    is_imported boolean NOT NULL DEFAULT false,
    steps_tell smallint NOT NULL DEFAULT 0,
    cost_usd numeric,
    told_cost_usd numeric,
    told_tokens jsonb,
    external_id text NOT NULL,
    error text,
    url text,
    revisions jsonb,
    PRIMARY KEY (team_id, id)
) WITH (fillfactor = 90);
CREATE INDEX execution_by_workflow ON execution (team_id, workflow_id, counted_at, id);
CREATE INDEX execution_by_time ON execution (team_id, counted_at, id);
-- Counting failures reads the index alone.
CREATE INDEX execution_failed ON execution (team_id, workflow_id, counted_at, id) INCLUDE (environment_id, status)
    WHERE status IN (7, 8);
CREATE INDEX execution_active ON execution (team_id, workflow_id) WHERE status IN (1, 2, 3);
CREATE INDEX execution_again ON execution (team_id, origin_id) WHERE origin_id <> id;
CREATE INDEX execution_children ON execution (team_id, parent_execution_id) WHERE parent_execution_id IS NOT NULL;
CREATE INDEX execution_in_group ON execution (team_id, failure_group_id, counted_at) WHERE failure_group_id IS NOT NULL;
CREATE INDEX execution_imported ON execution (team_id, anchor_day) WHERE is_imported;

CREATE TABLE step (
    team_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    id bigint NOT NULL,
    parent_id bigint,
    node_id bigint,
    kind_id bigint,
    started_at timestamptz,
    ended_at timestamptz,
    told_duration_ms double precision CHECK (told_duration_ms >= 0),
    duration_ms double precision GENERATED ALWAYS AS (
        COALESCE(told_duration_ms, CASE WHEN ended_at < started_at THEN 0
            ELSE EXTRACT(EPOCH FROM ended_at - started_at)::double precision * 1000 END)
    ) STORED,
    error_id bigint,
    provider_id bigint,
    model_id bigint,
    tool_id bigint,
    system_id bigint,
    input_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    output_tokens bigint,
    reasoning_tokens bigint,
    anchor_day date NOT NULL,
    position integer,
    attempt smallint NOT NULL DEFAULT 1,
    retention_class smallint NOT NULL,
    status smallint,
    cost_usd numeric,
    error text,
    revisions jsonb,
    PRIMARY KEY (team_id, execution_id, id, retention_class, anchor_day)
) PARTITION BY RANGE (retention_class, anchor_day);

CREATE TABLE payload (
    team_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    digest bigint NOT NULL,
    anchor_day date NOT NULL,
    retention_class smallint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (team_id, execution_id, digest, retention_class, anchor_day)
) PARTITION BY RANGE (retention_class, anchor_day);
-- The bodies are compressed by the application already.
ALTER TABLE payload ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE log_line (
    team_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    id bigint NOT NULL,
    step_id bigint,
    logged_at timestamptz,
    position integer,
    anchor_day date NOT NULL,
    retention_class smallint NOT NULL,
    level text,
    message text NOT NULL,
    PRIMARY KEY (team_id, execution_id, id, retention_class, anchor_day)
) PARTITION BY RANGE (retention_class, anchor_day);

CREATE TABLE facet (
    team_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    key_id bigint NOT NULL,
    anchor_day date NOT NULL,
    retention_class smallint NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (team_id, execution_id, key_id, value, retention_class, anchor_day)
) PARTITION BY RANGE (retention_class, anchor_day);

ALTER TABLE label ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY team ON label USING (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid)
    WITH CHECK (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON label TO steadyrun_app;

ALTER TABLE execution ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY team ON execution USING (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid)
    WITH CHECK (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON execution TO steadyrun_app;

ALTER TABLE step ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY team ON step USING (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid)
    WITH CHECK (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON step TO steadyrun_app;

ALTER TABLE payload ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY team ON payload USING (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid)
    WITH CHECK (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON payload TO steadyrun_app;

ALTER TABLE log_line ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY team ON log_line USING (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid)
    WITH CHECK (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON log_line TO steadyrun_app;

ALTER TABLE facet ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY team ON facet USING (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid)
    WITH CHECK (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON facet TO steadyrun_app;

-- Days whose records retention has removed: later reports for them are refused, their figures stay.
CREATE TABLE sealed_day (
    team_id uuid NOT NULL,
    retention_class smallint NOT NULL,
    day date NOT NULL,
    sealed_at timestamptz NOT NULL,
    PRIMARY KEY (team_id, retention_class, day)
);
ALTER TABLE sealed_day ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY team ON sealed_day USING (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid)
    WITH CHECK (team_id = NULLIF(current_setting('app.team_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON sealed_day TO steadyrun_app;
