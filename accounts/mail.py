"""The mail server of the installation, from one address: `EMAIL_URL`. Pure; without one nothing is ever sent."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

# What an address starts with: (encrypted from the first byte, encrypted by STARTTLS, port).
SCHEMES = {
    "smtp": (False, False, 25),
    "smtp+starttls": (False, True, 587),
    "smtps": (True, False, 465),
}


class EmailUrlError(ValueError):
    """The address names no mail server; the text says why."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over. `fault` says what is wrong with the address; then there is no host."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    is_tls: bool = False
    is_starttls: bool = False
    fault: str = ""


def read_email_url(url: str) -> MailServer:
    """The server of `smtp://`, `smtp+starttls://` or `smtps://user:password@host:port`. Raises `EmailUrlError`."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise EmailUrlError(f"must start with one of: {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
    is_tls, is_starttls, usual = SCHEMES[parts.scheme]
    try:
        port = parts.port or usual
    except ValueError:
        raise EmailUrlError("its port must be a number from 1 to 65535") from None
    if not parts.hostname:
        raise EmailUrlError("names no host")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise EmailUrlError("must end after host and port; a / ? or # in user or password is written in percent form")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise EmailUrlError("must have both user and password, or neither")
    return MailServer(parts.hostname, port, user, password, is_tls, is_starttls)


def mail_server(url: str) -> MailServer:
    """The same for settings: a fault is kept for the system check, and nothing is sent."""
    if not url:
        return MailServer()
    try:
        return read_email_url(url)
    except (EmailUrlError, ValueError) as error:
        return MailServer(fault=str(error))
