"""Handing mails over to the installation's mail server, and what went wrong in words of our own."""

import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

# What to do about a fault that says no code. The first kind that fits counts.
_FAULTS: tuple[tuple[type[OSError], str], ...] = (
    (
        ssl.SSLCertVerificationError,
        "The certificate of the mail server is not trusted. EMAIL_URL must have the name that is in it; "
        "SSL_CERT_FILE names an authority of your own.",
    ),
    (ssl.SSLError, "No TLS with the mail server. EMAIL_URL: smtps:// where TLS comes first, else smtp+starttls://."),
    (smtplib.SMTPNotSupportedError, "The mail server offers no STARTTLS or sign-in. Does EMAIL_URL begin as it must?"),
    (socket.gaierror, "The name of the mail server in EMAIL_URL cannot be resolved."),
    (TimeoutError, "The mail server did not answer in time. Does EMAIL_URL name the right port?"),
    (ConnectionRefusedError, "Nothing answers at the host and port of EMAIL_URL."),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a try failed. `is_final`: the mail server refuses it for good."""

    reason: str
    is_final: bool = False


def can_send() -> bool:
    """Whether the installation has a mail server."""
    return bool(settings.MAIL_SERVER.host)


def hand_over(message: EmailMessage) -> None:
    """Hands a message over; raises what `fault_of` tells. The connection is closed even if it was opened by half."""
    connection = message.connection = get_connection()
    try:
        message.send()
    finally:
        with suppress(smtplib.SMTPException, OSError):
            connection.close()


def fault_of(error: OSError) -> Fault:
    """What went wrong, without the words of the mail server: they may repeat an address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        code = max(codes, default=0)
    else:
        code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0
    if code:
        return Fault(f"The mail server answered {code}.", is_final=500 <= code < 600)
    return Fault(next((words for kind, words in _FAULTS if isinstance(error, kind)), _other_words(error)))


def _other_words(error: OSError) -> str:
    return f"The mail server could not be used: {type(error).__name__}."


def mail_domain() -> str:
    """The domain in the ids of our messages: the sender's, else the installation's."""
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return Address(addr_spec=sender).domain if "@" in sender else host
