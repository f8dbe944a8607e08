"""Teams that can be deleted and renamed, invitations, keys of members and of chosen protocols. Additive."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from accounts.operations import grant_control_table

# Removes the events of a team that waited out its days; the log of a team goes with the team and not before.
_ERASE = """
CREATE FUNCTION steadyrun_erase_audit(of_team uuid, at_most integer) RETURNS bigint
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
    DELETE FROM audit_event WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM audit_event WHERE team_id = of_team LIMIT at_most));
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('app.team_id', coalesce(outer_team, ''), true);
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION steadyrun_erase_audit(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION steadyrun_erase_audit(uuid, integer) TO steadyrun_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_team_limits"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="member",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="source_kinds",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=32), blank=True, db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="start_page",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            model_name="team",
            name="erased_from",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="FormerSlug",
            fields=[
                ("slug", models.SlugField(max_length=60, primary_key=True, serialize=False)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="former_slugs", to="accounts.team"
                    ),
                ),
            ],
            options={
                "db_table": "former_slug",
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner"),
                            ("admin", "Admin"),
                            ("developer", "Developer"),
                            ("operator", "Operator"),
                            ("finance", "Finance"),
                            ("viewer", "Viewer"),
                        ],
                        default="viewer",
                        max_length=16,
                    ),
                ),
                ("token_hash", models.BinaryField(max_length=32, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="invitations", to="accounts.team"
                    ),
                ),
            ],
            options={
                "db_table": "invitation",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("accepted_at__isnull", True), ("revoked_at__isnull", True)),
                        fields=("team", "email"),
                        name="invitation_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("role__in", ["owner", "admin", "developer", "operator", "finance", "viewer"])
                        ),
                        name="invitation_role_known",
                    ),
                ],
            },
        ),
        grant_control_table("invitation"),
        grant_control_table("former_slug"),
        migrations.RunSQL(_ERASE, reverse_sql=migrations.RunSQL.noop),
    ]
