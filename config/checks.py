"""Settings with which an installation that others reach does not start: web, worker and `config.prepare` ask here.

`manage.py check --deploy` and `manage.py doctor` tell them too, and what is only to be looked at.
"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register, run_checks

from accounts.addresses import is_elsewhere
from config.signing_key import fault_of

# What is asked at the start: few and cheap, because nothing of pages is loaded for them.
TAG = "production"


@register(TAG, deploy=True)
def check_signing_key(**_: Any) -> list[CheckMessage]:
    """The key cannot be guessed."""
    if is_elsewhere(settings.BASE_URL) and (fault := fault_of(settings.SECRET_KEY)):
        hint = "Make one with `openssl rand -base64 48`, and keep the old one in SECRET_KEY_FALLBACKS for a while."
        return [Error(f"SECRET_KEY {fault}.", hint=hint, id="steadyrun.E030")]
    return []


@register(TAG, deploy=True)
def check_debugging(**_: Any) -> list[CheckMessage]:
    """Errors show nobody the inside of the application."""
    if is_elsewhere(settings.BASE_URL) and settings.DEBUG:
        return [Error("DEBUG is on, and shows settings and data to strangers.", hint="Unset it.", id="steadyrun.E031")]
    return []


@register(TAG, deploy=True)
def check_address(**_: Any) -> list[CheckMessage]:
    """`BASE_URL` can be made into links."""
    if not settings.BASE_URL.startswith(("http://", "https://")):
        return [Error("BASE_URL must begin with https:// (or http://).", id="steadyrun.E032")]
    return []


def refuse_unsafe() -> None:
    """Raises `SystemExit` with what is wrong and what to do; Django must be set up."""
    found = run_checks(tags=[TAG], include_deployment_checks=True)
    faults = [f"{one.id}: {one.msg} {one.hint or ''}".strip() for one in found if one.level >= 40]
    if faults:
        raise SystemExit("\n".join(["Steadyrun does not start with these settings:", *faults]))
