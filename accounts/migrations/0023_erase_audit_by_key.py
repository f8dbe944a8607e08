"""The log of a team that goes is removed by its keys, not by places in a file: a cluster has no such places."""

from django.db import migrations

_ERASE = """
CREATE OR REPLACE FUNCTION steadyrun_erase_audit(of_team uuid, at_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    gone bigint;
    outer_team text := current_setting('app.team_id', true);
BEGIN
    PERFORM 1 FROM accounts_team WHERE id = of_team AND erased_from <= now();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the log of a team stays while the team does';
    END IF;
    PERFORM set_config('app.team_id', of_team::text, true);
    DELETE FROM audit_event WHERE team_id = of_team AND id IN (
        SELECT id FROM audit_event WHERE team_id = of_team LIMIT at_most);
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('app.team_id', coalesce(outer_team, ''), true);
    RETURN gone;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0022_user_formats"),
    ]

    operations = [migrations.RunSQL(_ERASE, reverse_sql=migrations.RunSQL.noop)]
