"""What allauth asks about identity providers: which there are, and whom they may let in."""

from typing import Any, NoReturn

from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers import registry
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.audit import record_for_installation
from accounts.encryption import decrypt
from accounts.models import Membership, ProviderKind, TeamIdentityProvider, User
from accounts.permissions import Role
from accounts.services.identity import (
    confirmed_domains,
    domain_of,
    is_proved,
    provider_with,
    role_for,
    told_groups,
)
from accounts.sign_in.arrival import groups_of

MAIL_ATTRIBUTES = [
    "email",
    "mail",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
]


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Providers are those of the teams, asked for one by one: no page lists whose there are."""

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        """The one provider that an address of a sign-in names."""
        found = provider_with(str(client_id or provider or ""))
        if found is None:
            return []
        _load(found.kind)
        return [app_of(found)]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Whom the provider of a confirmed domain sends is welcome; `pre_social_login` saw to the rest."""
        return True

    def get_requests_session(self) -> Any:
        """The guarded client."""
        from accounts.sign_in.guarded import GuardedSession

        return GuardedSession()

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Refuses whom the provider may not speak for, before anything is made or opened."""
        provider = provider_with(sociallogin.account.provider)
        if provider is None or sociallogin.state.get("process") != "login":
            _refuse(request, _("This identity provider is not in use any more."), provider)
        user = sociallogin.user if sociallogin.is_existing else None
        if reason := getattr(sociallogin, "refused", "") or _reason_against(provider, sociallogin, user):
            _refuse(request, reason, provider)
        if user is None:
            return
        if _owns(provider, user):
            _keep_password(user)
        elif _is_by_address(sociallogin):
            _forget_factors(user)


def _reason_against(provider: TeamIdentityProvider, login: Any, user: User | None) -> str:
    """Why the provider may not let this person in; empty: it may."""
    told = [one.email.lower() for one in login.email_addresses]
    domains = confirmed_domains(provider)
    if not told or any(domain_of(email) not in domains for email in told):
        return _("The provider told no e-mail address of a domain that is confirmed for it.")
    if user is not None and (user.is_staff or domain_of(user.email) not in domains):
        return _("This account signs in with its own password.")
    if _is_by_address(login) and _says_unverified(login.account.extra_data):
        return _("The provider says that your e-mail address is not verified. Have it verified there.")
    is_owner = user is not None and _owns(provider, user)
    groups = groups_of(provider.groups_claim, login.account.extra_data)
    groups += told_groups(provider.team_id, user.id) if user is not None else []
    if not is_owner and not role_for(provider, groups):
        return _("None of your groups has a role in this team. Ask an owner of the team.")
    return ""


def _is_by_address(login: Any) -> bool:
    """Whether the account is found, or made, by the address; who was here before is known by the provider's own id."""
    return login.account.pk is None


def _load(kind: str) -> None:
    """Tells allauth of a kind of provider when it is first used, as each brings a large library."""
    if kind == ProviderKind.OPENID_CONNECT:
        from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider as Kind
    else:
        from accounts.sign_in.saml import BoundProvider as Kind
    registry.register(Kind)


def app_of(provider: TeamIdentityProvider) -> SocialApp:
    """A provider as allauth knows one."""
    app = SocialApp(provider_id=str(provider.id), name=provider.name, client_id=provider.client_id)
    vouched = {"verified_email": confirmed_domains(provider), "email_authentication": True}
    if provider.kind == ProviderKind.OPENID_CONNECT:
        app.provider = "openid_connect"
        app.secret = decrypt(provider.secret.encode()) if provider.secret else ""
        app.settings = {"server_url": provider.issuer, **vouched}
        return app
    app.provider, app.client_id = "saml", str(provider.id)
    app.settings = {
        "idp": {"entity_id": provider.issuer, "sso_url": provider.sso_url, "x509cert": provider.certificate},
        "attribute_mapping": {"email": MAIL_ATTRIBUTES},
        "advanced": {"want_assertion_signed": True, "reject_idp_initiated_sso": True, "strict": True},
        **vouched,
    }
    return app


def _owns(provider: TeamIdentityProvider, user: User) -> bool:
    return Membership.objects.filter(team_id=provider.team_id, user_id=user.id, role=Role.OWNER).exists()


def _keep_password(user: User) -> None:
    """The provider vouches for the address; allauth would else take an owner's way in away."""
    if not EmailAddress.objects.filter(user=user, email=user.email).update(verified=True):
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def _says_unverified(told: dict[str, Any]) -> bool:
    """Whether the provider itself doubts the address: who may write any address into their profile could be anybody."""
    person = told.get("userinfo") or told.get("id_token") or told
    return str(person.get("email_verified", "")).lower() == "false" if isinstance(person, dict) else False


def _forget_factors(user: User) -> None:
    """Whoever made an account with an address that they did not prove may have left a passkey in it.

    allauth takes the password and the sessions of such an account away when its person arrives; this takes the rest.
    """
    if is_proved(user):
        return
    gone, _by_model = Authenticator.objects.filter(user=user).delete()
    if gone:
        note = "the address was not proved before its provider vouched for it"
        record_for_installation("user.second_factors_forgotten", ("user", user.id, user.email), note=note)


def _refuse(request: HttpRequest, reason: str, provider: TeamIdentityProvider | None) -> NoReturn:
    about = provider.team_id if provider else None
    record_for_installation("user.sign_in_refused", note=reason, about_team=about)
    raise ImmediateHttpResponse(render(request, "accounts/refused.html", {"reason": reason}, status=403))
