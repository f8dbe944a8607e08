"""Ways in beside the password: the provider of one's company, and a new password."""

from typing import Any

from allauth.account.views import password_reset as ask_for_reset
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import ProviderKind
from accounts.services.identity import provider_for, provider_with


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
        # allauth trusts a token that came by TLS; a signature costs one more question to the provider.
        self.did_fetch_access_token = False
        login = super().complete_login(request, app, token, **told)
        data = login.account.extra_data
        if (data.get("userinfo") or data["id_token"]).get("sub") != data["id_token"].get("sub"):
            raise OAuth2Error("the user information is about another person than the ID token")
        return login


@require_http_methods(["GET", "HEAD", "POST"])
def oidc_login(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Leads to the provider."""
    return _with(OAuth2LoginView, request, provider_id)


@require_safe
def oidc_callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Where the provider leads back to."""
    return _with(OAuth2CallbackView, request, provider_id)


def _with(view: Any, request: HttpRequest, provider_id: str) -> HttpResponseBase:
    provider = provider_with(provider_id)
    if provider is None or provider.kind != ProviderKind.OPENID_CONNECT:
        raise Http404("No such provider.")
    answer: HttpResponseBase = view.adapter_view(VerifyingAdapter(request, provider_id))(request)
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def company(request: HttpRequest) -> HttpResponseBase:
    """Asks for the e-mail address, and answers with the link to the provider of its domain."""
    email = request.POST.get("email", "")[:254]
    context: dict[str, Any] = {"email": email}
    if request.method == "POST":
        context |= {"asked": True, "provider": provider_for(email) if "@" in email else None}
    return render(request, "accounts/company.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def reset_password(request: HttpRequest) -> HttpResponseBase:
    """Sends a link to a new password; without a mail server it says who can make one."""
    if not settings.MAIL_SERVER.host:
        return render(request, "accounts/reset_by_admin.html")
    answer: HttpResponseBase = ask_for_reset(request)
    return answer
