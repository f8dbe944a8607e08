"""The one client for requests that the installation makes to addresses that somebody typed in.

Such an address must not lead to what only this machine can reach. The name is resolved here, each address is checked,
and the connection goes to the very address that was checked, so a name that changes meanwhile (DNS rebinding) gains
nothing. Redirects are answers like any other. Time and size of an answer are bounded as a whole, TLS is verified.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.addresses import Allowed, allowed_by, is_public
from accounts.outgoing_uses import Use, is_on, off_reason

MAX_ANSWER_BYTES = 64 * 1024
TIMEOUT_SECONDS = 10.0
MAX_URL = 2_000

Resolve = Callable[[str, int], list[str]]


class Refused(Exception):
    """The address may not be called, or cannot be read: no try will change that. The text says why."""


class Unreachable(Exception):
    """No answer came: the name is not known now, nobody listens, TLS failed, or it took too long."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart: `scheme` is http or https, `path` has the query."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` holds at most `MAX_ANSWER_BYTES`. Header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """Whether the receiver took what was sent."""
        return 200 <= self.status < 300


def parse_target(url: str) -> Target:
    """The parts of an address. Raises `Refused` where it cannot be called by this client."""
    if len(url) > MAX_URL or not url.isascii() or any(letter <= " " or letter == "\x7f" for letter in url):
        raise Refused(_("The address may have ASCII letters only, without spaces, and at most 2,000 of them."))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(_("The address cannot be read: a port is a number up to 65535.")) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(_("The address must begin with https:// or http:// and name a host."))
    if parts.username is not None or parts.password is not None:
        raise Refused(_("The address may not hold a user or password."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), path)


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order in which to try them. Raises `Unreachable`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(_("The name {host} cannot be resolved.").format(host=host)) from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def checked_addresses(target: Target, resolve: Resolve = resolve) -> list[str]:
    """The addresses of a target that may be called. Raises `Refused` when there is none, or `Unreachable`."""
    allowed = _allowed(settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS)
    found = resolve(target.host, target.port)
    kept = [address for address in found if is_public(address) or allowed.covers(target.host, address)]
    if not kept:
        told = _(
            "{host} is an address inside this network. The operator can allow it in "
            "STEADYRUN_ALLOW_PRIVATE_DESTINATIONS."
        )
        raise Refused(told.format(host=target.host))
    return kept


def check(url: str) -> None:
    """Whether an address may be called, as far as it can be said now. Raises `Refused`; a name may be unknown yet."""
    target = parse_target(url)
    try:
        checked_addresses(target)
    except Unreachable:
        return


def send(
    url: str,
    *,
    use: Use,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = TIMEOUT_SECONDS,
    resolve: Resolve = resolve,
) -> Answer:
    """Sends one request and reads the answer, whatever its status; `timeout` (seconds) is for all of it.

    Raises `Refused` or `Unreachable`: also where the operator switched the `use` off, which may change.
    """
    if not is_on(use):
        raise Unreachable(off_reason(use))
    target, end = parse_target(url), time.monotonic() + timeout
    addresses = checked_addresses(target, resolve)
    connection = _connect(target, addresses, end)
    # A receiver that sends a byte now and then would hold the socket's own limit off for ever.
    is_late = threading.Event()
    watch = threading.Timer(max(end - time.monotonic(), 0), _shut, [connection.sock, is_late])
    watch.start()
    try:
        connection.request(method, target.path, body=body, headers={"User-Agent": "steadyrun", **(headers or {})})
        response = connection.getresponse()
        text = response.read(MAX_ANSWER_BYTES)
        told = {name.lower(): value for name, value in response.getheaders()}
    except (OSError, http.client.HTTPException, ValueError) as error:
        if not is_late.is_set():
            raise Unreachable(_("The connection broke: {reason}.").format(reason=_words(error))) from error
    finally:
        watch.cancel()
        connection.close()
    if is_late.is_set():
        raise Unreachable(_("No answer within {seconds} s.").format(seconds=f"{timeout:g}"))
    return Answer(response.status, text, told)


def _connect(target: Target, addresses: list[str], end: float) -> http.client.HTTPConnection:
    """A connection to the first address that takes one."""
    reason: Exception | None = None
    for address in addresses:
        left = end - time.monotonic()
        if left <= 0:
            break
        try:
            raw = socket.create_connection((address, target.port), timeout=left)
            return _wrapped(target, raw)
        except OSError as error:
            reason = error
    why = _words(reason) if reason else _("it took too long")
    raise Unreachable(_("No connection to {host}: {reason}.").format(host=target.host, reason=why)) from reason


def _wrapped(target: Target, raw: socket.socket) -> http.client.HTTPConnection:
    """HTTP over a socket that is connected already, with TLS where the address says so."""
    connection = http.client.HTTPConnection(target.host, target.port)
    if target.scheme == "http":
        connection.sock = raw
        return connection
    connection.default_port = 443
    try:
        connection.sock = _tls().wrap_socket(raw, server_hostname=target.host)
    except (OSError, ValueError):
        raw.close()
        raise
    return connection


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@cache
def _allowed(entries: tuple[str, ...]) -> Allowed:
    return allowed_by(entries)


def _shut(sock: Any, is_late: threading.Event) -> None:
    is_late.set()
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _("its certificate is not valid ({reason})").format(reason=error.verify_message)
    if isinstance(error, TimeoutError):
        return _("it took too long")
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__)
