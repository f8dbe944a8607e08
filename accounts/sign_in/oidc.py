"""OpenID Connect, checked more closely than allauth does."""

from typing import Any

import jwt
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponseBase

# Signatures that a provider makes with a key of its own; never one that the client's secret could make, or none.
ALGORITHMS = frozenset({f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)} | {"EdDSA"})


class VerifyingAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """Checks more than allauth does: the issuer, each signature, and that all answers are about one person."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """The provider's description of itself. Raises `OAuth2Error` where it names another issuer."""
        told: dict[str, Any] = super().openid_config
        wanted = self.get_provider().app.settings["server_url"].partition("/.well-known/")[0]
        if str(told.get("issuer", "")).rstrip("/") != wanted.rstrip("/"):
            raise OAuth2Error("the provider names another issuer than the one that was set up")
        return told

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **told: Any) -> Any:
        """The person, by a signed token. Raises `OAuth2Error`."""
        if not told["response"].get("id_token"):
            raise OAuth2Error("the provider sent no ID token")
        if _algorithm(told["response"]["id_token"]) not in ALGORITHMS:
            raise OAuth2Error("the ID token is not signed with a key of the provider")
        # allauth trusts a token that came by TLS; a signature costs one more question to the provider.
        self.did_fetch_access_token = False
        try:
            login = super().complete_login(request, app, token, **told)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OAuth2Error("the answers of the provider cannot be read") from error
        data = login.account.extra_data
        if (data.get("userinfo") or data["id_token"]).get("sub") != data["id_token"].get("sub"):
            raise OAuth2Error("the user information is about another person than the ID token")
        return login


def _algorithm(token: Any) -> str:
    try:
        return str(jwt.get_unverified_header(token).get("alg"))
    except jwt.PyJWTError as error:
        raise OAuth2Error("the ID token cannot be read") from error


def answer(request: HttpRequest, provider_id: str, *, is_back: bool) -> HttpResponseBase:
    """Leads to the provider, or takes what it led back with."""
    view = OAuth2CallbackView if is_back else OAuth2LoginView
    response: HttpResponseBase = view.adapter_view(VerifyingAdapter(request, provider_id))(request)
    return response
