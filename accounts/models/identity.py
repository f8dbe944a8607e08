"""The identity provider of a team, and the domains whose members sign in with it."""

import uuid
from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.encryption import EncryptedTextField
from accounts.models.audited import Audited
from accounts.permissions import Role


class ProviderKind(models.TextChoices):
    """How a provider is spoken to."""

    OPENID_CONNECT = "oidc", "OpenID Connect"
    SAML = "saml", "SAML 2.0"


# Owners are made by owners: no provider and no program makes one.
GIVEN_ROLES = tuple(role for role in Role if role != Role.OWNER)


class TeamIdentityProvider(Audited):
    """Where the members of a team sign in. A control table: it is read before the team is known.

    `group_roles` says which group gets which role: {"group": "role"}; the role with the most permissions counts.
    """

    audit_secret: ClassVar[frozenset[str]] = frozenset({"secret"})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.OneToOneField("accounts.Team", on_delete=models.CASCADE, related_name="identity_provider")
    kind = models.CharField(max_length=8, choices=ProviderKind.choices)
    name = models.CharField(max_length=40)
    is_enabled = models.BooleanField(default=True)
    # OpenID Connect: the issuer; SAML: the entity id of the provider.
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=190, blank=True)
    # Encrypted; see accounts/encryption.py.
    secret = EncryptedTextField(blank=True)
    sso_url = models.CharField(max_length=1000, blank=True)
    certificate = models.TextField(max_length=10_000, blank=True)
    groups_claim = models.CharField(max_length=200, default="groups")
    group_roles = models.JSONField(default=dict, blank=True)
    # The role of who is in none of these groups; empty: such people are not let in.
    default_role = models.CharField(max_length=16, blank=True, default=Role.VIEWER)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "team_identity_provider"
        verbose_name = gettext_lazy("identity provider")
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=ProviderKind.values), name="identity_provider_kind"),
            models.CheckConstraint(
                condition=models.Q(default_role__in=["", *GIVEN_ROLES]), name="identity_provider_default_role"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class IdentityDomain(Audited):
    """A domain of e-mail addresses that a team says is its own. The installation's administration confirms it.

    Until then nobody signs in by it: a provider speaks for its confirmed domains only.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="identity_domains")
    domain = models.CharField(
        max_length=253, validators=[RegexValidator(r"^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+$", "is no domain: acme.example")]
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    # Whether addresses of the domain can sign in by the provider alone.
    is_enforced = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "identity_domain"
        verbose_name = gettext_lazy("domain")
        constraints = [
            models.UniqueConstraint(fields=["team", "domain"], name="identity_domain_once"),
            models.UniqueConstraint(
                fields=["domain"], condition=models.Q(confirmed_at__isnull=False), name="identity_domain_confirmed_once"
            ),
            models.CheckConstraint(condition=models.Q(domain=Lower("domain")), name="identity_domain_lower"),
        ]

    def __str__(self) -> str:
        return self.domain
