"""What allauth and Django tell about signing in, kept in the log of the installation."""

from typing import Any

from allauth.account.signals import password_changed, password_reset, user_logged_out
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed, authenticator_reset
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.utils import translation

from accounts.acting import Actor, ActorKind
from accounts.audit import record_for_installation


def connect() -> None:
    """Listens from now on."""
    user_login_failed.connect(_failed, dispatch_uid="audit_failed")
    told = {
        "user.signed_out": user_logged_out,
        "user.password_changed": password_changed,
        "user.password_reset": password_reset,
        "user.second_factor_failed": authentication_failed,
        "user.second_factor_added": authenticator_added,
        "user.second_factor_removed": authenticator_removed,
        "user.recovery_codes_made": authenticator_reset,
    }
    for action, signal in told.items():
        signal.connect(_recorder(action), weak=False, dispatch_uid=f"audit_{action}")


def _failed(sender: Any, credentials: dict[str, Any], **_: Any) -> None:
    email = str(credentials.get("email") or credentials.get("username") or "")
    record_for_installation("user.sign_in_failed", ("user", "", email), actor=Actor(ActorKind.USER, email))


def _recorder(action: str) -> Any:
    def receive(sender: Any, user: Any = None, authenticator: Any = None, **_: Any) -> None:
        if user is None or not user.is_authenticated:
            return
        # The log has one language.
        with translation.override(settings.LANGUAGE_CODE):
            kind = str(authenticator.get_type_display()) if authenticator is not None else ""
        who = Actor(ActorKind.USER, user.email, user.id)
        record_for_installation(action, ("user", user.id, user.email), note=kind, actor=who)

    return receive
