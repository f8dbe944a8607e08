"""Groups that a company's directory tells by SCIM. Additive."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from accounts.operations import AddTeamForeignKey, MakeTenantTable


def _team() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0013_administration"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProvisionedGroup",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("external_id", models.CharField(blank=True, default="", max_length=255)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("team", _team()),
            ],
            options={
                "db_table": "provisioned_group",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(fields=("team", "name"), name="provisioned_group_name_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProvisionedGroupMember",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "group",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="accounts.provisionedgroup",
                    ),
                ),
                ("team", _team()),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "provisioned_group_member",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(fields=("team", "group", "user"), name="provisioned_group_member_once"),
                ],
            },
        ),
        MakeTenantTable("provisioned_group"),
        MakeTenantTable("provisioned_group_member"),
        AddTeamForeignKey("provisioned_group_member", "group_id", "provisioned_group"),
    ]
