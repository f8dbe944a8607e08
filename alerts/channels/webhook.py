"""Any receiver of webhooks: our own document, signed as Standard Webhooks says.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. The signature is
HMAC-SHA256 over `id.timestamp.body` with the secret behind `whsec_`, in base64, as `v1,<signature>`.
"""

import base64
import binascii
import hashlib
import hmac
import secrets as random
from typing import Any

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop
from alerts.analysis.notices import Notice, NoticeKind
from alerts.channels.contract import (
    About,
    Field,
    Named,
    Reading,
    Request,
    Secrets,
    Settings,
    Told,
    as_json,
    cut,
    missing,
    read_status,
)
from alerts.channels.places import host_of
from alerts.channels.wording import MAX_LINE, MAX_LINES, headline

SECRET_START = "whsec_"  # noqa: S105 - how every secret begins
FIELDS = (
    Field("url", gettext_noop("Address that takes webhooks"), is_required=True, is_address=True, max_length=2_000),
    Field(
        "secret",
        gettext_noop("Signing secret"),
        gettext_noop("whsec_ and 24 to 64 bytes in base64. Left empty one is made and shown once."),
        is_secret=True,
        max_length=120,
    ),
)
# What each kind of notice is called on the wire.
TYPES = {
    **{kind: f"incident.{kind.value}" for kind in NoticeKind},
    NoticeKind.DIGEST: "digest",
    NoticeKind.TEST: "test",
}


class Webhook(Named):
    """A signed POST for each notice."""

    kind = "webhook"
    english = gettext_noop("Webhook")
    told = gettext_noop("One signed request for each notice, with the id of its incident.")
    source = "https://www.standardwebhooks.com"
    fields = FIELDS

    def check(self, settings: Settings, secrets: Secrets) -> dict[str, str]:
        """What is wrong with them, by field."""
        reasons = missing(FIELDS, settings, secrets)
        if key_of(secrets.get("secret", "")) is None:
            reasons |= {"secret": _("must be whsec_ and 24 to 64 bytes in base64")}
        return reasons

    def place(self, settings: Settings, secrets: Secrets) -> str:
        """The host."""
        return host_of(settings.get("url", ""))

    def request(self, notice: Notice, settings: Settings, secrets: Secrets, about: About) -> Request:
        """The document with its signature."""
        body, at = as_json(document(notice, about)), str(int(about.now.timestamp()))
        id = f"msg_{about.id}"
        headers = {
            "webhook-id": id,
            "webhook-timestamp": at,
            "webhook-signature": signature(key_of(secrets.get("secret", "")) or b"", id, at, body),
        }
        return Request(settings["url"], body, headers)

    def read(self, told: Told, notice: Notice, about: About) -> Reading:
        """Any 2xx is a yes."""
        return Reading(read_status(told))


def document(notice: Notice, about: About) -> dict[str, Any]:
    """What is sent; `docs/alerts/channels.md` documents it."""
    told = notice.as_document()
    kept = [cut(line, MAX_LINE) for line in notice.lines[:MAX_LINES]]
    return {
        "type": TYPES[notice.kind],
        "timestamp": about.now.isoformat(),
        "data": {**told, "lines": kept, "headline": headline(notice)},
    }


def signature(key: bytes, id: str, timestamp: str, body: bytes) -> str:
    """The signature of a message in version 1 of the scheme."""
    digest = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def new_secret() -> str:
    """A secret as Standard Webhooks writes it."""
    return SECRET_START + base64.b64encode(random.token_bytes(32)).decode()


def key_of(secret: str) -> bytes | None:
    """The bytes of a secret; None where it is none."""
    if not secret.startswith(SECRET_START):
        return None
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_START), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if 24 <= len(key) <= 64 else None
