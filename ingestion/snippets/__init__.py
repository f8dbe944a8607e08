"""Copy-and-paste set-up for each client, as data: which kind of source it reports to, what to paste and where.

Texts hold names in at signs, which `fill` puts in: `@BASE@` and `@ADDRESS@` (where to report), `@KEY@`, `@SECRET@`.
Tests run those that can be run, as they stand here.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop
from ingestion.kinds import SourceKind
from ingestion.snippets.automation import AUTOMATION
from ingestion.snippets.client import Client, Snippet
from ingestion.snippets.code import CODE
from ingestion.snippets.logs import LOGS
from ingestion.snippets.services import SERVICES

CLIENTS: dict[str, Client] = {client.slug: client for client in (*CODE, *AUTOMATION, *SERVICES, *LOGS)}
GROUPS = (
    gettext_noop("Code"),
    gettext_noop("Automation tools"),
    gettext_noop("CI"),
    gettext_noop("Cron"),
    gettext_noop("Logs"),
    gettext_noop("Alerts and webhooks"),
)

YOUR_KEY = "<your key>"
YOUR_SECRET = "<your secret>"  # noqa: S105 - what stands where the secret is put in

__all__ = [
    "CLIENTS",
    "GROUPS",
    "YOUR_KEY",
    "YOUR_SECRET",
    "Client",
    "Snippet",
    "clients_of",
    "fill",
    "grouped",
    "spoken_groups",
]


def clients_of(kind: SourceKind) -> list[Client]:
    """The clients that report to this kind of source, the usual one first."""
    return [client for client in CLIENTS.values() if client.kind == kind]


def grouped() -> Mapping[str, list[Client]]:
    """All clients by group, in the order of `GROUPS`."""
    return {group: [client for client in CLIENTS.values() if client.group == group] for group in GROUPS}


def spoken_groups() -> Mapping[str, list[Client]]:
    """As `grouped`, with all words in the language of who reads."""
    return {_(group): [client.spoken() for client in clients] for group, clients in grouped().items()}


def fill(text: str, *, base: str, address: str, key: str = YOUR_KEY, secret: str = YOUR_SECRET) -> str:
    """A text with this installation's and source's own values. `base` and `address` are full addresses."""
    parts = urlsplit(base)
    is_tls = parts.scheme == "https"
    told = {
        "BASE": base.rstrip("/"),
        "ADDRESS": address,
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or (443 if is_tls else 80)),
        "TLS": "on" if is_tls else "off",
        "KEY": key,
        "SECRET": secret,
    }
    for name, value in told.items():
        text = text.replace(f"@{name}@", value)
    return text
