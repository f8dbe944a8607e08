-- Held executions have a partition of their own, so that the days they came from can be dropped.
CREATE TABLE step_held PARTITION OF step FOR VALUES FROM (2, MINVALUE) TO (2, MAXVALUE);
CREATE TABLE payload_held PARTITION OF payload FOR VALUES FROM (2, MINVALUE) TO (2, MAXVALUE);
CREATE TABLE log_line_held PARTITION OF log_line FOR VALUES FROM (2, MINVALUE) TO (2, MAXVALUE);
CREATE TABLE facet_held PARTITION OF facet FOR VALUES FROM (2, MINVALUE) TO (2, MAXVALUE);

-- Removes the partitions of these days, or with `keeps` empties them and leaves them in place: records may still come.
CREATE FUNCTION steadyrun_clear_days(parent text, class smallint, days date[], keeps boolean) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    child text;
    day date;
    cleared integer := 0;
BEGIN
    IF parent NOT IN ('step', 'payload', 'log_line', 'facet') OR class NOT IN (0, 1) THEN
        RAISE EXCEPTION 'refused: % of class %', parent, class;
    END IF;
    SET LOCAL lock_timeout = '5s';
    PERFORM pg_advisory_xact_lock(7310001);
    FOREACH day IN ARRAY days LOOP
        child := format('%s_%s_%s', parent, CASE class WHEN 0 THEN 'p' ELSE 'd' END, to_char(day, 'YYYYMMDD'));
        CONTINUE WHEN to_regclass('public.' || child) IS NULL;
        EXECUTE format(CASE WHEN keeps THEN 'TRUNCATE public.%I' ELSE 'DROP TABLE public.%I' END, child);
        cleared := cleared + 1;
    END LOOP;
    RETURN cleared;
END $$;

-- Writes a partition anew without its dead rows; the bytes that the file system got back. Readers go on until the end.
CREATE FUNCTION steadyrun_compact_day(parent text, class smallint, day date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    child text := format('%s_%s_%s', parent, CASE class WHEN 0 THEN 'p' ELSE 'd' END, to_char(day, 'YYYYMMDD'));
    fresh text := child || '_new';
    fields text;
    before bigint;
BEGIN
    IF parent NOT IN ('step', 'payload', 'log_line', 'facet') OR class NOT IN (0, 1) THEN
        RAISE EXCEPTION 'refused: % of class %', parent, class;
    END IF;
    SET LOCAL lock_timeout = '5s';
    PERFORM pg_advisory_xact_lock(7310001);
    IF to_regclass('public.' || child) IS NULL THEN
        RETURN 0;
    END IF;
    EXECUTE format('LOCK TABLE public.%I IN SHARE MODE', child);
    before := pg_total_relation_size(to_regclass('public.' || child));
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO fields FROM pg_attribute
        WHERE attrelid = to_regclass('public.' || child) AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', fresh, parent);
    EXECUTE format('INSERT INTO public.%I (%s) SELECT %s FROM public.%I', fresh, fields, fields, child);
    -- Proves the bounds, so that attaching need not read the rows while others wait.
    EXECUTE format(
        'ALTER TABLE public.%I ADD CONSTRAINT bounds CHECK (retention_class IS NOT NULL AND anchor_day IS NOT NULL '
        'AND retention_class = %s AND anchor_day >= %L AND anchor_day < %L)', fresh, class, day, day + 1);
    EXECUTE format('DROP TABLE public.%I', child);
    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', fresh, child);
    EXECUTE format(
        'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%s, %L) TO (%s, %L)',
        parent, child, class, day, class, day + 1);
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT bounds', child);
    RETURN before - pg_total_relation_size(to_regclass('public.' || child));
END $$;

REVOKE ALL ON FUNCTION steadyrun_clear_days(text, smallint, date[], boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION steadyrun_compact_day(text, smallint, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION steadyrun_clear_days(text, smallint, date[], boolean) TO steadyrun_app;
GRANT EXECUTE ON FUNCTION steadyrun_compact_day(text, smallint, date) TO steadyrun_app;
