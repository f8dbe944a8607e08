"""Mistakes in settings that are said at the start, not when the first e-mail is due."""

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.services.sign_up import MODES


@register
def check_mail(**_: Any) -> list[CheckMessage]:
    """`EMAIL_URL` names a server, and `DEFAULT_FROM_EMAIL` is an address."""
    found: list[CheckMessage] = []
    if settings.MAIL_SERVER.fault:
        found.append(Error(f"EMAIL_URL {settings.MAIL_SERVER.fault}.", id="steadyrun.E001"))
    try:
        validate_email(parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
    except ValidationError:
        found.append(Error("DEFAULT_FROM_EMAIL must be an e-mail address.", id="steadyrun.E002"))
    return found


@register
def check_sign_up(**_: Any) -> list[CheckMessage]:
    """`SIGN_UP` is a mode that there is; another value counts as none."""
    if settings.SIGN_UP in ("", *MODES):
        return []
    return [Error(f"SIGN_UP must be one of: {', '.join(MODES)}.", id="steadyrun.E020")]
