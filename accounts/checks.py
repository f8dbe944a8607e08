"""Mistakes in settings that are said at the start, not when the first e-mail is due."""

from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.addresses import LOCAL_HOSTS
from accounts.models import StreamFormat
from accounts.outgoing import Refused, parse_target
from accounts.outgoing_uses import Use
from accounts.services.sign_up import MODES
from accounts.signing import LEAST_BYTES, SECRET_START, is_secret


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
def check_outgoing(**_: Any) -> list[CheckMessage]:
    """`OUTGOING_OFF` names uses that there are."""
    if unknown := sorted(settings.OUTGOING_OFF - {use.value for use in Use}):
        known = ", ".join(use.value for use in Use)
        return [Error(f"OUTGOING_OFF names {', '.join(unknown)}; it takes: {known}.", id="steadyrun.E003")]
    return []


@register
def check_audit_stream(**_: Any) -> list[CheckMessage]:
    """What pushes the log of the installation names an address, a secret and a format that there is."""
    told = settings.AUDIT_STREAM
    if not told["url"]:
        return []
    found: list[CheckMessage] = []
    try:
        parse_target(told["url"])
    except Refused as refused:
        found.append(Error(f"AUDIT_STREAM_URL: {refused}", id="steadyrun.E021"))
    if not is_secret(told["secret"]):
        found.append(
            Error(
                f"AUDIT_STREAM_SECRET must be {SECRET_START} and at least {LEAST_BYTES} random bytes in base64: "
                "'openssl rand -base64 32' makes them.",
                id="steadyrun.E022",
            )
        )
    if told["format"] not in StreamFormat.values:
        found.append(Error(f"AUDIT_STREAM_FORMAT takes: {', '.join(StreamFormat.values)}.", id="steadyrun.E023"))
    return found


@register("production", deploy=True)
def check_exposure(**_: Any) -> list[CheckMessage]:
    """What is served to more than this machine is served by TLS, without debugging, under names that are told."""
    found: list[CheckMessage] = []
    host = urlsplit(settings.BASE_URL).hostname or ""
    is_local = host in LOCAL_HOSTS
    if not is_local and not settings.HTTPS:
        found.append(Caution("BASE_URL is not https: sign-ins and keys travel in the clear.", id="steadyrun.W001"))
    if "*" in settings.ALLOWED_HOSTS:
        found.append(Caution("ALLOWED_HOSTS takes any name: name those of this installation.", id="steadyrun.W002"))
    if host and not is_local and host not in settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS:
        found.append(Error(f"ALLOWED_HOSTS lacks {host}, the host of BASE_URL.", id="steadyrun.E004"))
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        found.append(
            Caution(
                "BASE_URL is https and TRUSTED_PROXIES is 0: name how many proxies stand before the application, or "
                "the audit log shows the proxy's address and plain http is not redirected.",
                id="steadyrun.W003",
            )
        )
    return found


@register
def check_sign_up(**_: Any) -> list[CheckMessage]:
    """`SIGN_UP` is a mode that there is; another value counts as none."""
    if settings.SIGN_UP in ("", *MODES):
        return []
    return [Error(f"SIGN_UP must be one of: {', '.join(MODES)}.", id="steadyrun.E020")]
