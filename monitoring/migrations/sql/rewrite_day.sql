-- Which teams have rows in the partitions of these days: one look into the index for each of them.
CREATE FUNCTION steadyrun_teams_of_days(parent text, class smallint, days date[]) RETURNS TABLE (on_day date, team uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    child text;
BEGIN
    IF parent NOT IN ('step', 'payload', 'log_line', 'facet') OR class NOT IN (0, 1) THEN
        RAISE EXCEPTION 'refused: % of class %', parent, class;
    END IF;
    FOREACH on_day IN ARRAY days LOOP
        child := format('%s_%s_%s', parent, CASE class WHEN 0 THEN 'p' ELSE 'd' END, to_char(on_day, 'YYYYMMDD'));
        CONTINUE WHEN to_regclass('public.' || child) IS NULL;
        team := NULL;
        LOOP
            EXECUTE format(
                'SELECT team_id FROM public.%I WHERE team_id > $1::uuid ORDER BY team_id LIMIT 1', child)
                INTO team USING coalesce(team, '00000000-0000-0000-0000-000000000000');
            EXIT WHEN team IS NULL;
            RETURN NEXT;
        END LOOP;
    END LOOP;
END $$;

-- How many rows each team has in a partition; `pages` (of 8 kB) are read at most, and the rest is estimated from them.
CREATE FUNCTION steadyrun_rows_of_day(parent text, class smallint, day date, pages integer)
RETURNS TABLE (team uuid, row_count bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    child text := format('%s_%s_%s', parent, CASE class WHEN 0 THEN 'p' ELSE 'd' END, to_char(day, 'YYYYMMDD'));
    share numeric;
BEGIN
    IF parent NOT IN ('step', 'payload', 'log_line', 'facet') OR class NOT IN (0, 1) THEN
        RAISE EXCEPTION 'refused: % of class %', parent, class;
    END IF;
    IF to_regclass('public.' || child) IS NULL THEN
        RETURN;
    END IF;
    share := least(1, pages * 8192.0 / greatest(1, pg_relation_size(to_regclass('public.' || child))));
    RETURN QUERY EXECUTE format(
        'SELECT team_id, (count(*) / %s)::bigint FROM public.%I %s GROUP BY 1', share, child,
        CASE WHEN share < 1 THEN format('TABLESAMPLE SYSTEM (%s) REPEATABLE (0)', 100 * share) ELSE '' END);
END $$;

-- Writes a partition anew without the rows of some teams; the bytes that the file system got back. Reports for this day
-- wait meanwhile, readers go on until the end. After each part it pauses for `pause` times as long as that part took.
CREATE FUNCTION steadyrun_rewrite_day(parent text, class smallint, day date, gone uuid[], pause double precision)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    child text := format('%s_%s_%s', parent, CASE class WHEN 0 THEN 'p' ELSE 'd' END, to_char(day, 'YYYYMMDD'));
    fresh text := child || '_new';
    fields text;
    before bigint;
    pages bigint;
    part bigint;
    place bigint := 0;
    began timestamptz;
    one record;
BEGIN
    IF parent NOT IN ('step', 'payload', 'log_line', 'facet') OR class NOT IN (0, 1) THEN
        RAISE EXCEPTION 'refused: % of class %', parent, class;
    END IF;
    SET LOCAL lock_timeout = '5s';
    IF to_regclass('public.' || child) IS NULL THEN
        RETURN 0;
    END IF;
    EXECUTE format('LOCK TABLE public.%I IN SHARE ROW EXCLUSIVE MODE', child);
    before := pg_total_relation_size(to_regclass('public.' || child));
    pages := pg_relation_size(to_regclass('public.' || child)) / 8192;
    -- Parts of about 8 MB with what is stored beside the rows and with their indexes.
    part := greatest(1, 1024 * pages / greatest(1, before / 8192));
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO fields FROM pg_attribute
        WHERE attrelid = to_regclass('public.' || child) AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL EXCLUDING INDEXES)', fresh, parent);
    -- Proves the bounds, so that attaching need not read the rows while others wait.
    EXECUTE format(
        'ALTER TABLE public.%I ADD CONSTRAINT bounds CHECK (retention_class IS NOT NULL AND anchor_day IS NOT NULL '
        'AND retention_class = %s AND anchor_day >= %L AND anchor_day < %L)', fresh, class, day, day + 1);
    WHILE place < pages LOOP
        began := clock_timestamp();
        EXECUTE format(
            'INSERT INTO public.%I (%s) SELECT %s FROM public.%I WHERE ctid >= %L AND ctid < %L AND team_id <> ALL ($1)',
            fresh, fields, fields, child, format('(%s,0)', place), format('(%s,0)', place + part)) USING gone;
        place := place + part;
        PERFORM pg_sleep(pause * extract(epoch FROM clock_timestamp() - began));
    END LOOP;
    -- An index that is built at the end costs a part of one that grows row by row; attaching takes it as it is.
    FOR one IN
        SELECT pg_get_indexdef(i.indexrelid) AS told, pg_get_constraintdef(c.oid) AS key
        FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
        WHERE i.indrelid = to_regclass('public.' || parent) ORDER BY i.indexrelid
    LOOP
        began := clock_timestamp();
        IF one.key IS NOT NULL THEN
            EXECUTE format('ALTER TABLE public.%I ADD %s', fresh, one.key);
        ELSE
            EXECUTE format('CREATE INDEX ON public.%I %s', fresh, substring(one.told FROM ' (USING .*)$'));
        END IF;
        PERFORM pg_sleep(pause * extract(epoch FROM clock_timestamp() - began));
    END LOOP;
    PERFORM pg_advisory_xact_lock(7310001);
    EXECUTE format('DROP TABLE public.%I', child);
    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', fresh, child);
    EXECUTE format(
        'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%s, %L) TO (%s, %L)',
        parent, child, class, day, class, day + 1);
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT bounds', child);
    RETURN before - pg_total_relation_size(to_regclass('public.' || child));
END $$;

REVOKE ALL ON FUNCTION steadyrun_teams_of_days(text, smallint, date[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION steadyrun_rows_of_day(text, smallint, date, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION steadyrun_rewrite_day(text, smallint, date, uuid[], double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION steadyrun_teams_of_days(text, smallint, date[]) TO steadyrun_app;
GRANT EXECUTE ON FUNCTION steadyrun_rows_of_day(text, smallint, date, integer) TO steadyrun_app;
GRANT EXECUTE ON FUNCTION steadyrun_rewrite_day(text, smallint, date, uuid[], double precision) TO steadyrun_app;
