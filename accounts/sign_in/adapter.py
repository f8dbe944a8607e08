"""What allauth asks about accounts: who may sign up, who may sign in how, where requests come from."""

import logging
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.acting import address_of
from accounts.models import User
from accounts.services.identity import enforcing_team, may_use_password
from accounts.services.sign_up import is_invited, sign_up_mode
from accounts.sign_in.arrival import arrive, join_waiting

logger = logging.getLogger(__name__)

UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 - stands for a socket file, which has no address


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts with our rules."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": gettext_lazy(
            "The e-mail address and the password do not belong together. Please check both."
        ),
        "too_many_login_attempts": gettext_lazy("Too many tries. Please wait five minutes, or ask for a new password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether this visitor may make an account: by the mode of the installation, or by an invitation."""
        mode = sign_up_mode()
        return mode == "open" or (mode == "invitation" and bool(is_invited(request)))

    def clean_email(self, email: str) -> str:
        """The address of a new account. Whose domain has an identity provider signs in there instead."""
        email = str(super().clean_email(email)).lower()
        if self.request is not None and self.request.resolver_match.url_name == "account_signup":
            invited = is_invited(self.request)
            if sign_up_mode() == "invitation" and invited != email:
                told = _("The invitation is for {email}. Sign up with that address.")
                raise ValidationError(told.format(email=invited))
            if enforcing_team(email) is not None:
                raise ValidationError(_("Addresses of this domain sign in by their identity provider."))
        return email

    def pre_login(self, request: HttpRequest, user: User, **told: Any) -> HttpResponse | None:
        """Stops whoever must sign in by a provider and did not, whatever way was tried."""
        response: HttpResponse | None = super().pre_login(request, user, **told)
        if response is not None:
            return response
        by_provider = "sociallogin" in (told.get("signal_kwargs") or {})
        if by_provider or may_use_password(user):
            return None
        clear_login(request)
        return render(
            request,
            "accounts/use_provider.html",
            {"provider": enforcing_team(user.email), "email": user.email},
            status=403,
        )

    def post_login(self, request: HttpRequest, user: User, **told: Any) -> HttpResponse:
        """Gives the roles that the provider told, notes the sign-in, and lets who was invited join."""
        login = (told.get("signal_kwargs") or {}).get("sociallogin")
        arrive(request, user, login)
        if (team := join_waiting(request, user)) is not None:
            told["redirect_url"] = reverse("team_home", args=[team.slug])
        response: HttpResponse = super().post_login(request, user, **told)
        return response

    def reauthenticate(self, user: User, password: str) -> bool:
        """Whether it is the password of who is signed in; wrong ones count like those at the door."""
        return bool(self.authenticate(self.request, email=user.email, password=password) == user)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Sends where there is a mail server; else nothing, and the pages say how it goes without.

        A mail server that does not take it stops nobody at the door: the page is the same, and the log says why.
        """
        if not settings.MAIL_SERVER.host:
            return
        try:
            super().send_mail(template_prefix, email, _at_base(context, self.request))
        except OSError:
            logger.exception("the mail server did not take a mail about an account")

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tells whoever has the address that somebody wanted to sign up with it.

        A new account takes a hash of its password here: so does this, or the time would tell who has an account.
        """
        make_password(get_random_string(20))
        super().send_account_already_exists_mail(email)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Where a request came from, as the audit log sees it: behind `TRUSTED_PROXIES`."""
        return address_of(request) or UNKNOWN_ADDRESS


def _at_base(context: dict[str, Any], request: HttpRequest | None) -> dict[str, Any]:
    """What a mail tells, with links to `BASE_URL`: a request names whatever host its sender likes."""
    base = settings.BASE_URL.rstrip("/")
    asked = request.build_absolute_uri("/").rstrip("/") if request is not None else base
    told = {
        name: base + value[len(asked) :] if isinstance(value, str) and value.startswith(f"{asked}/") else value
        for name, value in context.items()
    }
    return {**told, "current_site": SimpleNamespace(name="Steadyrun", domain=urlsplit(base).netloc)}
