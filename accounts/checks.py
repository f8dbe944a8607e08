"""Mistakes in settings that are said at the start, not when the first e-mail is due."""

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ValidationError
from django.core.validators import validate_email


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
