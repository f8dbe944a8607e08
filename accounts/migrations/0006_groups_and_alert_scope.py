"""Groups of members, and a scope for keys that change alerts. Additive."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from accounts.operations import AddTeamForeignKey, MakeTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_weekly_review"),
    ]

    operations = [
        migrations.CreateModel(
            name="GroupMember",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
            ],
            options={
                "db_table": "group_member",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="MemberGroup",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "member_group",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.RemoveConstraint(
            model_name="apikey",
            name="api_key_scopes_known",
        ),
        migrations.AlterField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("ingest", "Report executions"),
                        ("read", "Read figures and executions"),
                        ("classify", "Decide about failures and improvements"),
                        ("release", "Announce releases"),
                        ("alert", "Change alert rules, channels and incidents"),
                    ],
                    max_length=16,
                ),
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(("scopes__contained_by", ["ingest", "read", "classify", "release", "alert"])),
                name="api_key_scopes_known",
            ),
        ),
        migrations.AddField(
            model_name="groupmember",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="groupmember",
            name="user",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="membergroup",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="groupmember",
            name="group",
            field=accounts.tenancy.TeamForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="members",
                to="accounts.membergroup",
            ),
        ),
        migrations.AddConstraint(
            model_name="membergroup",
            constraint=models.UniqueConstraint(fields=("team", "name"), name="member_group_name_once"),
        ),
        migrations.AddConstraint(
            model_name="groupmember",
            constraint=models.UniqueConstraint(fields=("team", "group", "user"), name="group_member_once"),
        ),
        MakeTenantTable("member_group"),
        MakeTenantTable("group_member"),
        AddTeamForeignKey("group_member", "group_id", "member_group"),
    ]
