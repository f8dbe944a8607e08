"""Ways in beside the password: the provider of one's company, and a new password."""

from collections.abc import Callable
from typing import Any

from allauth.account.views import password_reset as ask_for_reset
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import ProviderKind, TeamIdentityProvider
from accounts.services.identity import provider_for, provider_with

# A signed answer with many groups has some ten thousand bytes; it is kept until the browser comes back for it.
MAX_SAML_BYTES = 256 * 1024
_ACS_COOKIE = "saml-acs-session"


@require_http_methods(["GET", "HEAD", "POST"])
def oidc_login(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Leads to the provider."""
    return _oidc(request, provider_id, is_back=False)


@require_safe
def oidc_callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Where the provider leads back to."""
    return _oidc(request, provider_id, is_back=True)


def _oidc(request: HttpRequest, provider_id: str, *, is_back: bool) -> HttpResponseBase:
    provider = provider_with(provider_id)
    if provider is None or provider.kind != ProviderKind.OPENID_CONNECT:
        raise Http404("No such provider.")
    if not is_back and _is_led_from_elsewhere(request):
        return _ask_first(request, provider)
    from accounts.sign_in import oidc

    return oidc.answer(request, provider_id, is_back=is_back)


def saml(name: str) -> Callable[..., HttpResponseBase]:
    """The view of allauth with this name; it is loaded with its first use, as what reads XML is large."""

    @csrf_exempt
    def view(request: HttpRequest, organization_slug: str) -> HttpResponseBase:
        provider = provider_with(organization_slug)
        if provider is None or provider.kind != ProviderKind.SAML:
            raise Http404("No such provider.")
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_SAML_BYTES:
            return HttpResponse(_("The answer of the provider is too large."), status=413)
        if name == "login" and _is_led_from_elsewhere(request):
            return _ask_first(request, provider)
        from allauth.socialaccount.providers.saml import views

        kept = request.COOKIES.get(_own_cookie(), "")
        # One that came by another name could have been set by another host of the domain.
        request.COOKIES[_ACS_COOKIE] = kept
        answer: HttpResponseBase = getattr(views, name)(request, organization_slug=organization_slug)
        _guard_cookie(answer, is_over=name == "finish_acs")
        return answer

    return view


def _own_cookie() -> str:
    """What we call allauth's cookie: browsers take this prefix from this very host alone, by TLS, for all paths."""
    return f"__Host-{_ACS_COOKIE}" if settings.HTTPS else _ACS_COOKIE


def _guard_cookie(answer: HttpResponseBase, *, is_over: bool) -> None:
    """The cookie that leads from a provider's answer to the sign-in gets our name, hidden from scripts, and an end."""
    made = answer.cookies.pop(_ACS_COOKIE, None)
    if made is not None:
        answer.set_cookie(_own_cookie(), made.value, secure=settings.HTTPS, httponly=True, samesite="Lax")
    elif is_over:
        answer.delete_cookie(_own_cookie(), path="/", samesite="Lax")


def _is_led_from_elsewhere(request: HttpRequest) -> bool:
    """Whether the page of somebody else opened this address: nobody signs in without wanting to."""
    return request.method != "POST" and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")


def _ask_first(request: HttpRequest, provider: TeamIdentityProvider) -> HttpResponse:
    return render(request, "accounts/company.html", {"provider": provider})


@require_safe
def no_single_sign_out(request: HttpRequest, organization_slug: str) -> HttpResponseBase:
    """Whoever knows a provider could sign people out here, as nobody has to sign such a request: it is not offered."""
    raise Http404("Signing out at the provider does not sign out here.")


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
