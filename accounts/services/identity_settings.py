"""Setting up how the members of a team sign in. All inside the team's context; what changes is told by the models."""

import re
from collections.abc import Mapping
from uuid import UUID

from cryptography import x509
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import outgoing
from accounts.audit import record
from accounts.encryption import encrypt
from accounts.models import IdentityDomain, Membership, ProviderKind, Team, TeamIdentityProvider, User
from accounts.models.identity import GIVEN_ROLES
from accounts.permissions import Role
from accounts.services.identity import may_use_password
from accounts.services.user_sessions import end_sessions

MAX_GROUPS = 200
TEXTS = ("name", "issuer", "client_id", "sso_url", "certificate", "groups_claim", "default_role")
NEEDED = {
    ProviderKind.OPENID_CONNECT: ("name", "issuer", "client_id"),
    ProviderKind.SAML: ("name", "issuer", "sso_url", "certificate"),
}
# What a page calls them.
_WORDS = {
    "name": gettext_noop("name"),
    "issuer": gettext_noop("issuer"),
    "client_id": gettext_noop("client id"),
    "sso_url": gettext_noop("sso url"),
    "certificate": gettext_noop("certificate"),
}


class SettingsRefused(Exception):
    """What cannot be saved; the text says why and what to do."""


def save_provider(team: Team, told: Mapping[str, str]) -> TeamIdentityProvider:
    """Makes or changes the team's provider. An empty secret keeps the one there is. Raises `SettingsRefused`."""
    kind = told.get("kind", "")
    if kind not in ProviderKind.values:
        raise SettingsRefused(_("Choose OpenID Connect or SAML."))
    one = TeamIdentityProvider.objects.filter(team_id=team.id).first() or TeamIdentityProvider(team=team)
    one.kind, one.is_enabled = kind, bool(told.get("is_enabled"))
    for field in TEXTS:
        setattr(one, field, told.get(field, "").replace("\x00", "").strip())
    one.groups_claim = one.groups_claim or "groups"
    if secret := told.get("secret", "").strip():
        one.secret = encrypt(secret).decode()
    one.group_roles = read_group_roles(told.get("group_roles", ""))
    _check(one)
    one.save()
    return one


def _check(one: TeamIdentityProvider) -> None:
    missing = [field for field in NEEDED[ProviderKind(one.kind)] if not getattr(one, field)]
    if missing:
        raise SettingsRefused(_("Fill in: {fields}.").format(fields=", ".join(_(_WORDS[field]) for field in missing)))
    if one.default_role not in ("", *GIVEN_ROLES):
        raise SettingsRefused(_("Choose a role that there is, but not owner: owners are made by owners."))
    try:
        one.clean_fields()
        if one.kind == ProviderKind.OPENID_CONNECT:
            outgoing.check(one.issuer)
        else:
            outgoing.parse_target(one.sso_url)
            one.certificate = _certificate(one.certificate)
    except ValidationError as error:
        raise SettingsRefused(
            "; ".join(f"{name}: {' '.join(why)}" for name, why in error.message_dict.items())
        ) from None
    except outgoing.Refused as error:
        raise SettingsRefused(str(error)) from None


def _certificate(text: str) -> str:
    """The certificate as PEM, however it was pasted. Raises `SettingsRefused`."""
    body = re.sub(r"-----[A-Z ]+-----|\s", "", text)
    pem = f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
    try:
        x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise SettingsRefused(_("The certificate cannot be read: paste the X.509 certificate in PEM form.")) from None
    return pem


def read_group_roles(text: str) -> dict[str, str]:
    """Lines of `group = role` as a table. Raises `SettingsRefused`."""
    found: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.replace("\x00", "").splitlines())):
        group, equals, role = (part.strip() for part in line.rpartition("="))
        if not equals or not group or role not in GIVEN_ROLES:
            told = _("Write each group as 'group = role', with one of {roles}: {line}")
            raise SettingsRefused(told.format(roles=", ".join(GIVEN_ROLES), line=line[:80]))
        found[group] = role
    if len(found) > MAX_GROUPS:
        raise SettingsRefused(_("At most {count} groups.").format(count=MAX_GROUPS))
    return found


def remove_provider(team: Team) -> None:
    """Removes the provider: members sign in with their passwords again."""
    for one in TeamIdentityProvider.objects.filter(team_id=team.id):
        one.delete()


def add_domain(team: Team, text: str) -> IdentityDomain:
    """Notes a domain; nobody signs in by it until the installation's administration confirms it."""
    one = IdentityDomain(team=team, domain=text.strip().lower().lstrip("@"))
    try:
        one.clean_fields()
        with transaction.atomic():
            one.save()
    except ValidationError:
        raise SettingsRefused(_("Write a domain like acme.example: letters a to z, digits, dots and -.")) from None
    except IntegrityError:
        raise SettingsRefused(_("This domain is in the list already.")) from None
    return one


def remove_domain(team: Team, id: UUID) -> None:
    """Takes a domain off the list."""
    for one in IdentityDomain.objects.filter(team_id=team.id, id=id):
        one.delete()


def enforce_domain(team: Team, id: UUID, *, enforced: bool) -> None:
    """Makes the provider the only way in for a domain, or lets passwords in again. Raises `SettingsRefused`."""
    one = IdentityDomain.objects.filter(team_id=team.id, id=id).first()
    if one is None:
        raise SettingsRefused(_("This domain is not in the list any more."))
    if enforced and one.confirmed_at is None:
        raise SettingsRefused(_("The administration of the installation confirms the domain first."))
    if enforced and not TeamIdentityProvider.objects.filter(team_id=team.id, is_enabled=True).exists():
        raise SettingsRefused(_("Set up a provider first."))
    owners = Membership.objects.select_related("user").filter(team_id=team.id, role=Role.OWNER, user__is_active=True)
    if enforced and not any(owner.user.has_usable_password() for owner in owners):
        raise SettingsRefused(_("One owner needs a password, to get in when the provider does not answer."))
    one.is_enforced = enforced
    one.save()
    if enforced:
        _end_password_sessions(one.domain)


def _end_password_sessions(domain: str) -> None:
    """Who came by a password before must come by the provider from now on; break-glass owners stay."""
    people = User.objects.filter(email__endswith=f"@{domain}", is_active=True, usersession__isnull=False).distinct()
    for user in people.order_by("email"):
        if not may_use_password(user):
            end_sessions(user=user, note="the domain signs in by its provider alone")


def require_second_factor(team: Team, *, required: bool) -> None:
    """Whether members need a second factor to open the team."""
    before = team.requires_second_factor
    if before == required:
        return
    Team.objects.filter(id=team.id).update(requires_second_factor=required)
    told = ({"requires_second_factor": before}, {"requires_second_factor": required})
    record("team.changed", team, before=told[0], after=told[1])
