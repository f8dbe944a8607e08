"""Signing in by allauth: rights on its tables, providers and domains of teams, members told by SCIM. Additive."""

import uuid

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from accounts.operations import MakeTenantTable, grant_control_table

TABLES = (
    "account_emailaddress",
    "account_emailconfirmation",
    "mfa_authenticator",
    "socialaccount_socialaccount",
    "socialaccount_socialapp",
    "socialaccount_socialtoken",
    "usersessions_usersession",
    "team_identity_provider",
    "identity_domain",
)
# Who could sign in before had their address from whoever made the account.
_ADDRESSES = """
INSERT INTO account_emailaddress (email, verified, "primary", user_id)
SELECT email, true, true, id FROM accounts_user ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_teams_and_invitations"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="team",
            name="requires_second_factor",
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name="IdentityDomain",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "domain",
                    models.CharField(
                        max_length=253,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^(?!-)[a-z0-9-]+(\\.[a-z0-9-]+)+$", "is no domain: acme.example"
                            )
                        ],
                    ),
                ),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("is_enforced", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="identity_domains", to="accounts.team"
                    ),
                ),
            ],
            options={
                "verbose_name": "domain",
                "db_table": "identity_domain",
                "constraints": [
                    models.UniqueConstraint(fields=("team", "domain"), name="identity_domain_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("confirmed_at__isnull", False)),
                        fields=("domain",),
                        name="identity_domain_confirmed_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("domain", django.db.models.functions.text.Lower("domain"))),
                        name="identity_domain_lower",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProvisionedMember",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("external_id", models.CharField(blank=True, default="", max_length=255)),
                ("is_active", models.BooleanField(default=True)),
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
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
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
                "db_table": "provisioned_member",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [models.UniqueConstraint(fields=("team", "user"), name="provisioned_member_once")],
            },
        ),
        migrations.CreateModel(
            name="TeamIdentityProvider",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("oidc", "OpenID Connect"), ("saml", "SAML 2.0")], max_length=8)),
                ("name", models.CharField(max_length=40)),
                ("is_enabled", models.BooleanField(default=True)),
                ("issuer", models.CharField(max_length=500)),
                ("client_id", models.CharField(blank=True, max_length=190)),
                ("secret", models.TextField(blank=True)),
                ("sso_url", models.CharField(blank=True, max_length=1000)),
                ("certificate", models.TextField(blank=True, max_length=10000)),
                ("groups_claim", models.CharField(default="groups", max_length=200)),
                ("group_roles", models.JSONField(blank=True, default=dict)),
                ("default_role", models.CharField(blank=True, default="viewer", max_length=16)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identity_provider",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "verbose_name": "identity provider",
                "db_table": "team_identity_provider",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["oidc", "saml"])), name="identity_provider_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("default_role__in", ["", "admin", "developer", "operator", "finance", "viewer"])
                        ),
                        name="identity_provider_default_role",
                    ),
                ],
            },
        ),
        MakeTenantTable("provisioned_member"),
        migrations.RunSQL(_ADDRESSES, reverse_sql=migrations.RunSQL.noop),
        *[grant_control_table(table) for table in TABLES],
    ]
