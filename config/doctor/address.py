"""Looks at the address that people use, as they do: is it ours, does TLS hold, does the proxy say what it must."""

import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from django.conf import settings

from accounts.addresses import is_elsewhere
from config.doctor.finding import Finding, broken, caution, ok

SECONDS = 5.0
# A certificate that ends sooner should have been renewed by itself.
SOON = timedelta(days=14)
_MEND = "See that the web process runs, and that the proxy sends BASE_URL to it (docs/deployment.md)."


def see_address(now: datetime) -> Sequence[Finding]:
    """Asks `BASE_URL` for its health and its sign-in, as a browser without a session would."""
    try:
        with socket.create_connection(_place(), SECONDS):
            pass
        status, _ = _get("/healthz")
        page, location = _get("/sign-in/")
        ends = _certificate_ends() if settings.HTTPS else None
    except ssl.SSLError as error:
        mend = "Renew or mend the certificate of the proxy; SSL_CERT_FILE names an authority of your own."
        return [broken("address", f"{settings.BASE_URL}: TLS fails ({error.reason})", mend)]
    except (OSError, HTTPException) as error:
        # From inside a network the way round by its proxy may be closed.
        make = caution if is_elsewhere(settings.BASE_URL) else broken
        return [make("address", f"{settings.BASE_URL} does not answer here ({type(error).__name__})", _MEND)]
    if status != 200:
        return [broken("address", f"{settings.BASE_URL}/healthz answers {status}", _MEND)]
    return [_sign_in(page, location), *_tls(ends, now)]


def _sign_in(status: int, location: str) -> Finding:
    if status == 200:
        return ok("address", f"{settings.BASE_URL} answers")
    if status in (301, 302) and location.startswith(settings.BASE_URL.rstrip("/") + "/sign-in/"):
        mend = "Let the proxy send X-Forwarded-Proto: https, and set it anew itself."
        return broken("address", "the sign-in leads to itself for ever: the proxy does not say that TLS was used", mend)
    if status == 400:
        mend = "Let the proxy pass on the Host that was asked, and name it in ALLOWED_HOSTS."
        return broken("address", "the sign-in answers 400: the host is not one of ours", mend)
    return broken("address", f"the sign-in answers {status}", _MEND)


def _tls(ends: datetime | None, now: datetime) -> Sequence[Finding]:
    if ends is None:
        return []
    if ends - now < SOON:
        told = f"the certificate ends on {ends:%-d %b %Y}"
        return [caution("address", told, "Renew it, and see why that did not happen by itself.")]
    return [ok("address", f"the certificate is good until {ends:%-d %b %Y}")]


def _place() -> tuple[str, int]:
    parts = urlsplit(settings.BASE_URL)
    return parts.hostname or "", parts.port or (443 if settings.HTTPS else 80)


def _get(path: str) -> tuple[int, str]:
    """The status of an address, and where it leads. Nothing is followed. Raises `OSError` or `HTTPException`."""
    host, port = _place()
    if settings.HTTPS:
        connection: HTTPConnection = HTTPSConnection(host, port, timeout=SECONDS, context=ssl.create_default_context())
    else:
        connection = HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", urlsplit(settings.BASE_URL).path.rstrip("/") + path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location", "") or ""
    finally:
        connection.close()


def _certificate_ends() -> datetime:
    host, port = _place()
    with (
        socket.create_connection((host, port), SECONDS) as plain,
        ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secured,
    ):
        told = secured.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(told["notAfter"])), UTC)
