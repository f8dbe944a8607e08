-- Partitions are made and dropped by functions of the owner: the application owns nothing.

CREATE FUNCTION steadyrun_make_partitions(first_day date, last_day date, class smallint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    parent text;
    child text;
    made integer := 0;
    day date;
BEGIN
    IF class NOT IN (0, 1) OR last_day - first_day > 4000 OR first_day < '1970-01-01' OR last_day > '2110-01-01' THEN
        RAISE EXCEPTION 'refused: class % from % to %', class, first_day, last_day;
    END IF;
    PERFORM pg_advisory_xact_lock(7310001);
    FOREACH parent IN ARRAY ARRAY['step', 'payload', 'log_line', 'facet'] LOOP
        FOR day IN SELECT generate_series(first_day, last_day, interval '1 day')::date LOOP
            child := format('%s_%s_%s', parent, CASE class WHEN 0 THEN 'p' ELSE 'd' END, to_char(day, 'YYYYMMDD'));
            CONTINUE WHEN to_regclass('public.' || child) IS NOT NULL;
            -- LIKE and ATTACH: unlike PARTITION OF, readers and writers of the parent go on meanwhile.
            EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', child, parent);
            EXECUTE format(
                'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%s, %L) TO (%s, %L)',
                parent, child, class, day, class, day + 1);
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;

-- Days in `kept` stay: they hold imported history that nobody has confirmed for deletion.
CREATE FUNCTION steadyrun_drop_partitions(before_day date, class smallint, kept date[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    child text;
    dropped integer := 0;
BEGIN
    SET LOCAL lock_timeout = '5s';
    PERFORM pg_advisory_xact_lock(7310001);
    FOR child IN
        SELECT c.relname FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid
        JOIN pg_class p ON p.oid = i.inhparent
        WHERE p.relname IN ('step', 'payload', 'log_line', 'facet')
          AND c.relname ~ ('^' || p.relname || '_' || CASE class WHEN 0 THEN 'p' ELSE 'd' END || '_\d{8}$')
          AND to_date(right(c.relname, 8), 'YYYYMMDD') < before_day
          AND to_date(right(c.relname, 8), 'YYYYMMDD') <> ALL (kept)
        ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE public.%I', child);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

REVOKE ALL ON FUNCTION steadyrun_make_partitions(date, date, smallint) FROM PUBLIC;
REVOKE ALL ON FUNCTION steadyrun_drop_partitions(date, smallint, date[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION steadyrun_make_partitions(date, date, smallint) TO steadyrun_app;
GRANT EXECUTE ON FUNCTION steadyrun_drop_partitions(date, smallint, date[]) TO steadyrun_app;
